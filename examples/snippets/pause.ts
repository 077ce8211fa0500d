import { once } from "node:events";
import { connect, Worker } from "ganger";
import { receipt } from "./jobs/receipt.ts";

const client = await connect("sqlite:./ganger.db");
const worker = new Worker(client.broker, [receipt], { queues: "mail=3,*=1", order: "weighted" });
await worker.start();

worker.pause();
await client.enqueue(receipt, { orderId: 1 });
const completed = once(worker.events, "job:completed");
worker.resume();
await completed;

const { abandoned } = await worker.drain({ timeout: "20s", grace: "2s" });
console.log(`drained, ${abandoned} given up`);
await client[Symbol.asyncDispose]();
