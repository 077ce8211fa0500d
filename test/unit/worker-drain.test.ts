import { afterEach, describe, expect, it, vi } from "vitest";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import type { JobContext } from "../../src/job/context.ts";
import { defineJob, type JobDefinition } from "../../src/job/define-job.ts";
import type { WorkerOptions } from "../../src/worker/options.ts";
import { eventually } from "../support/eventually.ts";
import { Gate, type Hooks, interpose, unreachable } from "../support/interpose.ts";
import { poll, Workshop } from "../support/workshop.ts";

afterEach(() => vi.useRealTimers());

/** Ends when it is told to. */
const waiting = (gate: Gate) => defineJob<null, void>({ name: "wait", perform: () => gate.opened });

/** Heeds its signal. */
const heeding = defineJob({
  name: "heed",
  perform: (_: null, { signal }: JobContext) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
});

const forEver = () => new Promise<void>(() => undefined);
const deaf = defineJob<null, void>({ name: "deaf", perform: forEver });

/** A worker whose only slot is taken by a job, with three more that it holds or that wait. */
async function busy(job: JobDefinition<null, null>, options: WorkerOptions = {}, hooks: Hooks = {}) {
  const broker = interpose(guarded(createMemoryBroker()), hooks);
  const workshop = new Workshop([job], { concurrency: 1, ...options }, broker);
  const ids = await workshop.client.enqueueMany(job, [null, null, null, null]);
  await workshop.worker.start();
  await poll(() => workshop.worker.running).toBe(1);
  return { workshop, ids, first: ids[0] ?? "", rest: ids.slice(1) };
}

describe("a worker that drains", () => {
  it("finishes what runs, and gives back the rest at no cost", async () => {
    const gate = new Gate();
    const { workshop, first, rest } = await busy(waiting(gate));
    const drained = workshop.worker.drain();
    gate.open();

    expect(await drained).toEqual({ abandoned: 0 });
    expect(await workshop.find(first)).toMatchObject({ state: "completed" });
    for (const id of rest) {
      expect(await workshop.find(id)).toMatchObject({
        state: "waiting",
        attempts: 0,
        interruptions: 0,
        crashes: 0,
      });
    }
    expect(await workshop.broker.inspect?.holders()).toEqual([]);
  });

  it("gives back what it held ahead", async () => {
    const gate = new Gate();
    const mixed = defineJob({ name: "mixed", perform: (wait: boolean) => (wait ? gate.opened : undefined) });
    await using workshop = new Workshop([mixed], { concurrency: 1 });
    const ids = await workshop.client.enqueueMany(
      mixed,
      Array.from({ length: 500 }, (_, n) => n === 60),
    );
    await workshop.worker.start();
    await poll(() => workshop.held()).toBeGreaterThan(1);
    const drained = workshop.worker.drain();
    gate.open();
    await drained;

    const jobs = await Promise.all(ids.map((id) => workshop.find(id)));
    expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(["completed", "waiting"]));
    expect(jobs.every(({ attempts, interruptions }) => attempts + interruptions === 0)).toBe(true);
  });

  it("lets running jobs take as long as they do, and takes nothing new", async () => {
    const gate = new Gate();
    const { workshop, rest } = await busy(waiting(gate));
    const drained = workshop.worker.drain();
    await workshop.client.enqueue(waiting(gate), null);
    await workshop.broker.wakeups?.subscribe(() => undefined);
    await new Promise(setImmediate);
    gate.open();
    await drained;

    expect(await Promise.all(rest.map((id) => workshop.stateOf(id)))).toEqual([
      "waiting",
      "waiting",
      "waiting",
    ]);
  });

  it("can be drained before it was started, twice, and after its end", async () => {
    const gate = new Gate();
    const workshop = new Workshop([waiting(gate)]);

    const both = await Promise.all([workshop.worker.drain(), workshop.worker.drain()]);
    expect(both).toEqual([{ abandoned: 0 }, { abandoned: 0 }]);
    expect(await workshop.worker.drain({ timeout: 0 })).toEqual({ abandoned: 0 });
    await expect(workshop.worker.start()).rejects.toThrow(TypeError);
  });

  it("claims nothing when it is drained while it starts", async () => {
    const gate = new Gate();
    const hooks: Hooks = { heartbeat: () => gate.opened };
    const broker = interpose(guarded(createMemoryBroker()), hooks);
    const workshop = new Workshop([heeding], {}, broker);
    const id = await workshop.client.enqueue(heeding, null);
    const started = workshop.worker.start();
    const drained = workshop.worker.drain();
    gate.open();
    await Promise.allSettled([started, drained]);
    await new Promise(setImmediate);

    expect(workshop.worker.running).toBe(0);
    expect(await workshop.stateOf(id)).toBe("waiting");
    expect(await broker.inspect?.holders()).toEqual([]);
  });
});

