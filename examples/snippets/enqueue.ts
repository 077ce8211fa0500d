import { connect } from "ganger";
import { receipt } from "./jobs/receipt.ts";

const client = await connect("sqlite:./ganger.db");
try {
  const id = await client.enqueue(receipt, { orderId: 42 }, { priority: 5, delay: "10s" });
  console.log(`enqueued job ${id}`);
} finally {
  await client[Symbol.asyncDispose]();
}
