import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { JobDetails } from "ganger";
import { describe, expect, it } from "vitest";
import { block, hold, noop, pause } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { isAlive, TestPool } from "../support/test-pool.ts";

const ENDING = ["QUIT", "INT", "TERM"] as const;
const OTHERS = ["HUP", "WINCH", "TTIN", "TTOU", "USR1", "USR2", "CONT", "IO"] as const;
const STATES = ["starting", "idle", "one job", "many jobs", "draining", "reloading"] as const;

type Name = (typeof ENDING)[number] | (typeof OTHERS)[number];
type State = (typeof STATES)[number];

/** Signals to end that are closer together are one wish. */
const ECHO_MS = 350;
const walksAll = process.env["GANGER_TEST_LONG"] !== undefined;
const WORKERS = { work: { count: 2, concurrency: 2 } };

/** All processes of one pool, whoever their parent is by now: they have its mark in their environment. */
class Cell implements AsyncDisposable {
  readonly pool: TestPool;
  readonly #mark: string;
  #ids: readonly string[] = [];

  private constructor(pool: TestPool, mark: string) {
    this.pool = pool;
    this.#mark = mark;
  }

  static async create(workers: Readonly<Record<string, unknown>> = WORKERS): Promise<Cell> {
    const mark = `TEST_CELL=${process.pid}-${Math.random()}`;
    const [name = "", value = ""] = mark.split("=");
    return new Cell(await TestPool.create({ workers, env: { [name]: value } }), mark);
  }

  get processes(): readonly number[] {
    return readdirSync("/proc")
      .map(Number)
      .filter((pid) => pid > 0 && isMarked(pid, this.#mark));
  }

  /** The one that reads the configuration may see a moment after its manager that it has ended. */
  async isGone(): Promise<void> {
    await eventually(
      () => `none of ${this.processes.join()} is left`,
      () => this.processes.length === 0,
      5000,
    );
  }

  signal(name: Name): void {
    this.pool.signal(`SIG${name}`);
  }

  async logged(text: string): Promise<void> {
    await eventually(
      () => `it logs ${text}\n${this.pool.log}`,
      () => this.pool.log.includes(text),
    );
  }

  async workers(count: number): Promise<void> {
    await eventually(
      async () => `there are ${count} workers: ${JSON.stringify(await this.pool.status())}\n${this.pool.log}`,
      async () => {
        const members = await this.pool.members();
        return (
          members.length === count && members.every(({ state }) => !["starting", "cooling"].includes(state))
        );
      },
    );
  }

  /** Brings the pool into a state; `isLong` says that the jobs in it are to outlast the signal. */
  async enter(state: State, isLong: boolean): Promise<void> {
    const { pool } = this;
    pool.startManager();
    if (state === "starting") return this.logged("started manager");
    await pool.ready(2);
    if (state === "one job") await this.#runs(1, isLong ? "hold" : 300);
    if (state === "many jobs") await this.#runs(12, isLong ? "hold" : 80);
    if (state === "draining") {
      await this.#runs(1, "hold");
      pool.signal("SIGTERM");
      await this.logged("draining");
      await delay(ECHO_MS);
    }
    if (state === "reloading") {
      pool.configure({ workers: { work: { count: 2, concurrency: 3 } } });
      pool.signal("SIGHUP");
      await eventually(
        () => pool.report(),
        async () => (await pool.status()).state === "reloading",
      );
    }
  }

  async #runs(count: number, what: "hold" | number): Promise<void> {
    const { client, folder } = this.pool;
    const times = Array.from({ length: count }, () => 0);
    this.#ids =
      what === "hold"
        ? await client.enqueueMany(
            hold,
            times.map(() => ({ file: join(folder, "held") })),
          )
        : await client.enqueueMany(
            pause,
            times.map(() => ({ ms: what })),
          );
    await eventually("as many run as can", async () => {
      const running = await this.pool.count("running");
      return running >= Math.min(count, 2) && (what !== "hold" || existsSync(join(folder, "held")));
    });
  }

  async jobs(): Promise<readonly JobDetails[]> {
    const found = await Promise.all(this.#ids.map(async (id) => this.pool.client.broker.inspect?.find(id)));
    return found.filter((job) => job !== undefined);
  }

  /** Jobs are taken and done. */
  async works(): Promise<void> {
    const { client } = this.pool;
    const id = await client.enqueue(noop, { n: 1 });
    await eventually(
      () => this.pool.report(),
      async () => (await client.broker.inspect?.find(id))?.state === "completed",
    );
  }

  /** Ends it, by a second signal when its jobs do not end. */
  async end(hasToAbort: boolean): Promise<number | NodeJS.Signals> {
    const isOver = this.pool.log.includes("stopped manager");
    if (!isOver) this.pool.signal("SIGTERM");
    if (hasToAbort && !isOver) {
      await delay(ECHO_MS);
      this.pool.signal("SIGTERM");
    }
    return this.pool.ended(10_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]();
  }
}

function isMarked(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark);
  } catch {
    return false;
  }
}