describe("a drain with a time-out", () => {
  it("aborts what goes on, which is an interruption and no attempt", async () => {
    const { workshop, first, rest } = await busy(heeding);

    expect(await workshop.worker.drain({ timeout: 10 })).toEqual({ abandoned: 0 });
    expect(await workshop.find(first)).toMatchObject({ state: "waiting", attempts: 0, interruptions: 1 });
    expect(await workshop.find(rest[0] ?? "")).toMatchObject({ state: "waiting", interruptions: 0 });
  });

  it("gives up what does not heed, which is an interruption and no attempt", async () => {
    const { workshop, first } = await busy(deaf);

    expect(await workshop.worker.drain({ timeout: 10, grace: 10 })).toEqual({ abandoned: 1 });
    expect(await workshop.find(first)).toMatchObject({
      state: "waiting",
      attempts: 0,
      interruptions: 1,
      history: [{ event: "interrupted" }],
    });
  });

  it("may come second, and then counts what it gave up as well", async () => {
    const { workshop, first } = await busy(deaf);
    const patient = workshop.worker.drain();
    const hasty = workshop.worker.drain({ timeout: 0, grace: 0 });

    expect(await Promise.all([patient, hasty])).toEqual([{ abandoned: 1 }, { abandoned: 1 }]);
    expect(await workshop.find(first)).toMatchObject({ interruptions: 1 });
  });

  it("costs no attempt though the job's own time is up meanwhile", async () => {
    const slow = defineJob<null, void>({ name: "slow", timeout: 250, grace: 10, perform: forEver });
    const { workshop, first } = await busy(slow);
    await workshop.worker.drain({ timeout: 0, grace: "10s" });

    expect(await workshop.find(first)).toMatchObject({ state: "waiting", attempts: 0, interruptions: 1 });
  });
});

describe("a worker whose broker is away while it drains", () => {
  it("puts its outcomes and log lines on record when the broker is back", async () => {
    const gate = new Gate();
    const chatty = defineJob({
      name: "chatty",
      async perform(_: null, job) {
        await gate.opened;
        job.log("done");
      },
    });
    const hooks: Hooks = {};
    const { workshop, first } = await busy(chatty, {}, hooks);
    const lost = vi.fn<() => void>();
    workshop.worker.events.once("broker:lost", () => {
      lost();
      Object.assign(hooks, { settle: undefined, "edit.annotate": undefined });
    });
    Object.assign(hooks, { settle: unreachable, "edit.annotate": unreachable });
    gate.open();
    await workshop.worker.drain();

    expect(lost).toHaveBeenCalledOnce();
    expect(await workshop.find(first)).toMatchObject({ state: "completed", logs: [{ line: "done" }] });
  });

  it("ends though it cannot say farewell: others notice when its heartbeat ends", async () => {
    const gate = new Gate();
    const hooks: Hooks = { release: unreachable };
    const { workshop, first } = await busy(waiting(gate), {}, hooks);
    gate.open();

    expect(await workshop.worker.drain()).toEqual({ abandoned: 0 });
    expect(await workshop.stateOf(first)).toBe("completed");
  });
});

