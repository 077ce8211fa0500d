import type { Ground } from "../ground.ts";
import type { Figure } from "../measure.ts";
import { scoped } from "../scope.ts";
import { openStore, startChild } from "./store.ts";

const PRODUCER = new URL("../programs/producer.ts", import.meta.url);

export type Way = "single" | "coalesced" | "hundreds" | "bulk";

/** Jobs per second of one process that enqueues; the store must hold as many afterwards. */
export function measureEnqueue(
  ground: Ground,
  key: string,
  way: Way,
  count: number,
): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const store = await openStore(ground, key, defer);
    const producer = await startChild(PRODUCER, [key, store.address, way, String(count)], defer);
    producer.tell({ type: "start" });
    const { ms } = await producer.hear("produced");
    const books = await store.subject.openBooks(store.address);
    defer(() => books.close());
    const waiting = await books.waiting();
    if (waiting !== count) throw new Error(`${count} jobs were enqueued, and ${waiting} wait`);
    return [{ unit: "jobs/s", value: (count / ms) * 1000 }];
  });
}
