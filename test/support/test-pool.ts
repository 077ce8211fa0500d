import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Client, connect, type HolderStatus, type JobState } from "ganger";
import { ControlClient } from "../../src/control/client.ts";
import { findManagers } from "../../src/control/find.ts";
import type { MemberStatus, PoolStatus } from "../../src/control/messages.ts";
import { findAppDirectory } from "../../src/pool/process/app-directory.ts";
import { builtJobs } from "./built-jobs.ts";
import { eventually } from "./eventually.ts";

const CLI = new URL("../../dist/cli/bin.js", import.meta.url).pathname;

export interface TestPoolOptions {
  readonly workers: Readonly<Record<string, unknown>>;
  readonly jobs?: string | readonly string[];
  /** URL of a store. @default a SQLite file of its own */
  readonly broker?: string;
  readonly heartbeat?: { readonly every: string; readonly ttl: string };
  /** Other keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Flags of `ganger start`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `ganger start` as a real process, with a store of its own. */
export class TestPool implements AsyncDisposable {
  readonly folder: string;
  readonly client: Client;
  readonly #config: string;
  readonly #options: TestPoolOptions;
  readonly #broker: string;
  #manager: ChildProcess | undefined;
  #log = "";

  private constructor(client: Client, folder: string, options: TestPoolOptions) {
    this.client = client;
    this.folder = folder;
    this.#options = options;
    this.#config = join(folder, "ganger.json");
    this.#broker = options.broker ?? `sqlite:${join(folder, "ganger.db")}`;
    this.configure(options);
  }

  /** Writes the configuration anew; the manager reads it when it is told to. */
  configure({ workers, jobs = builtJobs("jobs"), heartbeat, config }: TestPoolOptions): void {
    const retention = { completed: { count: 1_000_000 } };
    const all = { app: "test", broker: this.#broker, jobs, workers, heartbeat, retention, ...config };
    writeFileSync(this.#config, JSON.stringify(all));
  }

  static async create(options: TestPoolOptions): Promise<TestPool> {
    const folder = mkdtempSync(join(tmpdir(), "ganger-pool-"));
    const client = await connect(options.broker ?? `sqlite:${join(folder, "ganger.db")}`);
    return new TestPool(client, folder, options);
  }

  /** Starts a manager and waits until so many workers live. */
  static async start(options: TestPoolOptions, ready: number): Promise<TestPool> {
    const pool = await TestPool.create(options);
    pool.startManager();
    await pool.ready(ready);
    return pool;
  }

  /** Another one may run already; signals go to the one started last. */
  startManager(args: readonly string[] = []): ChildProcess {
    const argv = [CLI, "start", "-c", this.#config, ...(this.#options.args ?? []), ...args];
    const manager = spawn(process.execPath, argv, {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: dirname(this.#config),
      env: { ...process.env, ...this.#options.env },
    });
    for (const stream of [manager.stdout, manager.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#log += text;
      });
    }
    this.#manager = manager;
    return manager;
  }

  /** What the manager says of itself. */
  async status(pid = this.managerPid): Promise<PoolStatus> {
    const directory = findAppDirectory({ app: "test", broker: this.#broker, pidfile: undefined });
    const found = (await findManagers(directory)).find((manager) => manager.pid === pid);
    if (found === undefined) throw new Error(`manager ${pid} cannot be reached\n${this.#log}`);
    const answer = await ControlClient.ask(found.socket, { type: "status" }, { timeoutMs: 5000 });
    if (answer.type !== "status") throw new Error("no status");
    return answer.status;
  }

  /** The processes of all groups, as the manager knows them. */
  async members(): Promise<readonly MemberStatus[]> {
    return (await this.status()).groups.flatMap(({ workers }) => workers);
  }

  /** Runs a command of ganger's on this pool. */
  async run(...args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
    const child = spawn(process.execPath, [CLI, ...args, "-c", this.#config], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: dirname(this.#config),
      env: { ...process.env, ...this.#options.env },
    });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
    }
    const [code] = await once(child, "close");
    return { code: typeof code === "number" ? code : null, out };
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
