import { describe, expect, it } from "vitest";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { Gate, type Hooks, interpose, unreachable } from "../support/interpose.ts";
import { poll, Workshop } from "../support/workshop.ts";

const noop = defineJob({ name: "noop", perform: () => undefined });

describe("a pause", () => {
  it("outlasts the broker's absence, which keeps no job that was held", async () => {
    const gate = new Gate();
    const mixed = defineJob({ name: "mixed", perform: (wait: boolean) => (wait ? gate.opened : undefined) });
    const hooks: Hooks = {};
    const broker = interpose(guarded(createMemoryBroker()), hooks);
    await using workshop = new Workshop([mixed], { concurrency: 1 }, broker);
    const waits = Array.from({ length: 400 }, (_, n) => n === 200);
    const ids = await workshop.client.enqueueMany(mixed, waits);
    await workshop.worker.start();
    await workshop.finished(ids[199] ?? "");
    await poll(() => workshop.held()).toBeGreaterThan(1);
    const lost = new Gate();
    workshop.worker.events.once("broker:lost", () => lost.open());
    hooks["settle"] = unreachable;
    workshop.worker.pause();
    await lost.opened;
    gate.open();
    hooks["settle"] = undefined;
    await workshop.finished(ids[200] ?? "");
    await poll(() => workshop.held()).toBe(0);

    const rest = await Promise.all(ids.slice(201).map((id) => workshop.find(id)));
    expect(workshop.worker.state).toBe("paused");
    expect(rest.every(({ state, interruptions }) => state === "waiting" && interruptions === 0)).toBe(true);
    workshop.worker.resume();
    await workshop.allFinished(ids);
  });

  it("can come before the start", async () => {
    await using workshop = new Workshop([noop]);
    const id = await workshop.client.enqueue(noop, null);
    workshop.worker.pause();
    workshop.worker.pause();
    await workshop.worker.start();
    await new Promise(setImmediate);
    expect(await workshop.stateOf(id)).toBe("waiting");
    workshop.worker.resume();

    await workshop.finished(id);
  });
});
