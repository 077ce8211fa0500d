import { setTimeout as delay } from "node:timers/promises";
import type { Ground } from "../ground.ts";
import type { Figure } from "../measure.ts";
import { scoped } from "../scope.ts";
import {
  assertRunOnce,
  countsOf,
  fill,
  openStore,
  startConsumers,
  sum,
  untilIdle,
  untilRun,
} from "./store.ts";

/**
 * Jobs per second from the moment at which all of them fall due until the store knows of none that waits or runs. The
 * workers are up and idle before. `leadMs` is how long enqueueing them may take: who needs longer fails.
 */
export function measureDelayed(
  ground: Ground,
  key: string,
  { workers, count, leadMs }: { readonly workers: number; readonly count: number; readonly leadMs: number },
): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const store = await openStore(ground, key, defer);
    const consumers = await startConsumers(store, workers, defer);
    const books = await store.subject.openBooks(store.address);
    defer(() => books.close());
    for (const consumer of consumers) consumer.tell({ type: "start" });
    const dueAt = Date.now() + leadMs;
    await fill(store, count, () => ({ dueAt }));
    const leftMs = dueAt - Date.now();
    if (leftMs < 0) throw new Error(`enqueueing ${count} delayed jobs took ${leadMs - leftMs} ms`);
    const early = sum(await countsOf(consumers));
    if (early > 0) throw new Error(`${early} jobs were run before they were due`);
    await delay(dueAt - Date.now());
    await untilRun(count, consumers, books);
    await untilIdle(books, consumers);
    const ms = Date.now() - dueAt;
    await assertRunOnce(consumers, count);
    await books.assertCompleted(count);
    return [{ unit: "jobs/s", value: (count / ms) * 1000 }];
  });
}
