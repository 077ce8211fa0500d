import { afterEach, describe, expect, it, vi } from "vitest";
import type { WorkerStatus } from "../../src/ipc/messages.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { StatusReporter } from "../../src/worker/process/status.ts";
import { Gate } from "../support/interpose.ts";
import { poll, Workshop } from "../support/workshop.ts";

afterEach(() => vi.useRealTimers());

describe("the status of a worker", () => {
  it("is reported when it is another, and not else", async () => {
    const gate = new Gate();
    const wait = defineJob({ name: "wait", queue: "mail", perform: () => gate.opened });
    await using workshop = new Workshop([wait]);
    const reported: WorkerStatus[] = [];
    const reporter = new StatusReporter(workshop.worker, (status) => reported.push(status));
    const ticks = () => [reporter.tick(), reporter.tick(), reporter.tick()];
    ticks();
    await workshop.worker.start();
    const id = await workshop.client.enqueue(wait, null);
    await poll(() => workshop.worker.running).toBe(1);
    ticks();
    // The clock of the host is put right.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    ticks();
    vi.useRealTimers();
    workshop.worker.pause();
    ticks();
    gate.open();
    await workshop.finished(id);
    ticks();
    workshop.worker.resume();
    ticks();
    await workshop.worker.drain();
    ticks();

    const jobs = [{ id, queue: "mail", name: "wait", sinceMs: expect.any(Number) }];
    expect(reported).toEqual([
      { state: "waiting", running: 0, jobs: [], done: 0 },
      { state: "working", running: 1, jobs, done: 0 },
      { state: "paused", running: 1, jobs, done: 0 },
      { state: "paused", running: 0, jobs: [], done: 1 },
      { state: "waiting", running: 0, jobs: [], done: 1 },
      { state: "draining", running: 0, jobs: [], done: 1 },
    ]);
  });
});
