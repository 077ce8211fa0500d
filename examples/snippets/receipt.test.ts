import assert from "node:assert/strict";
import { test } from "node:test";
import { runInline } from "ganger/testing";
import { receipt } from "./jobs/receipt.ts";

await test("sends the receipt to the buyer", async () => {
  const { state, result, logs } = await runInline(receipt, { orderId: 42 }, { attempt: 2 });

  assert.equal(state, "completed");
  assert.deepEqual(result, { sentTo: "buyer-42@example.com" });
  assert.deepEqual(logs, ["order 42, attempt 2 of 5"]);
});
