import type { Ground } from "../ground.ts";
import type { Figure } from "../measure.ts";
import { scoped } from "../scope.ts";
import type { Payload, Placing } from "../subject.ts";
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

export interface Work {
  readonly workers: number;
  readonly count: number;
  readonly place?: ((payload: Payload) => Placing) | undefined;
}

/**
 * Jobs per second of so many worker processes, from the signal that starts all
 * of them, ready and waiting, until the store knows of no job that waits or
 * runs. Every job must be on record as done, and have been run once.
 */
export function measureProcessing(
  ground: Ground,
  key: string,
  { workers, count, place }: Work,
): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const store = await openStore(ground, key, defer);
    await fill(store, count, place);
    const consumers = await startConsumers(store, workers, defer);
    const books = await store.subject.openBooks(store.address);
    defer(() => books.close());
    const start = performance.now();
    for (const consumer of consumers) consumer.tell({ type: "start" });
    await untilRun(count, consumers, books);
    await untilIdle(books, consumers);
    const ms = performance.now() - start;
    const counts = await assertRunOnce(consumers, count);
    await books.assertCompleted(count);
    const rate = { unit: "jobs/s", value: (count / ms) * 1000 };
    if (workers === 1) return [rate];
    const share = (Math.min(...counts) * workers) / count;
    return [rate, { detail: "smallest share", unit: "of fair", value: share }];
  });
}

/**
 * Jobs per second while the queue stays long: from the signal that starts the workers until they have run `count` jobs,
 * with `backlog` more behind these, which are not touched. What was run must be what no longer waits.
 */
export function measureBacklog(
  ground: Ground,
  key: string,
  { workers, count, backlog }: Work & { readonly backlog: number },
): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const store = await openStore(ground, key, defer);
    await fill(store, count + backlog);
    const consumers = await startConsumers(store, workers, defer);
    const books = await store.subject.openBooks(store.address);
    defer(() => books.close());
    const start = performance.now();
    for (const consumer of consumers) consumer.tell({ type: "start" });
    await untilRun(count, consumers, books);
    const run = sum(await countsOf(consumers));
    const ms = performance.now() - start;
    const stopped = consumers.map((consumer) => consumer.stop());
    const total = sum(await Promise.all(stopped));
    const waiting = await books.waiting();
    if (waiting !== count + backlog - total)
      throw new Error(`${total} of ${count + backlog} jobs were run, and ${waiting} wait`);
    return [{ unit: "jobs/s", value: (run / ms) * 1000 }];
  });
}
