import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { JobContext } from "../../src/job/context.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { Gate } from "../support/interpose.ts";
import { poll, Workshop } from "../support/workshop.ts";

const HOUR = 3_600_000;

/** Runs until its signal is aborted, and throws what that was for. */
const obey = (_: unknown, { signal }: JobContext) => delay(HOUR, undefined, { signal });

/** Does not heed its signal. */
const forEver = () => new Promise<never>(() => undefined);

/** What the signal of a job that takes too long says. */
function reasonOf({ signal }: JobContext): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(signal.reason));
  });
}

describe("a run that takes longer than its time-out", () => {
  it("has its signal aborted with a TimeoutError, and may still end well", async () => {
    const slow = defineJob({
      name: "slow",
      timeout: 20,
      perform: async (_: null, job) => String(await reasonOf(job)),
    });
    await using workshop = await Workshop.start([slow]);
    const id = await workshop.client.enqueue(slow, null);

    expect(await workshop.finished(id)).toMatchObject({
      state: "completed",
      result: '"TimeoutError: The run took longer than 20 ms"',
    });
  });

  it("is retried when it throws for that, and fails in the end", async () => {
    const slow = defineJob({
      name: "slow",
      timeout: 10,
      attempts: 2,
      backoff: { type: "fixed", delay: 1 },
      perform: obey,
    });
    await using workshop = await Workshop.start([slow]);
    const id = await workshop.client.enqueue(slow, null);

    expect(await workshop.finished(id)).toMatchObject({
      state: "failed",
      attempts: 2,
      error: { name: "TimeoutError", message: "The run took longer than 10 ms" },
    });
  });

  it("knows its time also when it asks for its signal afterwards", async () => {
    const busy = defineJob({
      name: "busy",
      timeout: 5,
      async perform(_: null, job) {
        await delay(20);
        return job.signal.aborted;
      },
    });
    await using workshop = await Workshop.start([busy]);
    const id = await workshop.client.enqueue(busy, null);

    expect(await workshop.finished(id)).toMatchObject({ result: "true" });
  });

  it("may have a time-out of its own", async () => {
    const slow = defineJob({ name: "slow", timeout: "1h", attempts: 1, perform: obey });
    await using workshop = await Workshop.start([slow]);
    const id = await workshop.client.enqueue(slow, null, { timeout: "7ms" });

    expect(await workshop.finished(id)).toMatchObject({
      error: { message: "The run took longer than 7 ms" },
    });
  });

  it("leaves the others alone", async () => {
    const gate = new Gate();
    const slow = defineJob({ name: "slow", timeout: 10, attempts: 1, perform: obey });
    const patient = defineJob({
      name: "patient",
      timeout: "1h",
      perform: async (_: null, { signal }) => {
        await gate.opened;
        return signal.aborted;
      },
    });
    await using workshop = await Workshop.start([slow, patient]);
    const other = await workshop.client.enqueue(patient, null);
    await workshop.finished(await workshop.client.enqueue(slow, null));
    gate.open();

    expect(await workshop.finished(other)).toMatchObject({ state: "completed", result: "false" });
  });
});

describe("a run that goes on after its signal", () => {
  it("is given up after its grace, and its slot is free", async () => {
    const deaf = defineJob({ name: "deaf", timeout: 10, grace: 20, attempts: 1, perform: forEver });
    const next = defineJob({ name: "next", perform: () => "ran" });
    await using workshop = await Workshop.start([deaf, next], { concurrency: 1 });
    const id = await workshop.client.enqueue(deaf, null);
    const other = await workshop.client.enqueue(next, null);

    expect(await workshop.finished(id)).toMatchObject({
      state: "failed",
      attempts: 1,
      error: {
        name: "TimeoutError",
        message: "The run took longer than 10 ms",
      },
    });
    expect(await workshop.finished(other)).toMatchObject({ result: '"ran"' });
    expect(workshop.worker.running).toBe(0);
  });

  it("is retried while it has attempts left", async () => {
    const backoff = { type: "fixed", delay: 1 } as const;
    const deaf = defineJob({ name: "deaf", timeout: 5, grace: 5, attempts: 2, backoff, perform: forEver });
    await using workshop = await Workshop.start([deaf]);
    const id = await workshop.client.enqueue(deaf, null);

    expect(await workshop.finished(id)).toMatchObject({ state: "failed", attempts: 2 });
  });

  it("may say what it likes when it ends at last: it counts for nothing", async () => {
    const gate = new Gate();
    const deaf = defineJob({
      name: "deaf",
      timeout: 5,
      grace: 5,
      attempts: 1,
      async perform(_: null, job) {
        await gate.opened;
        job.log("late");
        job.progress(1);
        return "late";
      },
    });
    await using workshop = await Workshop.start([deaf]);
    const lost: unknown[] = [];
    workshop.worker.events.on("job:lost", (event) => lost.push(event));
    const id = await workshop.client.enqueue(deaf, null);
    await workshop.finished(id);
    gate.open();
    await workshop.worker.drain();

    expect(await workshop.find(id)).toMatchObject({ state: "failed", logs: [], result: undefined });
    expect(lost).toEqual([]);
  });
});

describe("the running job", () => {
  it("shows its progress and its log while it runs, and afterwards", async () => {
    const gate = new Gate();
    const long = defineJob({
      name: "long",
      async perform(_: null, job) {
        job.log("begun");
        job.progress(0.25);
        await gate.opened;
        job.log("nearly done");
      },
    });
    await using workshop = await Workshop.start([long]);
    const id = await workshop.client.enqueue(long, null);
    await poll(() => workshop.find(id)).toMatchObject({ progress: 0.25, logs: [{ line: "begun" }] });
    gate.open();

    const { logs, state } = await workshop.finished(id);
    expect(state).toBe("completed");
    expect(logs.map(({ line }) => line)).toEqual(["begun", "nearly done"]);
  });

  it("keeps the newest hundred lines, and progress between 0 and 1", async () => {
    const gate = new Gate();
    const chatty = defineJob({
      name: "chatty",
      async perform(_: null, job) {
        for (let line = 1; line <= 250; line++) job.log(`line ${line}`);
        for (const done of [-1, Number.NaN, 7]) job.progress(done);
        await gate.opened;
      },
    });
    await using workshop = await Workshop.start([chatty]);
    const id = await workshop.client.enqueue(chatty, null);
    await poll(() => workshop.find(id)).toMatchObject({ progress: 1 });
    gate.open();

    const { logs } = await workshop.finished(id);
    expect(logs).toHaveLength(100);
    expect([logs[0]?.line, logs[99]?.line]).toEqual(["line 151", "line 250"]);
  });

  it("that is cancelled is told by its signal, and its outcome is refused", async () => {
    const gate = new Gate();
    const reasons: unknown[] = [];
    const long = defineJob({
      name: "long",
      async perform(_: null, job) {
        gate.open();
        reasons.push(await reasonOf(job));
        return "in vain";
      },
    });
    await using workshop = await Workshop.start([long]);
    const lost: string[] = [];
    workshop.worker.events.on("job:lost", ({ id }) => lost.push(id));
    const id = await workshop.client.enqueue(long, null);
    await gate.opened;
    expect(await workshop.broker.edit?.cancel([id])).toEqual([true]);
    await poll(() => lost).toEqual([id]);

    expect(reasons).toEqual([expect.objectContaining({ name: "AbortError", kind: "lost" })]);
    expect(await workshop.find(id)).toMatchObject({ state: "cancelled", result: undefined });
  });
});
