import { setTimeout as delay } from "node:timers/promises";
import type { JobDetails } from "ganger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { block, noop } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import {
  Cell,
  ECHO_MS,
  ENDING,
  hasFailed,
  isUntouched,
  OTHERS,
  STATES,
  wasGivenBack,
} from "../support/signal-cell.ts";
import { isAlive } from "../support/test-pool.ts";

const walksAll = process.env["GANGER_TEST_LONG"] !== undefined;
/** Half of the cells have workers that are forked, and half have new processes. */
const forkAt = (place: number): "auto" | "never" => (place % 2 === 0 ? "auto" : "never");

describe.each(ENDING)("SIG%s ends a pool", (name) => {
  it.each(STATES)("%s", async (state) => {
    await using cell = await Cell.create(forkAt(ENDING.indexOf(name) + STATES.indexOf(state)));
    await cell.start(state);

    cell.signal(name);

    expect(await cell.pool.ended(10_000)).toBe(state === "draining" ? 3 : 0);
    const jobs = await cell.jobs();
    expect(jobs.filter(state === "draining" ? wasGivenBack : isUntouched)).toEqual(jobs);
    expect(jobs.some((job) => job.state === "running")).toBe(false);
    await cell.isGone();
    expect(await cell.pool.workers()).toEqual([]);
  });
});

/** What each signal does to a pool that goes on, and what undoes it. */
const EFFECTS: Readonly<Record<(typeof OTHERS)[number], (cell: Cell) => Promise<void>>> = {
  async HUP(cell) {
    await cell.logged("reloaded the configuration");
    await cell.workers(2);
    await cell.works();
  },
  async WINCH(cell) {
    await cell.workers(0);
    const jobs = await cell.jobs();
    expect(jobs.filter(isUntouched)).toEqual(jobs);
    expect((await cell.pool.status()).state).toBe("empty");
    cell.signal("HUP");
    await cell.workers(2);
    await cell.works();
  },
  async TTIN(cell) {
    await cell.workers(2 + 1);
    await cell.works();
    cell.signal("TTOU");
    await cell.workers(2);
  },
  async TTOU(cell) {
    await cell.workers(2 - 1);
    await cell.works();
    cell.signal("TTIN");
    await cell.workers(2);
  },
  async USR1(cell) {
    await cell.logged("ending what runs as failed");
    const jobs = await cell.jobs();
    const expected = Math.min(jobs.length, 2);
    await eventually(
      () => cell.pool.report(),
      async () => (await cell.jobs()).filter(hasFailed).length >= expected,
    );
    if (jobs.length <= 1) await cell.works();
  },
  async USR2(cell) {
    await cell.logged("pausing");
    await eventually(
      () => cell.pool.report(),
      async () => (await cell.pool.members()).every(({ state }) => state === "paused"),
    );
    const id = await cell.pool.client.enqueue(noop, { n: 1 });
    await delay(100);
    expect(await cell.pool.client.broker.inspect?.find(id)).toMatchObject({ state: "waiting" });
    cell.signal("CONT");
    await cell.works();
  },
  async CONT(cell) {
    await cell.logged("resuming");
    await cell.works();
  },
  async IO(cell) {
    await cell.logged("report");
    await cell.works();
  },
};

/** Every state with every signal in the long mode; by halves otherwise: each signal with every other state, each state with every other signal. */
const KEPT = STATES.filter((state) => state !== "draining");
const CELLS = KEPT.flatMap((state, row) =>
  OTHERS.filter((_, column) => walksAll || (row + column) % 2 === 0).map((name) => ({ name, state })),
);

/** A pool starts once, and one whose jobs were failed has others. */
const hasOwnPool = ({ name, state }: (typeof CELLS)[number]) => state === "starting" || name === "USR1";

describe("a signal does what it should, and the pool ends as ever", () => {
  const cells = CELLS.filter(hasOwnPool).map(({ name, state }, place) => ({
    name,
    state,
    fork: forkAt(place),
  }));
  it.each(cells)("SIG$name, $state, forks: $fork", async ({ name, state, fork }) => {
    await using cell = await Cell.create(fork);
    const fails = name === "USR1";
    await cell.start(state, fails);

    cell.signal(name);
    await EFFECTS[name](cell);

    const holds = fails && state === "many jobs";
    expect(await cell.end(holds)).toBe(holds ? 3 : 0);
    const jobs = await cell.jobs();
    const isAsItShould = fails ? (job: JobDetails) => hasFailed(job) || wasGivenBack(job) : isUntouched;
    expect(jobs.filter(isAsItShould)).toEqual(jobs);
    await cell.isGone();
  });
});

