import { connect, Worker } from "ganger";
import { openEffects } from "./effects.ts";
import { createNumberJob } from "./job.ts";

/** One worker of a sum, until it is told to end, or killed: `worker.ts URL HOLDER TALLY transactions|results|tally LIFETIME`. */
const [url = "", holder = "", tally = "", way = "", lifetime = ""] = process.argv.slice(2);

const client = await connect(url);
const effects = way === "transactions" ? await openEffects(url) : undefined;
const worker = new Worker(client.broker, [createNumberJob(effects, tally, Number(lifetime))], {
  holder,
  heartbeat: "elsewhere",
});
process.on("disconnect", () => process.exit());
process.on("message", () => {
  void worker.drain().then(() => process.exit());
});
await worker.start();
process.send?.("ready");
