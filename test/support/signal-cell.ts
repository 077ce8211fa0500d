import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { JobDetails } from "ganger";
import { hold, noop, pause } from "../fixtures/jobs/all.ts";
import { eventually } from "./eventually.ts";
import { TestPool } from "./test-pool.ts";

export const ENDING = ["QUIT", "INT", "TERM"] as const;
export const OTHERS = ["HUP", "WINCH", "TTIN", "TTOU", "USR1", "USR2", "CONT", "IO"] as const;
export const STATES = ["starting", "idle", "one job", "many jobs", "draining", "reloading"] as const;
type Name = (typeof ENDING)[number] | (typeof OTHERS)[number];
export type State = (typeof STATES)[number];

/** Signals to end that are closer together are one wish. */
export const ECHO_MS = 350;
const CONCURRENCY = 2;
const workersOf = (concurrency: number) => ({ work: { count: 2, concurrency } });

/** All processes of one pool, whoever their parent is by now: they have its mark in their environment. */
export class Cell implements AsyncDisposable {
  readonly pool: TestPool;
  readonly #mark: string;
  readonly #fork: string;
  #concurrency = CONCURRENCY;
  #ids: readonly string[] = [];
  /** How much was logged when the last signal was sent. */
  #logged = 0;

  private constructor(pool: TestPool, mark: string, fork: string) {
    this.pool = pool;
    this.#mark = mark;
    this.#fork = fork;
  }

  static async create(
    fork: "auto" | "never" = "auto",
    workers: Readonly<Record<string, unknown>> = workersOf(CONCURRENCY),
  ): Promise<Cell> {
    const mark = `TEST_CELL=${process.pid}-${Math.random()}`;
    const [name = "", value = ""] = mark.split("=");
    const pool = await TestPool.create({ workers, config: { fork }, env: { [name]: value } });
    return new Cell(pool, mark, fork);
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
    this.#logged = this.pool.log.length;
    this.pool.signal(`SIG${name}`);
  }

  /** Waits until it has logged something since the last signal. */
  async logged(text: string): Promise<void> {
    await eventually(
      () => `it logs ${text}\n${this.pool.log}`,
      () => this.pool.log.includes(text, this.#logged),
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

  /** Starts the pool and brings it into a state. */
  async start(state: State, isLong = false): Promise<void> {
    this.pool.startManager();
    if (state === "starting") return this.logged("started manager");
    await this.pool.ready(2);
    await this.enter(state, isLong);
  }

  /** Brings the pool into a state; `isLong` says that the jobs in it are to outlast the signal. */
  async enter(state: State, isLong = false): Promise<void> {
    const { pool } = this;
    this.#ids = [];
    if (state === "one job") await this.#runs(1, isLong ? "hold" : 300);
    if (state === "many jobs") await this.#runs(12, isLong ? "hold" : 80);
    if (state === "draining") {
      await this.#runs(1, "hold");
      this.signal("TERM");
      await this.logged("draining");
      await delay(ECHO_MS);
    }
    if (state === "reloading") {
      pool.configure({ workers: workersOf(++this.#concurrency), config: { fork: this.#fork } });
      this.signal("HUP");
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

  /** Waits until all is as it was before the state and the signal, and its jobs are done. */
  async isBack(): Promise<void> {
    const { pool } = this;
    const times = (text: string) => pool.log.split(text).length;
    await eventually(
      () => `it is not reloading\n${pool.log}`,
      () => times("] reloading signal") === times("reloaded the configuration"),
    );
    await this.workers(2);
    await eventually(
      () => this.pool.report(),
      async () => (await this.jobs()).every(({ state }) => state === "completed"),
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

export const isUntouched = ({ state, attempts, interruptions, crashes }: JobDetails) =>
  (state === "completed" || state === "waiting") && attempts + interruptions + crashes === 0;
export const wasGivenBack = ({ state, attempts, interruptions, crashes }: JobDetails) =>
  state === "waiting" && attempts === 0 && interruptions <= 1 && crashes === 0;
export const hasFailed = ({ attempts, interruptions, crashes }: JobDetails) =>
  attempts === 1 && interruptions + crashes === 0;
