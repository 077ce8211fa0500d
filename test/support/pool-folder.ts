import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { builtJobs } from "./built-jobs.ts";
import { eventually } from "./eventually.ts";
import { isAlive, kill } from "./test-pool.ts";

const CLI = new URL("../../dist/cli/bin.js", import.meta.url).pathname;

/** Variables that name an environment, and would of the process that runs the tests. */
const UNSET = new Set(["GANGER_ENV", "NODE_ENV", "RACK_ENV", "RAILS_ENV", "RESQUE_ENV", "QLESS_ENV"]);

export type Env = Readonly<Record<string, string>>;

/** The folder of an application, in which `ganger` is run as an operator would. */
export class PoolFolder implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), "ganger-folder-"));
  readonly #pids = new Set<number>();

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.file(name)), { recursive: true });
    writeFileSync(this.file(name), text);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** What is in a file; nothing when it is not there. */
  read(name: string): string {
    return existsSync(this.file(name)) ? readFileSync(this.file(name), "utf8") : "";
  }

  /** Starts a command that goes on. */
  start(args: readonly string[] = ["start"], env: Env = {}): Started {
    const inherited = Object.entries(process.env).filter(([name]) => !UNSET.has(name));
    const child = spawn(process.execPath, [CLI, ...args], {
      cwd: this.path,
      env: { ...Object.fromEntries(inherited), GANGER_APP: "shop", GANGER_JOBS: builtJobs("jobs"), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (child.pid !== undefined) this.#pids.add(child.pid);
    return new Started(child);
  }

  /** Runs a command to its end. */
  async run(
    args: readonly string[],
    env: Env = {},
  ): Promise<{ readonly code: number; readonly out: string }> {
    const started = this.start(args, env);
    const code = await started.ended();
    return { code: Number(code), out: started.log };
  }

  /** The process id in a pidfile. */
  pid(name: string): number {
    const pid = Number(this.read(name));
    if (!(pid > 0)) throw new Error(`there is no process id in ${name}`);
    this.#pids.add(pid);
    return pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#pids) kill(pid);
    await eventually("all have ended", () => ![...this.#pids].some(isAlive));
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A command that runs, and what it has printed on either stream. */
export class Started {
  readonly child: ChildProcess;
  readonly #closed: Promise<unknown>;
  log = "";

  constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.log += text;
      });
    }
    this.#closed = once(child, "close");
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits until a text was printed so often. */
  async says(text: string, times = 1): Promise<void> {
    await eventually(
      () => `it says ${text} ${times} times, but:\n${this.log}`,
      () => this.log.split(text).length > times,
    );
  }

  /** Its exit status, once it has ended and all that it started has let go of its output. */
  async ended(): Promise<number | string> {
    await this.#closed;
    return this.child.exitCode ?? this.child.signalCode ?? "";
  }
}

/** What `ps` shows of a process. */
export function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}
