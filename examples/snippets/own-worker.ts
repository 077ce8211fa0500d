import { once } from "node:events";
import { connect, Worker } from "ganger";
import { receipt } from "./jobs/receipt.ts";

const client = await connect("sqlite:./ganger.db");
const worker = new Worker(client.broker, [receipt], { queues: "mail,*", concurrency: 5 });
worker.events.on("job:completed", ({ id, ms }) => console.log(`job ${id} took ${Math.round(ms)} ms`));
await worker.start();
await client.enqueue(receipt, { orderId: 42 });

await once(process, "SIGTERM");
await worker.drain({ timeout: "30s" });
await client[Symbol.asyncDispose]();
