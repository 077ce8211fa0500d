import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JobDetails } from "ganger";
import { findAppDirectory } from "../../src/pool/process/app-directory.ts";
import { stateOf } from "../../src/util/proc-stat.ts";
import { eventually } from "./eventually.ts";
import { TestPool, type TestPoolOptions } from "./test-pool.ts";

export const FORK_JOBS = new URL("../fixtures/jobs-forks", import.meta.url).pathname;
/** What modules that a test writes name the package by. */
export const PACKAGE = new URL("../../dist/index.js", import.meta.url).pathname;

/** A pool whose processes can all be found, also those that nobody knows of any more. */
export class ForkPool {
  readonly pool: TestPool;
  readonly #mark: string;

  private constructor(pool: TestPool, mark: string) {
    this.pool = pool;
    this.#mark = mark;
  }

  static async create(options: TestPoolOptions): Promise<ForkPool> {
    const mark = randomUUID();
    const env = { ...options.env, GANGER_TEST_MARK: mark };
    return new ForkPool(await TestPool.create({ jobs: FORK_JOBS, ...options, env }), mark);
  }

  /** Starts a manager, and waits until so many workers live that were forked. */
  static async start(options: TestPoolOptions, ready: number): Promise<ForkPool> {
    const forks = await ForkPool.create(options);
    forks.pool.startManager();
    await forks.server();
    await forks.pool.ready(ready);
    return forks;
  }

  /** The fork server in force, once it serves; another one than that which was known before. */
  server(before?: number): Promise<number> {
    return eventually(
      () => `a fork server serves\n${this.pool.log}`,
      async () => {
        const { pid, state } = (await this.pool.status().catch(() => undefined))?.forks ?? {};
        return state === "ready" && pid !== before && pid;
      },
    );
  }

  /** A worker that takes jobs; another one than that which was known before. */
  worker(before?: number): Promise<number> {
    return eventually(
      () => `a worker is ready\n${this.pool.log}`,
      async () => {
        const members = await this.pool.members().catch(() => []);
        return members.find(({ pid, state }) => pid !== before && ["waiting", "working"].includes(state))
          ?.pid;
      },
    );
  }

  /** A job, once it has ended. */
  finished(id: string): Promise<JobDetails> {
    return this.reaches(id, "completed", "failed");
  }

  reaches(id: string, ...states: readonly JobDetails["state"][]): Promise<JobDetails> {
    return eventually(
      async () => `${id} is ${states.join(" or ")}\n${await this.pool.report()}`,
      async () => {
        const job = await this.pool.client.broker.inspect?.find(id);
        return job !== undefined && states.includes(job.state) && job;
      },
    );
  }

  /** What a job has answered. */
  async result<T>(id: string): Promise<T> {
    const { state, result, error } = await this.finished(id);
    if (state !== "completed") throw new Error(`${id} has ${state}: ${JSON.stringify(error)}`);
    return JSON.parse(result ?? "null");
  }

  file(name: string): string {
    return join(this.pool.folder, name);
  }

  lines(name: string): readonly string[] {
    const file = this.file(name);
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
  }

  /** Waits until so many lines are in a file. */
  async wrote(name: string, count = 1): Promise<readonly string[]> {
    await eventually(
      async () => `${name} has ${count} lines: ${this.lines(name).join("; ")}\n${await this.pool.report()}`,
      () => this.lines(name).length >= count,
    );
    return this.lines(name);
  }

  /** All processes that were started for this pool and still run, whoever's children they are now. */
  processes(): readonly number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => environmentOf(pid).includes(this.#mark) && stateOf(pid) !== "Z");
  }

  /** What `ps` shows of them. */
  picture(): string {
    return this.processes().map(describe).join("\n");
  }

  /** Where its sockets are. */
  get directory(): string {
    const broker = `sqlite:${this.file("ganger.db")}`;
    return findAppDirectory({ app: "test", broker, pidfile: undefined });
  }

  /** Sockets that are left in the pool's folder. Records of workers are the next manager's to remove. */
  files(): readonly string[] {
    const names = existsSync(this.directory) ? readdirSync(this.directory) : [];
    return names.filter((name) => !name.endsWith(".json"));
  }

  /** Waits until nothing is left of the pool, nor of what its jobs started. */
  async isGone(): Promise<void> {
    await eventually(
      () => `all processes are gone: ${this.picture()}\n${this.pool.log.slice(-3000)}`,
      () => this.processes().length === 0,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.pool[Symbol.asyncDispose]();
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return "";
  }
}

function describe(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").trim()}`;
  } catch {
    return String(pid);
  }
}