describe("a worker whose broker never answers again", () => {
  const silent = forEver;

  it("ends some seconds after its times are over, and says what it could not put on record", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const hooks: Hooks = {};
    const { workshop } = await busy(deaf, {}, hooks);
    Object.assign(hooks, { settle: silent, release: silent });
    const drained = workshop.worker.drain({ timeout: 1000, grace: 2000 });
    const seen = vi.fn<(report: unknown) => void>();
    void drained.then(seen);
    await vi.advanceTimersByTimeAsync(7900);
    expect(seen).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);

    expect(seen).toHaveBeenCalledExactlyOnceWith({ abandoned: 1, unreported: 1 });
  });

  it("waits for it as long as nobody has set a time, and no longer once somebody has", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const hooks: Hooks = {};
    const gate = new Gate();
    const { workshop } = await busy(waiting(gate), {}, hooks);
    hooks["settle"] = unreachable;
    gate.open();
    const seen = vi.fn<(report: unknown) => void>();
    void workshop.worker.drain().then(seen);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(seen).not.toHaveBeenCalled();
    void workshop.worker.drain({ timeout: 0, grace: 0 });
    await vi.advanceTimersByTimeAsync(5100);

    expect(seen).toHaveBeenCalledExactlyOnceWith({ abandoned: 0, unreported: 1 });
  });

  it("ends though it never came to its start", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const gate = new Gate();
    const broker = interpose(guarded(createMemoryBroker()), { heartbeat: () => gate.opened });
    const workshop = new Workshop([heeding], {}, broker);
    const id = await workshop.client.enqueue(heeding, null);
    const started = workshop.worker.start();
    const drained = workshop.worker.drain({ timeout: 0, grace: 0 });
    await vi.advanceTimersByTimeAsync(5100);
    expect(await drained).toEqual({ abandoned: 0 });
    gate.open();
    await started;
    await vi.advanceTimersByTimeAsync(1000);

    expect(await workshop.stateOf(id)).toBe("waiting");
  });
});

describe("the heartbeat of a worker", () => {
  it("is one though it was asked for twice at once, and none when it was left", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    let beats = 0;
    const hooks = { heartbeat: () => beats++ };
    const { workshop } = await busy(heeding, { ttl: 3000, heartbeat: "elsewhere" }, hooks);
    await Promise.all([workshop.worker.keepHeartbeat(), workshop.worker.keepHeartbeat()]);
    await workshop.worker.leaveHeartbeat();
    beats = 0;
    vi.advanceTimersByTime(3000);

    expect(beats).toBe(0);
    await workshop.worker.drain({ timeout: 0 });
  });

  it("ends before its farewell", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const gate = new Gate();
    const hooks: Hooks = {};
    const { workshop } = await busy(waiting(gate), { ttl: 3000 }, hooks);
    let beats = 0;
    hooks["release"] = () => {
      hooks["heartbeat"] = () => beats++;
      vi.advanceTimersByTime(6000);
    };
    gate.open();
    await workshop.worker.drain();
    vi.advanceTimersByTime(6000);

    expect(beats).toBe(0);
    expect(await workshop.broker.inspect?.holders()).toEqual([]);
  });
});

describe("a worker that pauses", () => {
  it("starts nothing more, gives back the rest, and goes on when it is resumed", async () => {
    const gate = new Gate();
    const { workshop, ids, first, rest } = await busy(waiting(gate));
    workshop.worker.pause();
    gate.open();
    await workshop.finished(first);
    await poll(() => workshop.held()).toBe(0);
    expect(await Promise.all(rest.map((id) => workshop.stateOf(id)))).toEqual([
      "waiting",
      "waiting",
      "waiting",
    ]);

    workshop.worker.resume();
    const jobs = await workshop.allFinished(ids);
    expect(jobs.every(({ attempts, interruptions }) => attempts + interruptions === 0)).toBe(true);
    await workshop.worker.drain();
  });

  it("gives back what a claim brings that was under way", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const gate = new Gate();
    let calls = 0;
    const hooks: Hooks = { settle: () => gate.opened, "after settle": () => calls++ };
    const broker = interpose(guarded(createMemoryBroker()), hooks);
    await using workshop = new Workshop([heeding], {}, broker);
    const id = await workshop.client.enqueue(heeding, null);
    await workshop.worker.start();
    workshop.worker.pause();
    gate.open();
    await eventually("it was given back", async () => calls >= 2 && (await workshop.held()) === 0);

    expect(await workshop.find(id)).toMatchObject({ state: "waiting", interruptions: 0 });
  });

  it("can be drained as well", async () => {
    const gate = new Gate();
    const { workshop, first } = await busy(waiting(gate));
    workshop.worker.pause();
    gate.open();
    await workshop.worker.drain();
    workshop.worker.resume();

    expect(await workshop.stateOf(first)).toBe("completed");
    expect(await workshop.broker.inspect?.queues()).toMatchObject([{ counts: { waiting: 3, running: 0 } }]);
  });
});
