import { spawn } from "node:child_process";
import { MAX_TIMER_MS } from "../../util/timers.ts";

type Env = Readonly<Record<string, string | undefined>>;

export interface NotifierOptions {
  /** An addon that sends a datagram. `path` is as in `NOTIFY_SOCKET`: with `@` first it is an abstract one. */
  readonly native?: { notify(path: string, text: string): void } | undefined;
  /** Told once when the service manager cannot be reached. */
  readonly warn?: ((message: string) => void) | undefined;
}

/**
 * Tells systemd, or who else set `NOTIFY_SOCKET`, how far the pool is: sd_notify(3). Node.js cannot send datagrams to a
 * Unix socket, so that systemd-notify(1) does it, unless an addon can. The unit then needs `NotifyAccess=all`.
 */
export class Notifier {
  readonly #env: Env;
  readonly #path: string;
  readonly #options: NotifierOptions;
  /** What waits for the message before it: another may join it. */
  readonly #waiting: string[][] = [];
  #sending: Promise<void> | undefined;
  #hasWarned = false;

  private constructor(env: Env, path: string, options: NotifierOptions) {
    this.#env = env;
    this.#path = path;
    this.#options = options;
  }

  static from(env: Env, options: NotifierOptions = {}): Notifier | undefined {
    const path = env["NOTIFY_SOCKET"];
    return path === undefined || path === "" ? undefined : new Notifier(env, path, options);
  }

  /** Resolves when all that was said is sent. */
  get sent(): Promise<void> {
    return this.#sending ?? Promise.resolve();
  }

  /** The start may take so long, whatever the unit says. */
  starting(status: string, withinMs: number): void {
    this.#send(toStatus(status), `EXTEND_TIMEOUT_USEC=${withinMs * 1000}`);
  }

  /** Also after a reload, and by a manager that has taken over from another. */
  ready(status: string): void {
    this.#send("READY=1", `MAINPID=${process.pid}`, toStatus(status));
  }

  reloading(): void {
    this.#send("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  stopping(): void {
    this.#send("STOPPING=1");
  }

  status(text: string): void {
    // Only the newest is of interest: systemd-notify may be slower than news come.
    const last = this.#waiting.at(-1);
    if (last?.length === 1 && last[0]?.startsWith("STATUS=")) this.#waiting.pop();
    this.#send(toStatus(text));
  }

  /** Says at twice the rate that was asked for that we are alive, if we are. `undefined` when nobody asked us. */
  startWatchdog(isAlive: () => boolean): Disposable | undefined {
    const { WATCHDOG_USEC: limit, WATCHDOG_PID: pid } = this.#env;
    const everyMs = Math.min(Number(limit) / 2000, MAX_TIMER_MS);
    if (!(everyMs > 0) || (pid !== undefined && Number(pid) !== process.pid)) return undefined;
    const timer = setInterval(() => {
      // With the one before still on its way another one would say nothing new.
      if (isAlive() && this.#waiting.length === 0) this.#send("WATCHDOG=1");
    }, everyMs).unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  #send(...assignments: string[]): void {
    const { native } = this.#options;
    if (native === undefined) {
      this.#waiting.push(assignments);
      this.#sending ??= this.#sendWaiting();
      return;
    }
    try {
      native.notify(this.#path, assignments.join("\n"));
    } catch (error) {
      this.#warn(error instanceof Error ? error.message : String(error));
    }
  }

  async #sendWaiting(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const problem = await run(next, this.#env);
      if (problem !== undefined) this.#warn(problem);
    }
    this.#sending = undefined;
  }

  #warn(problem: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.warn?.(`the service manager at ${this.#path} cannot be told how the pool is: ${problem}`);
  }
}

/** The environment for processes that are not to speak for the pool. */
export function withoutNotify<Value>(env: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !VARIABLES.has(name)));
}

const VARIABLES = new Set(["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]);

/** One assignment is one line. */
function toStatus(text: string): string {
  return `STATUS=${text.replaceAll(/\s*[\r\n]+\s*/g, " ")}`;
}

const PATIENCE_MS = 5000;

/** The problem, if there was one. */
function run(assignments: readonly string[], env: Env): Promise<string | undefined> {
  return new Promise((resolve) => {
    const program = spawn("systemd-notify", assignments, {
      env,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: PATIENCE_MS,
      killSignal: "SIGKILL",
    });
    let said = "";
    program.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    program.once("error", (error) => resolve(error.message));
    program.once("close", (code, signal) =>
      resolve(code === 0 ? undefined : said.trim() || `systemd-notify ended with ${signal ?? code}`),
    );
  });
}
