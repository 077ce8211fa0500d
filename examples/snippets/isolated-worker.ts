import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect, Worker } from "ganger";
import { convert } from "./jobs/convert.ts";

const client = await connect("sqlite:./ganger.db");
const worker = new Worker(client.broker, [convert], {
  // What a process or thread for a job loads.
  modules: fileURLToPath(new URL("./jobs/convert.ts", import.meta.url)),
});
worker.events.on("job:crashed", ({ id, name, detail }) => console.log(`${name} ${id} crashed ${detail}`));
await worker.start();
const completed = once(worker.events, "job:completed");
const id = await client.enqueue(convert, { file: "a.jpg" });
await completed;
await worker.drain();

const job = await client.broker.inspect?.find(id);
console.log(job?.state, job?.result, job?.logs);
await client[Symbol.asyncDispose]();