describe.each(KEPT.filter((state) => state !== "starting"))("a pool, %s,", (state) => {
  let cell: Cell;
  beforeAll(async () => {
    cell = await Cell.create(forkAt(KEPT.indexOf(state)));
    await cell.start("idle");
  });
  afterAll(() => cell[Symbol.asyncDispose]());

  it.each(CELLS.filter((each) => each.state === state && !hasOwnPool(each)))(
    "does what it should by SIG$name, and is back",
    async ({ name }) => {
      await cell.enter(state);

      cell.signal(name);
      await EFFECTS[name](cell);

      await cell.isBack();
      const jobs = await cell.jobs();
      expect(jobs.filter(isUntouched)).toEqual(jobs);
    },
  );

  it("ends as ever after all of them", async () => {
    expect(await cell.end(false)).toBe(0);
    await cell.isGone();
  });
});

describe("a pool that ends", () => {
  it("is changed by no other signal", async () => {
    await using cell = await Cell.create();
    await cell.start("draining");

    for (const name of OTHERS.filter((other) => other !== "USR1")) {
      cell.signal(name);
      // Signals are taken up in order: the answer comes after this one has had its effect.
      const status = await cell.pool.status();

      const workers = status.groups.flatMap((group) => group.workers).length;
      expect({ name, state: status.state, workers }).toEqual({ name, state: "stopping", workers: 1 });
    }
    expect(await cell.end(false)).toBe(3);
    expect((await cell.jobs()).every(wasGivenBack)).toBe(true);
    await cell.isGone();
  });
});

describe("SIGUSR1 changes a pool", () => {
  it("draining", async () => {
    await using cell = await Cell.create();
    await cell.start("draining");

    cell.signal("USR1");

    expect(await cell.pool.ended(5000)).toBe(0);
    expect((await cell.jobs()).every(hasFailed)).toBe(true);
    await cell.isGone();
  });
});

describe("a burst of signals", () => {
  it("of one kind has its effect once at least, and never more often than sent", async () => {
    await using cell = await Cell.create("auto", { work: 1 });
    await cell.start("starting");
    for (let sent = 0; sent < 5; sent++) cell.signal("TTIN");
    await eventually("more are wanted", async () => ((await cell.pool.status()).groups[0]?.wanted ?? 0) > 1);
    expect((await cell.pool.status()).groups[0]?.wanted).toBeLessThanOrEqual(6);
  });

  // CONT is not among them: the system itself drops a pending TTIN or TTOU for it, and it for those.
  it("of several kinds loses none", async () => {
    await using cell = await Cell.create();
    await cell.start("idle");
    for (const name of ["TTIN", "USR2", "TTOU", "IO"] as const) cell.signal(name);
    for (const text of ["one worker more", "pausing", "one worker less", "report"]) await cell.logged(text);
    expect((await cell.pool.status()).groups[0]?.wanted).toBe(2);
  });

  it("WINCH right after HUP empties the pool, though the configuration is still being read", async () => {
    await using cell = await Cell.create();
    await cell.start("idle");
    cell.signal("HUP");
    await cell.logged("reloading");
    cell.signal("WINCH");
    await cell.logged("reloaded the configuration");
    await cell.workers(0);
  });
});

describe("a second and a third signal", () => {
  it("end a pool whose job blocks its worker", async () => {
    await using cell = await Cell.create("auto", { work: { count: 1, stop: "60s", grace: "60s" } });
    const { pool } = cell;
    pool.startManager();
    await pool.ready(1);
    const id = await pool.client.enqueue(block, { ms: 60_000 });
    await eventually("it runs", async () => (await pool.count("running")) === 1);
    const [worker] = await pool.workers();
    const beganAt = performance.now();

    pool.signal("SIGTERM");
    await delay(ECHO_MS);
    pool.signal("SIGTERM");
    await delay(ECHO_MS);
    pool.signal("SIGTERM");

    expect(await pool.ended(10_000)).toBe(3);
    expect(performance.now() - beganAt).toBeLessThan(10_000);
    expect(isAlive(worker?.pid ?? 0)).toBe(false);
    await cell.isGone();
    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({ state: "waiting", attempts: 0 });
  });
});
