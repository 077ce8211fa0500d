import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect, type HolderStatus, type JobState } from "ganger";
import { eventually } from "./eventually.ts";

const CLI = new URL("../../dist/cli/bin.js", import.meta.url).pathname;
const JOBS = new URL("../fixtures/jobs", import.meta.url).pathname;

export interface TestPoolOptions {
  readonly workers: Readonly<Record<string, unknown>>;
  readonly jobs?: string;
  readonly heartbeat?: { readonly every: string; readonly ttl: string };
}

/** `ganger start` as a real process, with a store of its own. */
export class TestPool implements AsyncDisposable {
  readonly folder: string;
  readonly client: Client;
  readonly #config: string;
  #manager: ChildProcess | undefined;
  #log = "";

  private constructor(client: Client, folder: string, { workers, jobs = JOBS, heartbeat }: TestPoolOptions) {
    this.client = client;
    this.folder = folder;
    this.#config = join(folder, "ganger.json");
    const retention = { completed: { count: 1_000_000 } };
    const broker = `sqlite:${join(folder, "ganger.db")}`;
    writeFileSync(this.#config, JSON.stringify({ app: "test", broker, jobs, workers, heartbeat, retention }));
  }

  static async create(options: TestPoolOptions): Promise<TestPool> {
    const folder = mkdtempSync(join(tmpdir(), "ganger-pool-"));
    return new TestPool(await connect(`sqlite:${join(folder, "ganger.db")}`), folder, options);
  }

  /** Starts a manager and waits until so many workers live. */
  static async start(options: TestPoolOptions, ready: number): Promise<TestPool> {
    const pool = await TestPool.create(options);
    pool.startManager();
    await pool.ready(ready);
    return pool;
  }

  startManager(): void {
    const manager = spawn(process.execPath, [CLI, "start", "-c", this.#config], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [manager.stdout, manager.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    }
    this.#manager = manager;
  }

  get log(): string {
    return this.#log;
  }

  /** Pid of the coordinator that was started last, as `ps` would show it. */
  async coordinator(): Promise<number> {
    return eventually("a coordinator runs", () => childrenOf(this.managerPid).find(isCoordinator));
  }

  get managerPid(): number {
    const { pid } = this.#manager ?? {};
    if (pid === undefined) throw new Error("no manager was started");
    return pid;
  }

  signal(name: NodeJS.Signals): void {
    this.#manager?.kill(name);
  }

  /** Exit status of the manager, or the signal that ended it. */
  ended(withinMs = 30_000): Promise<number | NodeJS.Signals> {
    return eventually("the manager ends", () => this.#end(), withinMs);
  }

  async workers(): Promise<readonly (HolderStatus & { readonly pid: number })[]> {
    const holders = (await this.client.broker.inspect?.holders()) ?? [];
    return holders
      .filter(({ alive }) => alive)
      .map((status) => Object.assign({}, status, { pid: pidOf(status.holder) }));
  }

  async ready(count: number): Promise<void> {
    await eventually(
      `${count} workers live\n${this.#log}`,
      async () => (await this.workers()).length >= count,
    );
  }

  /** What is to be known of a pool that does not do as it should. */
  async report(): Promise<string> {
    const { inspect } = this.client.broker;
    const state = { queues: await inspect?.queues(), holders: await inspect?.holders() };
    return `${JSON.stringify(state)}\n${this.#log.slice(-4000)}`;
  }

  async count(state: JobState, queue = "work"): Promise<number> {
    const queues = (await this.client.broker.inspect?.queues()) ?? [];
    return queues.find((row) => row.queue === queue)?.counts[state] ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#manager !== undefined && this.#end() === undefined) {
      this.#manager.kill("SIGTERM");
      await eventually(
        "the second signal is one of its own",
        () => this.#end() !== undefined || ECHO_MS < this.#since(),
      )
        .then(() => this.#manager?.kill("SIGINT"))
        .then(() => this.ended());
    }
    await this.client[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #disposedAt: number | undefined;

  #since(): number {
    this.#disposedAt ??= performance.now();
    return performance.now() - this.#disposedAt;
  }

  #end(): number | NodeJS.Signals | undefined {
    const { exitCode, signalCode } = this.#manager ?? {};
    return exitCode ?? signalCode ?? undefined;
  }
}

/** Signals closer together than this are one wish to the manager. */
const ECHO_MS = 350;

export function pidOf(holder: string): number {
  return Number(holder.split(":").at(-2));
}

/** Ends a process as nothing can prevent, unless it has just ended by itself. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!String(error).includes("ESRCH")) throw error;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}

function isCoordinator(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("coordinator");
  } catch {
    return false;
  }
}
