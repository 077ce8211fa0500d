import { describe, expect, it, onTestFinished, vi } from "vitest";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { defineJob } from "../../src/job/define-job.ts";
import type { WorkerOptions } from "../../src/worker/options.ts";
import { eventually } from "../support/eventually.ts";
import { Gate, type Hooks, interpose, without } from "../support/interpose.ts";
import { poll, Workshop } from "../support/workshop.ts";

/** Notes the queue of each job, and waits for the gate if it is told to. */
function setup(options: WorkerOptions = {}, hooks: Hooks = {}) {
  const gate = new Gate();
  const ran: string[] = [];
  const job = defineJob({
    name: "note",
    async perform(waits: boolean, { queue }) {
      ran.push(queue);
      if (waits) await gate.opened;
    },
  });
  const broker = interpose(guarded(createMemoryBroker()), hooks);
  const workshop = new Workshop([job], { queues: "old", ...options }, broker);
  onTestFinished(() => workshop[Symbol.asyncDispose]());
  const put = (queue: string, waits = false) => workshop.client.enqueue(job, waits, { queue });
  const label = async () => (await broker.inspect?.holders())?.map(({ queues }) => queues);
  return { workshop, worker: workshop.worker, job, gate, ran, put, label };
}

describe("a worker that is given another list", () => {
  it("takes jobs of that, and no more of the old", async () => {
    const { workshop, worker, put } = setup();
    await worker.start();
    await workshop.finished(await put("old"));
    await worker.serve("new");
    const other = await put("old");
    await workshop.finished(await put("new"));

    expect(await workshop.stateOf(other)).toBe("waiting");
    expect(worker.queues).toBe("new");
  });

  it("goes by its order as well", async () => {
    const { workshop, worker, put, ran } = setup({ concurrency: 1 });
    const ids = [await put("a"), await put("b"), await put("b")];
    await worker.serve("b,a", "strict");
    await worker.start();
    await workshop.allFinished(ids);

    expect(ran).toEqual(["b", "b", "a"]);
  });

  it("finishes what runs, and gives back what it held of queues that it does not serve", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const { workshop, worker, job, gate, put } = setup({ queues: "old,both", concurrency: 1 });
    const quick = await workshop.client.enqueueMany(
      job,
      Array.from({ length: 200 }, () => false),
      { queue: "old" },
    );
    await put("old", true);
    const held = await workshop.client.enqueueMany(
      job,
      Array.from({ length: 200 }, () => false),
      { queue: "old" },
    );
    await worker.start();
    await workshop.finished(quick.at(-1) ?? "");
    await poll(() => workshop.held()).toBeGreaterThan(1);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    await worker.serve("both");
    // Not by the tick of the worker, which `poll` would bring about.
    await eventually("they go back", async () => (await workshop.held()) === 1, 5000);
    expect(worker.running).toBe(1);
    gate.open();
    await workshop.finished(await put("both"));

    const jobs = await Promise.all(held.map((id) => workshop.find(id)));
    expect(new Set(jobs.map(({ state, interruptions }) => `${state} ${interruptions}`))).toEqual(
      new Set(["waiting 0"]),
    );
  });

  it("gives back what a claim brings that was under way", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const gate = new Gate();
    const hooks: Hooks = { settle: () => gate.opened };
    const { workshop, worker, ran, put } = setup({}, hooks);
    const old = await put("old");
    const id = await put("new");
    await worker.start();
    await worker.serve("new");
    gate.open();
    await workshop.finished(id);
    await poll(() => workshop.held()).toBe(0);

    expect(ran).toEqual(["new"]);
    expect(await workshop.find(old)).toMatchObject({ state: "waiting", interruptions: 0 });
  });

  it("is known to the broker by it, from whoever keeps the heartbeat", async () => {
    for (const heartbeat of ["thread", "elsewhere"] as const) {
      const { worker, label } = setup({ heartbeat, ttl: 3000 });
      await worker.start();
      await worker.serve(["new", "*"]);
      await poll(label).toEqual(["new,*"]);
    }
  });

  it("keeps its heartbeat under the new name alone", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    let beats = 0;
    const hooks: Hooks = { heartbeat: () => void beats++ };
    const { worker, label } = setup({ ttl: 3000, heartbeat: "elsewhere" }, hooks);
    await worker.start();
    await worker.keepHeartbeat();
    await Promise.all([worker.serve("newer"), worker.serve("newest")]);
    await poll(label).toEqual(["newest"]);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    beats = 0;
    vi.advanceTimersByTime(1000);
    await poll(() => beats).toBe(1);
    expect(await label()).toEqual(["newest"]);
    await worker.leaveHeartbeat();
    beats = 0;
    vi.advanceTimersByTime(3000);

    expect(beats).toBe(0);
  });

  it("goes on as before when it cannot be served", async () => {
    const { job } = setup();
    const broker = without(guarded(createMemoryBroker()), "inspect", "counts");
    const worker = new Workshop([job], { queues: "old" }, broker).worker;
    await expect(worker.serve("new,*")).rejects.toMatchObject({ code: "GANGER_FACET_MISSING" });
    await expect(worker.serve("")).rejects.toMatchObject({ code: "GANGER_QUEUE_INVALID" });

    expect(worker.queues).toBe("old");
  });

  it("is not there again when it had left", async () => {
    const { worker, label } = setup();
    await worker.start();
    await worker.drain();
    await worker.serve("new");

    expect(await label()).toEqual([]);
  });
});
