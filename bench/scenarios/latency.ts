import { setTimeout as delay } from "node:timers/promises";
import type { Ground } from "../ground.ts";
import { type Figure, quantile } from "../measure.ts";
import { scoped } from "../scope.ts";
import { createPayload, wallClock } from "../subject.ts";
import { openStore, startConsumers } from "./store.ts";

const WARM_UP = 3;

/**
 * From before the call that enqueues, in this process, to the first line of the
 * job, in another that had nothing to do. `spreadMs` is by how much, at
 * random, the pauses between jobs differ: where workers poll, a fixed pause would always meet the same phase.
 */
export function measureLatency(
  ground: Ground,
  key: string,
  samples: number,
  spreadMs: number,
): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const store = await openStore(ground, key, defer);
    const [consumer] = await startConsumers(store, 1, defer);
    if (consumer === undefined) return [];
    const producer = await store.subject.openProducer(store.address);
    defer(() => producer.close());
    consumer.tell({ type: "start" });
    const latencies: number[] = [];
    for (let sample = -WARM_UP; sample < samples; sample++) {
      await delay(15 + spreadMs * Math.random());
      await producer.add({ ...createPayload(1), at: wallClock() });
      const { latencyMs } = await consumer.hear("picked-up");
      if (sample >= 0) latencies.push(latencyMs);
    }
    latencies.sort((a, b) => a - b);
    return [
      { detail: "p50", unit: "ms", value: quantile(latencies, 0.5) },
      { detail: "p99", unit: "ms", value: quantile(latencies, 0.99) },
    ];
  });
}
