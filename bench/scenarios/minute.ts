import { setTimeout as delay } from "node:timers/promises";
import type { Ground } from "../ground.ts";
import type { Figure } from "../measure.ts";
import { type Defer, scoped } from "../scope.ts";
import { countsOf, fill, openStore, startChild, startConsumers, sum } from "./store.ts";

const FEEDER = new URL("../programs/feeder.ts", import.meta.url);
const STEP_MS = 50;

export interface Minute {
  readonly workers: number;
  /** Jobs that wait, all the time. */
  readonly backlog: number;
  readonly seconds: number;
  /** Disturbs the store for as long as the scope lasts; called when the jobs are in place. */
  readonly disturb?: ((address: string, defer: Defer) => Promise<void>) | undefined;
}

/**
 * Jobs per second of workers on a long queue that another process keeps as long as it was: over the whole time, and in its
 * last quarter, when what the store must clean up has had time to gather.
 */
export function measureMinute(
  ground: Ground,
  key: string,
  { workers, backlog, seconds, disturb }: Minute,
): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const store = await openStore(ground, key, defer);
    await fill(store, backlog);
    await disturb?.(store.address, defer);
    const consumers = await startConsumers(store, workers, defer);
    const feeder = await startChild(FEEDER, [key, store.address], defer);
    for (const consumer of consumers) consumer.tell({ type: "start" });
    const start = performance.now();
    const endAt = start + seconds * 1000;
    const lateAt = start + seconds * 750;
    let late: { at: number; run: number } | undefined;
    let [run, added] = [0, 0];
    while (performance.now() < endAt) {
      run = sum(await countsOf(consumers));
      if (late === undefined && performance.now() >= lateAt) late = { at: performance.now(), run };
      if (run > added) {
        feeder.tell({ type: "feed", count: run - added });
        ({ count: added } = await feeder.hear("count"));
      } else await delay(STEP_MS);
    }
    run = sum(await countsOf(consumers));
    const end = performance.now();
    const total = sum(await Promise.all(consumers.map((consumer) => consumer.stop())));
    const books = await store.subject.openBooks(store.address);
    defer(() => books.close());
    const waiting = await books.waiting();
    if (waiting !== backlog + added - total)
      throw new Error(`${total} of ${backlog + added} jobs were run, and ${waiting} wait`);
    if (late === undefined) throw new Error("the workers never answered");
    return [
      { unit: "jobs/s", value: (run / (end - start)) * 1000 },
      { detail: "last quarter", unit: "jobs/s", value: ((run - late.run) / (end - late.at)) * 1000 },
    ];
  });
}
