import { afterEach, describe, expect, it, vi } from "vitest";
import type { WorkerLimits, Worn } from "../../src/ipc/messages.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { Wear } from "../../src/worker/process/wear.ts";
import { poll, Workshop } from "../support/workshop.ts";

afterEach(() => vi.useRealTimers());

const MEMORY = { soft: 1000, hard: 2000 };

/** A worker of one job at a time, each of which makes the process so much larger. */
function worn(limits: WorkerLimits) {
  const size = { bytes: 500 };
  const grow = defineJob({ name: "grow", perform: (bytes: number) => void (size.bytes += bytes) });
  const workshop = new Workshop([grow], { concurrency: 1 });
  const told: Worn[] = [];
  const wear = new Wear(
    workshop.worker,
    (what) => told.push(what),
    () => size.bytes,
  );
  wear.limit(limits);
  workshop.worker.onTick = () => wear.tick();
  return { workshop, grow, size, told, wear };
}

describe("a worker with a number of jobs", () => {
  it("tells once that it has done them, with the last of them, and goes on", async () => {
    const { workshop, grow, told, wear } = worn({ maxJobs: 3 });
    await using _ = workshop;
    await workshop.worker.start();
    await workshop.allFinished(await workshop.client.enqueueMany(grow, [0, 0]));
    expect(told).toEqual([]);
    await workshop.allFinished(await workshop.client.enqueueMany(grow, [0, 0, 0]));
    wear.tick();

    expect(told).toEqual([{ reason: "maxJobs", done: 3 }]);
  });

  it("tells anew when the number is another", async () => {
    const { workshop, grow, told, wear } = worn({ maxJobs: 1 });
    await using _ = workshop;
    await workshop.worker.start();
    await workshop.allFinished(await workshop.client.enqueueMany(grow, [0, 0]));
    wear.limit({ maxJobs: 2 });
    wear.limit({});
    await workshop.finished(await workshop.client.enqueue(grow, 0));

    expect(told.map((what) => "done" in what && what.done)).toEqual([1, 2]);
  });

  it("costs nothing per job when there is no limit", () => {
    const { workshop, wear } = worn({ maxJobs: 1 });
    wear.limit({});

    expect(workshop.worker.runs.onEnded).toBeUndefined();
  });
});

describe("a worker with a limit of memory", () => {
  it("tells once that it has grown beyond the soft one, and under which jobs, and goes on", async () => {
    const { workshop, grow, told } = worn({ memory: MEMORY });
    await using _ = workshop;
    await workshop.worker.start();
    await workshop.finished(await workshop.client.enqueue(grow, 400));
    await poll(() => workshop.worker.runs.done).toBe(1);
    expect(told).toEqual([]);
    await workshop.finished(await workshop.client.enqueue(grow, 200));
    await poll(() => told).toEqual([{ reason: "memory", rss: 1100, grew: [{ name: "grow", bytes: 600 }] }]);
    await workshop.finished(await workshop.client.enqueue(grow, 1));

    expect(told).toHaveLength(1);
  });

  it("takes no more jobs halfway to the hard one, and gives back what it held, until it shrinks", async () => {
    const { workshop, grow, size, told } = worn({ memory: MEMORY });
    await using _ = workshop;
    await workshop.worker.start();
    const first = await workshop.client.enqueueMany(grow, [0, 0, 0, 0, 0, 0, 1001]);
    const rest = await workshop.client.enqueueMany(grow, [0, 0, 0, 0]);
    await workshop.allFinished(first);
    await poll(() => told.length).toBe(1);
    await poll(() => workshop.held()).toBe(0);
    const kept = await workshop.client.enqueue(grow, 0);
    workshop.worker.pause();
    workshop.worker.resume();
    await new Promise(setImmediate);
    expect(await workshop.stateOf(kept)).toBe("waiting");

    size.bytes = 1500;
    await workshop.allFinished([...rest, kept]);
  });

  it("does not go on while an operator has paused it", async () => {
    const { workshop, grow, size, wear } = worn({ memory: MEMORY });
    await using _ = workshop;
    await workshop.worker.start();
    workshop.worker.pause();
    size.bytes = 1900;
    wear.tick();
    size.bytes = 500;
    wear.tick();
    const id = await workshop.client.enqueue(grow, 0);
    await new Promise(setImmediate);

    expect(workshop.worker.state).toBe("paused");
    expect(await workshop.stateOf(id)).toBe("waiting");
    workshop.worker.resume();
    await workshop.finished(id);
  });

  it("goes on when nobody has replaced it for two minutes", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { workshop, size, wear } = worn({ memory: MEMORY });
    const held: boolean[] = [];
    workshop.worker.holdBreath = (isHolding) => void held.push(isHolding);
    size.bytes = 1900;
    for (let minute = 0; minute <= 3; minute++) {
      wear.tick();
      vi.advanceTimersByTime(60_000);
    }

    expect(held).toEqual([true, true, false, false]);
  });

  it("goes on when the limit is lifted", async () => {
    const { workshop, grow, size, wear } = worn({ memory: MEMORY });
    await using _ = workshop;
    size.bytes = 1900;
    wear.tick();
    await workshop.worker.start();
    const id = await workshop.client.enqueue(grow, 0);
    await new Promise(setImmediate);
    expect(await workshop.stateOf(id)).toBe("waiting");
    wear.limit({});

    await workshop.finished(id);
  });

  it("stays below the hard one with jobs that follow each other without a pause", async () => {
    const size = { bytes: 500 };
    const leak = defineJob({
      name: "leak",
      perform() {
        const end = performance.now() + 5;
        while (performance.now() < end);
        size.bytes += 50;
      },
    });
    await using workshop = new Workshop([leak], { concurrency: 1 });
    const wear = new Wear(
      workshop.worker,
      () => undefined,
      () => size.bytes,
    );
    wear.limit({ memory: MEMORY });
    const payloads = Array.from({ length: 100 }, () => null);
    await workshop.client.enqueueMany(leak, payloads);
    await workshop.worker.start();
    await poll(() => size.bytes).toBeGreaterThan(1500);
    await poll(() => workshop.held()).toBe(0);

    expect(size.bytes).toBeLessThan(2000);
  });
});
