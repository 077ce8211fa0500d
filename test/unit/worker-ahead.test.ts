import { setImmediate as turn } from "node:timers/promises";
import { expect, it } from "vitest";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { interpose } from "../support/interpose.ts";
import { Workshop } from "../support/workshop.ts";

/** Jobs that only await end by the hundred while a claim is made ready: it must be sent before all that were held have ended. */
it.each([1, 10, 100])("a worker runs jobs while it asks for more, at concurrency %i", async (concurrency) => {
  let ran = 0;
  let before = 0;
  const meanwhile: number[] = [];
  const job = defineJob({
    name: "nothing",
    async perform() {
      ran++;
    },
  });
  const broker = interpose(guarded(createMemoryBroker()), {
    async settle() {
      before = ran;
      await turn();
    },
    "after settle": () => void meanwhile.push(ran - before),
  });
  await using workshop = new Workshop([job], { concurrency }, broker);
  const ids = await workshop.client.enqueueMany(job, Array.from({ length: 20_000 }));
  await workshop.worker.start();
  await workshop.allFinished(ids.slice(-1));

  // The first claims bring few, and whoever is held up for a moment fetches fewer for a while.
  const [median = 0] = meanwhile.sort((a, b) => a - b).slice(meanwhile.length / 2);
  expect(median).toBeGreaterThan(100);
});
