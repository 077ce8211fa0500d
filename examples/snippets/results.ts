import { connect } from "ganger";
import { receipt } from "./jobs/receipt.ts";

const client = await connect("sqlite:./ganger.db");
const id = await client.enqueue(receipt, { orderId: 42 });
const job = await client.broker.inspect?.find(id);
console.log(job?.state, job?.result, job?.error?.message, job?.logs.length);
await client[Symbol.asyncDispose]();
