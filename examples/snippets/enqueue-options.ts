import { connect } from "ganger";
import { receipt } from "./jobs/receipt.ts";

const client = await connect("sqlite:./ganger.db");
const ids = await client.enqueueMany(receipt, [{ orderId: 8 }, { orderId: 9 }], { delay: "1h" });
const options = {
  queue: "slow-mail",
  priority: 10,
  runAt: new Date("2040-01-31T08:00:00Z"),
  attempts: 8,
  backoff: { type: "fixed", delay: "30s", jitter: 0.1 },
  timeout: "5m",
  retention: { completed: 0 },
  tags: ["customer-12"],
} as const;
console.log(...ids, await client.enqueue(receipt, { orderId: 7 }, options));
await client[Symbol.asyncDispose]();
