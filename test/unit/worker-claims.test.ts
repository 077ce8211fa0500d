import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as fc from "fast-check";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { Announcer } from "../../src/telemetry/events.ts";
import { Gate, without } from "../support/interpose.ts";
import { poll, Workshop } from "../support/workshop.ts";

afterEach(() => vi.useRealTimers());

/** Notes where and what it ran, in order. */
function recorder() {
  const ran: string[] = [];
  const job = defineJob({
    name: "record",
    perform: (name: string, { queue }) => void ran.push(`${queue} ${name}`),
  });
  return { job, ran };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("the order in which a worker runs jobs", () => {
  it("is that of its queues first, then priority, then age", async () => {
    const { job, ran } = recorder();
    await using workshop = new Workshop([job], { queues: "high,low", concurrency: 1 });
    const put = (queue: string, name: string, priority = 0) =>
      workshop.client.enqueue(job, name, { queue, priority });
    await put("low", "urgent", 9);
    await put("high", "first");
    await put("high", "second");
    await put("high", "urgent", 5);
    await put("unserved", "never");
    const last = await put("low", "last");
    await workshop.worker.start();
    await workshop.finished(last);

    expect(ran).toEqual(["high urgent", "high first", "high second", "low urgent", "low last"]);
  });

  it("is left by whatever comes into an earlier queue", async () => {
    const { job, ran } = recorder();
    const gate = new Gate();
    const wait = defineJob({ name: "wait", perform: () => gate.opened });
    await using workshop = await Workshop.start([job, wait], { queues: "high,low", concurrency: 1 });
    await workshop.client.enqueue(wait, null, { queue: "low" });
    await poll(() => workshop.worker.running).toBe(1);
    const last = await workshop.client.enqueue(job, "late", { queue: "low" });
    await workshop.client.enqueue(job, "early", { queue: "high" });
    gate.open();
    await workshop.finished(last);

    expect(ran).toEqual(["high early", "low late"]);
  });

  it.each(["fair", "weighted"] as const)("gives every queue its share when %s", async (order) => {
    const { job, ran } = recorder();
    const options = { queues: "flood,trickle", order, concurrency: 1 };
    await using workshop = new Workshop([job], options);
    await workshop.client.enqueueMany(job, numbers(3000).map(String), { queue: "flood" });
    const trickle = await workshop.client.enqueueMany(job, numbers(5).map(String), { queue: "trickle" });
    await workshop.worker.start();
    await workshop.allFinished(trickle);

    expect(ran.indexOf("trickle 0")).toBeLessThan(2500);
    expect(ran.indexOf("trickle 0")).toBeGreaterThan(-1);
  });
});

describe("how many jobs a worker runs at once", () => {
  it("is never more than its concurrency, however long they take", async () => {
    const times = fc.array(fc.integer({ min: -1, max: 4 }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(times, fc.integer({ min: 1, max: 8 }), async (durations, concurrency) => {
        let running = 0;
        let most = 0;
        const nap = defineJob({
          name: "nap",
          async perform(ms: number) {
            most = Math.max(most, ++running);
            if (ms >= 0) await delay(ms);
            running--;
          },
        });
        await using workshop = new Workshop([nap], { concurrency });
        const ids = await workshop.client.enqueueMany(nap, durations);
        await workshop.worker.start();
        await workshop.allFinished(ids);
        expect(most).toBeLessThanOrEqual(concurrency);
        expect(most).toBeGreaterThan(0);
      }),
      { numRuns: 25 },
    );
  });

  it("is its concurrency when there are enough", async () => {
    const gate = new Gate();
    const wait = defineJob({ name: "wait", perform: () => gate.opened });
    await using workshop = await Workshop.start([wait], { concurrency: 7 });
    await workshop.client.enqueueMany(
      wait,
      numbers(20).map(() => null),
    );
    await poll(() => workshop.worker.running).toBe(7);

    expect(await workshop.held()).toBe(7);
    gate.open();
  });
});

describe("how many jobs a worker claims", () => {
  it("is more than run at once when they are short", async () => {
    const held: number[] = [];
    const workshop: { current?: Workshop } = {};
    const short = defineJob({
      name: "short",
      perform: async () => void held.push((await workshop.current?.held()) ?? 0),
    });
    workshop.current = new Workshop([short], { concurrency: 2 });
    const ids = await workshop.current.client.enqueueMany(
      short,
      numbers(2000).map(() => null),
    );
    await workshop.current.worker.start();
    await workshop.current.allFinished(ids.slice(-1));
    await workshop.current.worker.drain();

    expect(Math.max(...held)).toBeGreaterThan(20);
    expect(held[0]).toBe(2);
    expect(held).toHaveLength(2000);
  });

  it("is taken back when slow ones stand in the way of those it holds", async () => {
    const gate = new Gate();
    const mixed = defineJob({ name: "mixed", perform: (slow: boolean) => (slow ? gate.opened : undefined) });
    await using workshop = new Workshop([mixed], { concurrency: 2 });
    const payloads = [...numbers(100).map(() => false), ...numbers(100).map(() => true)];
    const ids = await workshop.client.enqueueMany(mixed, payloads);
    await workshop.worker.start();
    await poll(() => workshop.worker.running).toBe(2);
    await poll(() => workshop.held()).toBe(2);

    const jobs = await Promise.all(ids.map((id) => workshop.find(id)));
    expect(jobs.filter(({ state }) => state === "waiting")).toHaveLength(98);
    expect(jobs.every(({ attempts, interruptions }) => attempts + interruptions === 0)).toBe(true);
    gate.open();
    await workshop.allFinished(ids);
  });
});

describe("an idle worker", () => {
  it("is woken by a new job, without waiting for its poll", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const { job, ran } = recorder();
    await using workshop = await Workshop.start([job], { queues: "mail" });
    for (const name of ["one", "two", "three"]) {
      const completed = once(workshop.worker.events, "job:completed");
      await workshop.client.enqueue(job, name, { queue: "mail" });
      await completed;
      expect(workshop.worker.running).toBe(0);
    }
    expect(ran).toEqual(["mail one", "mail two", "mail three"]);
  });

  it("finds a job by itself when the broker wakes nobody", async () => {
    const { job } = recorder();
    const broker = without(await openBroker("memory:"), "wakeups");
    await using workshop = await Workshop.start([job], { queues: "mail" }, broker);
    const id = await workshop.client.enqueue(job, "one", { queue: "mail" });

    expect(await workshop.finished(id)).toMatchObject({ state: "completed" });
  });

  it("runs jobs of a queue that is new", async () => {
    const { job } = recorder();
    await using workshop = await Workshop.start([job], { queues: "mail_*,!mail_x" });
    const other = await workshop.client.enqueue(job, "no", { queue: "mail_x" });
    const id = await workshop.client.enqueue(job, "yes", { queue: "mail_new" });

    expect(await workshop.finished(id)).toMatchObject({ state: "completed" });
    expect(await workshop.stateOf(other)).toBe("waiting");
  });
});

describe("a listener that throws", () => {
  it("harms neither the job nor those that follow", async () => {
    const warnings: string[] = [];
    const onWarning = ({ name, message }: Error) => warnings.push(`${name}: ${message}`);
    process.on("warning", onWarning);
    const { job } = recorder();
    await using workshop = new Workshop([job], { concurrency: 1 });
    for (const name of ["job:started", "job:completed"] as const) {
      workshop.worker.events.on(name, () => {
        throw new Error("no ears");
      });
    }
    await workshop.worker.start();
    const ids = await workshop.client.enqueueMany(job, ["one", "two"]);
    await workshop.allFinished(ids);
    await poll(() => warnings.length).toBe(4);
    process.off("warning", onWarning);

    expect(warnings[0]).toBe("GangerWarning: A listener of job:started threw: Error: no ears");
  });

  it("does not keep the event from the others", () => {
    const announcer = new Announcer();
    let heard = 0;
    announcer.on("broker:recovered", () => {
      throw new Error("no ears");
    });
    announcer.once("broker:recovered", () => void heard++);
    for (const _ of ["once", "twice"]) announcer.announce("broker:recovered", () => []);

    expect(heard).toBe(1);
  });
});

describe("two workers on one SQLite file", () => {
  it("share its jobs, and none is run twice", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ganger-claims-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const runs: string[] = [];
    const share = defineJob({
      name: "share",
      async perform(n: number, { id }) {
        runs.push(id);
        if (n % 3 > 0) await delay(n % 3);
      },
    });
    const url = `sqlite:${join(folder, "ganger.db")}?synchronous=off`;
    const options = { concurrency: 4, heartbeat: "elsewhere", ttl: "1h" } as const;
    await using one = new Workshop([share], options, await openBroker(url));
    await using other = new Workshop([share], options, await openBroker(url));
    const ids = await one.client.enqueueMany(share, numbers(500));
    const shares = [0, 0];
    one.worker.events.on("job:completed", () => void (shares[0] = (shares[0] ?? 0) + 1));
    other.worker.events.on("job:completed", () => void (shares[1] = (shares[1] ?? 0) + 1));
    await Promise.all([one.worker.start(), other.worker.start()]);
    await one.allFinished(ids);

    expect([...runs].sort()).toEqual([...ids].sort());
    expect(Math.min(...shares)).toBeGreaterThan(0);
  });
});
