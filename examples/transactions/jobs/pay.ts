import { defineJob } from "ganger";
import { inTransaction, shop } from "../shop.ts";

interface Payment {
  readonly order: number;
  readonly amount: number;
}

/** Takes an amount from the account. What it writes and its completion are one commit: neither is there without the other. */
export const pay = defineJob({
  name: "pay",
  attempts: 5,
  backoff: { type: "fixed", delay: 10 },
  async perform({ order, amount }: Payment, job) {
    await inTransaction(async () => {
      shop.prepare("update accounts set balance = balance - ?").run(amount);
      shop.prepare("insert into payments (order_id, amount) values (?, ?)").run(order, amount);
      if (order % 3 === job.attempt) throw new Error("the card reader does not answer");
      await job.completeIn(shop, { paid: amount });
    });
  },
});
