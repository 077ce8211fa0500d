/**
 * The program of the processes that cases start. It reads one command as a line
 * of JSON, answers with lines of JSON, each a list of ids, and then stays until
 * it is killed or its standard input ends.
 */
import { createInterface } from "node:readline";
import type { Broker } from "../../broker/broker.ts";
import { openBroker } from "../../broker/connect.ts";
import type { ClaimerCommand, ClaimerOrder } from "./claimer-order.ts";

async function* follow(broker: Broker, order: ClaimerOrder): AsyncIterable<readonly string[]> {
  switch (order.kind) {
    case "drain":
      yield await drain(broker, order);
      return;
    case "hold": {
      const { queue, holder, limit, ttlMs } = order;
      await broker.heartbeat([{ holder, queues: queue }], ttlMs);
      const claims = await broker.claim({ queues: [queue], holder, limit });
      yield claims.map(({ id }) => id);
      return;
    }
    case "enqueue": {
      const { queue, batch, batches } = order;
      const jobs = Array.from({ length: batch }, (_, n) => ({
        queue,
        name: "task",
        payload: JSON.stringify({ n }),
      }));
      for (let done = 0; done < batches; done += 1) yield await broker.enqueue(jobs);
    }
  }
}

async function drain(
  broker: Broker,
  { queue, holder, limit }: Extract<ClaimerOrder, { kind: "drain" }>,
): Promise<readonly string[]> {
  const ids: string[] = [];
  const next = { queues: [queue], holder, limit };
  await broker.heartbeat([{ holder, queues: queue }], 60_000);
  let claims = await broker.claim(next);
  while (claims.length > 0) {
    const outcomes = claims.map(({ id, token }) => ({ id, token, kind: "completed" as const }));
    const { settled, claimed } = await broker.settle(outcomes, next);
    if (settled.includes(false)) throw new Error("An outcome was refused although nobody took the claim");
    ids.push(...claims.map(({ id }) => id));
    claims = claimed;
  }
  return ids;
}

async function answer({ url, order }: ClaimerCommand): Promise<void> {
  const broker = await openBroker(url);
  for await (const ids of follow(broker, order)) process.stdout.write(`${JSON.stringify(ids)}\n`);
}

const lines = createInterface({ input: process.stdin });
lines.once("close", () => process.exit());
// What rejects here ends the process with its stack on standard error, where it is looked for.
lines.once("line", (line) => void answer(JSON.parse(line)));
