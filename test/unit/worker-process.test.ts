import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import type { FromWorker, ToWorker, WorkerStart } from "../../src/ipc/messages.ts";
import type { JobContext } from "../../src/job/context.ts";
import { defineJob } from "../../src/job/define-job.ts";
import type { NewJob } from "../../src/job/job.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { WorkerProcess } from "../../src/worker/process/worker-process.ts";
import { type Hooks, interpose } from "../support/interpose.ts";
import { poll } from "../support/workshop.ts";

afterEach(() => vi.useRealTimers());

const never = () => new Promise<void>(() => undefined);

/** What the job module exports, which is no module of ours. */
Reflect.set(globalThis, "gangerTestJobs", {
  quick: defineJob({ name: "quick", perform: () => undefined }),
  deaf: defineJob({ name: "deaf", attempts: 1, grace: 10, perform: never }),
  heed: defineJob({
    name: "heed",
    attempts: 1,
    perform: (_: null, { signal }: JobContext) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  }),
});
const JOBS = "export const { quick, deaf, heed } = globalThis.gangerTestJobs";

interface Setup {
  readonly hooks?: string;
  readonly orders?: Partial<WorkerStart>;
  readonly broker?: Hooks;
}

/** A worker process without a process: what it says and does is noted, and it never really exits. */
async function setup({ hooks, orders, broker: interposed = {} }: Setup = {}) {
  const folder = await mkdtemp(join(tmpdir(), "ganger-worker-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const files = { jobs: join(folder, "jobs.mjs"), hooks: join(folder, "hooks.mjs") };
  await writeFile(files.jobs, JOBS);
  if (hooks !== undefined) await writeFile(files.hooks, hooks);
  const broker: Broker = interpose(guarded(createMemoryBroker()), interposed);
  const said: FromWorker[] = [];
  const titles: string[] = [];
  const exits: number[] = [];
  const lines: string[] = [];
  const worker = new WorkerProcess({
    send: (message) => said.push(message),
    exit: (code) => exits.push(code),
    setTitle: (title) => titles.push(title),
    log: ({ log }) => createLog({ ...log, name: "worker", write: (line) => lines.push(line) }),
    open: async () => broker,
  });
  onTestFinished(() => worker.obey({ type: "abort", graceMs: 0 }));
  const start: WorkerStart = {
    app: "shop",
    broker: "memory:",
    jobs: [files.jobs],
    queues: "mail",
    concurrency: 2,
    order: "strict",
    ttlMs: 60_000,
    stopMs: 60_000,
    graceMs: 50,
    environment: "test",
    isolation: { type: "inline" },
    limits: {},
    hooks: hooks === undefined ? undefined : files.hooks,
    ledger: folder,
    log: { level: "info", format: "text" },
    ...orders,
  };
  const put = async (name: string, queue = "mail") => {
    const [id = ""] = await broker.enqueue([newJob(name, queue)]);
    return id;
  };
  const find = (id: string) => broker.inspect?.find(id);
  const statuses = () => said.flatMap((message) => (message.type === "status" ? [message.status] : []));
  const tell = (message: ToWorker) => worker.obey(message);
  return { worker, broker, files, said, titles, exits, lines, put, find, statuses, tell, start };
}

function newJob(name: string, queue: string): NewJob {
  return { queue, name, payload: "null" };
}

type Station = Awaited<ReturnType<typeof setup>>;

async function started(options: Setup = {}): Promise<Station> {
  const station = await setup(options);
  await station.tell({ type: "start", start: station.start });
  return station;
}

/** One that runs this job. */
async function busy(name: string, options: Setup = {}) {
  const station = await started(options);
  const id = await station.put(name);
  await poll(async () => (await station.find(id))?.state).toBe("running");
  return { ...station, id };
}

describe("a worker process that starts", () => {
  it("says what it loads before it does, then that it is ready", async () => {
    const { said, files } = await started({
      hooks: "export function beforeFork() {}; export function afterFork() {}",
    });

    expect(said.map((message) => (message.type === "loading" ? message.what : message.type))).toEqual([
      files.hooks,
      files.jobs,
      "the hook beforeFork",
      "the broker",
      "the hook afterFork",
      "named",
      "ready",
    ]);
  });

  it("tells a hook who it is, before it claims", async () => {
    const hooks = "export function afterFork(worker) { globalThis.forked = worker }";
    const { said } = await started({ hooks });
    const named = said.find((message) => message.type === "named");

    expect(Reflect.get(globalThis, "forked")).toEqual({
      pid: process.pid,
      holder: named?.holder,
      queues: "mail",
      app: "shop",
      environment: "test",
    });
  });

  it("goes on when a hook throws, and logs it", async () => {
    const hooks =
      "export const beforeFork = () => { throw new Error('no luck') }; export const beforeJob = beforeFork";
    const { said, lines, put, find } = await started({ hooks });
    const id = await put("quick");
    await poll(async () => (await find(id))?.state).toBe("completed");

    expect(said.at(-1)).not.toMatchObject({ type: "failed" });
    expect(lines).toEqual([
      expect.stringContaining('a hook failed hook=beforeFork error="no luck"'),
      expect.stringContaining('a hook failed hook=beforeJob error="no luck"'),
    ]);
  });

  it("says what went wrong, and goes", async () => {
    const { said, exits } = await started({ orders: { jobs: ["/nowhere/at/all"] } });

    expect(said).toEqual([
      { type: "failed", failure: expect.objectContaining({ code: "GANGER_MODULE_BROKEN" }) },
    ]);
    expect(exits).toEqual([1]);
  });

  it("says what nobody caught while it loaded", async () => {
    const { worker, said, exits } = await setup();
    await worker.fault(new Error("nobody caught this"));

    expect(said).toEqual([
      { type: "failed", failure: { message: expect.stringContaining("nobody caught this") } },
    ]);
    expect(exits).toEqual([1]);
  });

  it("does from then on what it was told meanwhile", async () => {
    const { tell, start, titles, statuses, put, find } = await setup();
    const begun = tell({ type: "start", start });
    await tell({ type: "pause" });
    await tell({ type: "serve", queues: "other", order: "fair" });
    await tell({ type: "limits", limits: { maxJobs: 1 } });
    await begun;
    await poll(statuses).toMatchObject([{ state: "paused" }]);
    expect(titles).toEqual(["ganger[shop]: worker mail: starting", "ganger[shop]: worker other: paused"]);
    const id = await put("quick", "other");
    await tell({ type: "resume" });

    await poll(async () => (await find(id))?.state).toBe("completed");
  });

  it("keeps its own heartbeat when nobody does", async () => {
    let beats = 0;
    const broker: Hooks = { heartbeat: () => void beats++ };
    const { tell, start } = await setup({ broker, orders: { ttlMs: 300 } });
    await tell({ type: "coordinator", isUp: false });
    await tell({ type: "start", start });

    await poll(() => beats).toBeGreaterThan(2);
  });

  it("goes at once when it is told so", async () => {
    for (const message of [
      { type: "drain", timeoutMs: 1e6, graceMs: 1e6 },
      { type: "abort", graceMs: 1e6 },
    ] as const) {
      const { tell, start, said, exits } = await setup();
      const begun = tell({ type: "start", start });
      await tell(message);
      expect(exits).toEqual([0]);
      await begun;
      expect(said).not.toContainEqual(expect.objectContaining({ type: "ready" }));
    }
  });
});

describe("a worker process that works", () => {
  it("reports what it does, and shows it in its title", async () => {
    const { id, statuses, titles } = await busy("heed");
    await poll(statuses).toContainEqual({
      state: "working",
      running: 1,
      done: 0,
      jobs: [{ id, queue: "mail", name: "heed", sinceMs: expect.any(Number) }],
    });
    const since = statuses().at(-1)?.jobs[0]?.sinceMs ?? 0;
    expect(Math.abs(Date.now() - since)).toBeLessThan(60_000);
    await poll(() => titles.at(-1)).toMatch(/: processing heed \(mail\) since \d\d:\d\d:\d\d$/);
  });

  it("names the first ten jobs, and counts those that ended", async () => {
    const { put, tell, statuses } = await started({ orders: { concurrency: 20 } });
    for (let n = 0; n < 12; n++) await put("heed");
    await poll(() => statuses().at(-1)?.running).toBe(12);
    expect(statuses().at(-1)?.jobs).toHaveLength(10);
    await tell({ type: "cut" });

    await poll(() => statuses().at(-1)).toEqual({ state: "waiting", running: 0, jobs: [], done: 12 });
  });

  it("serves other queues when it is told to, and goes on as it is when it cannot", async () => {
    const { tell, put, find, lines, titles } = await started();
    await tell({ type: "serve", queues: "", order: "strict" });
    expect(lines[0]).toContain("goes on with the queues it has");
    await tell({ type: "serve", queues: "other", order: "strict" });
    const id = await put("quick", "other");

    await poll(async () => (await find(id))?.state).toBe("completed");
    await poll(() => titles.at(-1)).toBe("ganger[shop]: worker other: waiting");
  });

  it("says that it is worn, and may be given other limits", async () => {
    const { tell, put, said } = await started({ orders: { limits: { maxJobs: 5 } } });
    await put("quick");
    await put("quick");
    await tell({ type: "limits", limits: { maxJobs: 2 } });

    await poll(() => said.filter(({ type }) => type === "worn")).toEqual([
      { type: "worn", worn: { reason: "maxJobs", done: 2 } },
    ]);
  });

  it("lets its jobs end after an error that nobody caught, also if they may take longer than a timer can wait", async () => {
    const { worker, tell, exits } = await busy("heed", { orders: { stopMs: 2 ** 33 } });
    const timer = vi.spyOn(globalThis, "setTimeout");
    onTestFinished(() => timer.mockRestore());
    const retired = worker.fault(new Error("nobody caught this"));

    expect(timer.mock.calls.map(([, delay = 0]) => delay).filter((delay) => delay >= 2 ** 31)).toEqual([]);
    await tell({ type: "abort", graceMs: 10_000 });
    await retired;
    expect(exits).toContain(1);
  });

  it("retires when a run that was cut off goes on", async () => {
    const { id, tell, find, exits } = await busy("deaf");
    await tell({ type: "cut" });
    await poll(() => exits[0]).toBe(1);

    expect(await find(id)).toMatchObject({ state: "failed", attempts: 1 });
  });
});

describe("a worker process that ends", () => {
  it("aborts what runs when it is told to, which costs no attempt, and says by its status that jobs were cut off", async () => {
    const { id, tell, find, exits } = await busy("heed");
    await tell({ type: "abort", graceMs: 10_000 });

    expect(exits).toEqual([3]);
    expect(await find(id)).toMatchObject({ state: "waiting", attempts: 0, interruptions: 1 });
  });

  it("gives up what does not heed, and says so by its status", async () => {
    const { id, tell, find, exits } = await busy("deaf");
    await tell({ type: "abort", graceMs: 20 });

    expect(exits).toEqual([3]);
    expect(await find(id)).toMatchObject({ state: "waiting", attempts: 0, interruptions: 1 });
  });

  it("waits as long as a drain says, then as long as its grace", async () => {
    const { id, tell, find, exits } = await busy("heed");
    await tell({ type: "drain", timeoutMs: 20, graceMs: 10_000 });

    expect(exits).toEqual([0]);
    expect(await find(id)).toMatchObject({ interruptions: 1 });
  });

  it("is hastened by a second signal", async () => {
    const { worker, statuses, exits } = await busy("deaf");
    const first = worker.end();
    await poll(() => statuses().at(-1)?.state).toBe("draining");
    await Promise.all([first, worker.end()]);

    expect(exits[0]).toBe(3);
  });

  it("does not hang after a second signal, whatever the broker does", async () => {
    const hooks: Hooks = {};
    const { worker, exits } = await busy("heed", { broker: hooks });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    Object.assign(hooks, { settle: () => new Promise(() => undefined) });
    void worker.drain();
    void worker.end();
    await vi.advanceTimersByTimeAsync(2049);
    expect(exits).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);

    expect(exits).toEqual([3]);
    await vi.advanceTimersByTimeAsync(10_000);
  });
});
