import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client } from "ganger";
import { createTestQueue } from "ganger/testing";
import { receipt } from "./jobs/receipt.ts";

async function placeOrder(client: Client, orderId: number): Promise<string> {
  return client.enqueue(receipt, { orderId }, { delay: "1h" });
}

await test("sends the receipt an hour after the order", async () => {
  const queue = createTestQueue([receipt]);
  const id = await placeOrder(queue.client, 42);

  assert.equal((await queue.drain()).completed, 0);
  queue.clock.advance("1h");
  assert.deepEqual(await queue.drain(), { completed: 1, retried: 0, failed: 0 });

  const job = await queue.find(id);
  assert.equal(job?.result, JSON.stringify({ sentTo: "buyer-42@example.com" }));
});