const isUntouched = ({ state, attempts, interruptions, crashes }: JobDetails) =>
  (state === "completed" || state === "waiting") && attempts + interruptions + crashes === 0;
const wasGivenBack = ({ state, attempts, interruptions, crashes }: JobDetails) =>
  state === "waiting" && attempts === 0 && interruptions <= 1 && crashes === 0;
const hasFailed = ({ attempts, interruptions, crashes }: JobDetails) =>
  attempts === 1 && interruptions + crashes === 0;

describe.each(ENDING)("SIG%s ends a pool", (name) => {
  it.each(STATES)("%s", async (state) => {
    await using cell = await Cell.create();
    await cell.enter(state, false);

    cell.signal(name);

    expect(await cell.pool.ended(10_000)).toBe(state === "draining" ? 3 : 0);
    const jobs = await cell.jobs();
    expect(jobs.filter(state === "draining" ? wasGivenBack : isUntouched)).toEqual(jobs);
    expect(jobs.some((job) => job.state === "running")).toBe(false);
    await cell.isGone();
    expect(await cell.pool.workers()).toEqual([]);
  });
});

/** What each signal does to a pool that goes on. */
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
  },
  async TTOU(cell) {
    await cell.workers(2 - 1);
    await cell.works();
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
const statesFor = (name: (typeof OTHERS)[number]) =>
  STATES.filter((state) => state !== "draining").filter(
    (_, place) => walksAll || (place + OTHERS.indexOf(name)) % 2 === 0,
  );

describe.each(OTHERS)("SIG%s does what it should, and the pool ends as ever", (name) => {
  it.each(statesFor(name))("%s", async (state) => {
    await using cell = await Cell.create();
    const fails = name === "USR1";
    await cell.enter(state, fails);

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

describe("a pool that ends", () => {
  it("is changed by no other signal", async () => {
    await using cell = await Cell.create();
    await cell.enter("draining", true);

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
    await cell.enter("draining", true);

    cell.signal("USR1");

    expect(await cell.pool.ended(5000)).toBe(0);
    expect((await cell.jobs()).every(hasFailed)).toBe(true);
    await cell.isGone();
  });
});

describe("a burst of signals", () => {
  it("of one kind has its effect once at least, and never more often than sent", async () => {
    await using cell = await Cell.create({ work: 1 });
    await cell.enter("starting", false);
    for (let sent = 0; sent < 5; sent++) cell.signal("TTIN");
    await eventually("more are wanted", async () => ((await cell.pool.status()).groups[0]?.wanted ?? 0) > 1);
    expect((await cell.pool.status()).groups[0]?.wanted).toBeLessThanOrEqual(6);
  });

  // CONT is not among them: the system itself drops a pending TTIN or TTOU for it, and it for those.
  it("of several kinds loses none", async () => {
    await using cell = await Cell.create();
    await cell.enter("idle", false);
    for (const name of ["TTIN", "USR2", "TTOU", "IO"] as const) cell.signal(name);
    for (const text of ["one worker more", "pausing", "one worker less", "report"]) await cell.logged(text);
    expect((await cell.pool.status()).groups[0]?.wanted).toBe(2);
  });

  it("WINCH right after HUP empties the pool, though the configuration is still being read", async () => {
    await using cell = await Cell.create();
    await cell.enter("idle", false);
    cell.signal("HUP");
    await cell.logged("reloading");
    cell.signal("WINCH");
    await cell.logged("reloaded the configuration");
    await cell.workers(0);
  });
});

describe("a second and a third signal", () => {
  it("end a pool whose job blocks its worker", async () => {
    await using cell = await Cell.create({ work: { count: 1, stop: "60s", grace: "60s" } });
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
