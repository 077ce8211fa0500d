import { defineJob } from "ganger";

/** Sends the receipt of an order. */
export const receipt = defineJob({
  name: "receipt",
  queue: "mail",
  attempts: 5,
  timeout: "1m",
  async perform({ orderId }: { orderId: number }, job) {
    job.log(`order ${orderId}, attempt ${job.attempt} of ${job.attempts}`);
    return { sentTo: `buyer-${orderId}@example.com` };
  },
});
