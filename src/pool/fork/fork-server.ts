import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ResolvedConfig } from "../../config/resolved.ts";
import { type ForkClient, findForks } from "../../forkserver/client.ts";
import type { ForkServerStart, FromForkServer } from "../../forkserver/messages.ts";
import { rehearsalSocketOf, whyUnreachable } from "../../forkserver/sockets.ts";
import { LINK_DESCRIPTOR } from "../../ipc/link.ts";
import type { Failure } from "../../ipc/messages.ts";
import type { Logger } from "../../telemetry/log.ts";
import { type Surroundings, spawnAmid, watch } from "../child/child.ts";

export interface ForkServerOptions {
  readonly config: ResolvedConfig;
  readonly around: () => Surroundings;
  readonly log: Logger;
  /** Where it is to listen. */
  readonly socket: string;
  readonly onChange: () => void;
}

export type ForkServerState = "loading" | "ready" | "cooling" | "unavailable" | "ended";

/**
 * The process that has loaded the application, and forks workers and jobs from it. When it dies it is started again;
 * those that came from it go on. Where there can be none it says why, once, and workers are new processes.
 */
export class ForkServer {
  readonly #options: ForkServerOptions;
  state: ForkServerState = "loading";
  #child: ChildProcess | undefined;
  #client: ForkClient | undefined;
  #loading = "";
  #failure: Failure | undefined;
  #failures = 0;
  #users = 0;
  #gone: Promise<unknown> = Promise.resolve();
  #isRetired = false;
  #timer: NodeJS.Timeout | undefined;
  #pulse: NodeJS.Timeout | undefined;
  #readyAt = 0;
  #settled: Promise<void> = Promise.resolve();
  /** Set while it may be there soon. */
  #settle: (() => void) | undefined;

  constructor(options: ForkServerOptions) {
    this.#options = options;
    this.#unsettle();
    void this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get socket(): string {
    return this.#options.socket;
  }

  /** What it loads, or could not load; empty once it has loaded everything. */
  get loading(): string {
    return this.#loading;
  }

  /** A way to fork, once it is known whether there is one. One that was killed is soon back: it is waited for. */
  async reach(): Promise<ForkClient | undefined> {
    await this.#settled;
    return this.#client;
  }

  /** It gave no fork, although it was there. */
  readonly refused = (error: unknown): undefined => {
    const reason = error instanceof Error ? error.message : String(error);
    if (this.state === "ready")
      this.#options.log.warn({ reason }, "a worker is a new process, as it could not be forked");
  };

  /** Resolves when what was ended is gone; at once for one that goes on. */
  get gone(): Promise<unknown> {
    return this.#gone;
  }

  /** Somebody needs it, or does so no more. */
  use(by: 1 | -1): void {
    this.#users += by;
    this.#endIfUnused();
  }

  /** Ends when nobody needs it any more. */
  retire(): void {
    this.#isRetired = true;
    this.#endIfUnused();
  }

  /** It is needed after all. */
  recall(): void {
    this.#isRetired = false;
    if (this.state !== "ended") return;
    this.#unsettle();
    void this.#start();
  }

  /** Ends it, and none that came from it. */
  end(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#pulse);
    this.#to("ended");
    this.#client?.close();
    this.#client = undefined;
    const child = this.#child;
    this.#child = undefined;
    this.#removeSockets();
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#gone = once(child, "exit");
    child.kill("SIGKILL");
  }

  #removeSockets(): void {
    for (const path of [this.socket, rehearsalSocketOf(this.socket)]) rmSync(path, { force: true });
  }

  #endIfUnused(): void {
    if (this.#isRetired && this.#users === 0 && this.state !== "ended") this.end();
  }

  async #start(): Promise<void> {
    this.#to("loading");
    const means = await findForks();
    if (this.state !== "loading") return;
    if (typeof means === "string") return this.#refuse(means, "info");
    const { config, around, socket } = this.#options;
    const obstacle = whyUnreachable(socket);
    if (obstacle !== undefined) return this.#refuse(obstacle, "warn");
    this.#removeSockets();
    const command = [process.execPath, ...means.flags, fileURLToPath(means.program)];
    const { env, ...same } = around();
    const child = spawnAmid({ ...same, env: { ...env, GANGER_ENV: config.environment } }, command, ["pipe"]);
    if (child instanceof Error) return this.#failed(child.message, false);
    this.#child = child;
    this.#failure = undefined;
    watch(child, ({ code, signal, error }) => {
      if (this.#child === child) this.#failed(error ?? signal ?? `exit status ${code}`, signal !== null);
    });
    this.#timer = setTimeout(() => {
      const what = this.#loading === "" ? "" : ` while it loaded ${this.#loading}`;
      this.#failure = { message: `it was killed, as it was not ready in time${what}` };
      child.kill("SIGKILL");
    }, config.bootMs);
    this.#converse(child, () => means.connect(socket));
  }

  #converse(child: ChildProcess, connect: () => Promise<ForkClient>): void {
    const stream = child.stdio[LINK_DESCRIPTOR];
    if (!(stream instanceof Duplex)) return;
    let rest = "";
    stream.on("error", () => undefined);
    stream.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "ready") void this.#ready(child, connect);
        else this.#hear(line);
      }
    });
    stream.write(`${JSON.stringify(this.#orders())}\n`);
  }

  #orders(): ForkServerStart {
    const { app, environment, broker, jobs, preload, hooks, log } = this.#options.config;
    return { socket: this.socket, app, environment, broker, jobs, preload, hooks, log };
  }

  #hear(line: string): void {
    const message: FromForkServer = JSON.parse(line);
    if (message.type === "loading") this.#loading = message.what;
    else this.#failure = message.failure;
  }

  async #ready(child: ChildProcess, connect: () => Promise<ForkClient>): Promise<void> {
    clearTimeout(this.#timer);
    const client = await connect().catch(() => undefined);
    if (this.#child !== child || this.state !== "loading") return client?.close();
    if (client === undefined) return void child.kill("SIGKILL");
    this.#client = client;
    this.#loading = "";
    this.#readyAt = performance.now();
    this.#pulse = feelPulse(client, () => {
      this.#failure = { message: "it did not answer, and was killed" };
      child.kill("SIGKILL");
    });
    this.#options.log.info({ pid: child.pid }, "the application is loaded; workers are forked from it");
    this.#to("ready");
  }

  #failed(how: string, wasKilled: boolean): void {
    clearTimeout(this.#timer);
    clearInterval(this.#pulse);
    const wasReady = this.state === "ready";
    this.#child = undefined;
    this.#client?.close();
    this.#client = undefined;
    if (this.state === "ended" || this.state === "unavailable") return;
    const { code, message } = this.#failure ?? {};
    if (code?.startsWith("GANGER_FORK_") === true) return this.#refuse(message ?? "", "warn");
    const reason = message ?? (this.#loading === "" ? how : `${how} while it loaded ${this.#loading}`);
    this.#options.log.error({ reason }, "the fork server ended");
    // Those that came from it go on, and another would load code that is not theirs.
    if (this.#isRetired) return this.end();
    const isForgiven = wasReady && performance.now() - this.#readyAt > this.#options.config.restart.stableMs;
    this.#failures = isForgiven ? 1 : this.#failures + 1;
    // Of what failed by itself nobody knows that the next one will do better.
    if (!wasKilled || message !== undefined || this.#failures > PATIENCE) this.#release();
    else this.#unsettle();
    this.#to("cooling");
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 1), LONGEST_DELAY_MS);
    this.#timer = setTimeout(() => void this.#start(), delayMs);
  }

  #refuse(reason: string, level: "info" | "warn"): void {
    this.#options.log[level]({ reason }, "workers and jobs are new processes, not forks");
    this.#child?.kill("SIGKILL");
    this.#loading = "";
    this.#to("unavailable");
  }

  #to(state: ForkServerState): void {
    this.state = state;
    if (state !== "loading" && state !== "cooling") this.#release();
    // Whoever has it loaded or retired is in the middle of a change, and is not to be asked whether that is done.
    queueMicrotask(this.#options.onChange);
  }

  /** Whoever asks from now on waits. */
  #unsettle(): void {
    if (this.#settle !== undefined) return;
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  #release(): void {
    this.#settle?.();
    this.#settle = undefined;
  }
}

/**
 * A server that is stopped, or waits for a disk for ever, forks nothing and tells of no end. One miss is no proof: it may
 * have been this process that was stopped.
 */
function feelPulse(client: ForkClient, onDead: () => void): NodeJS.Timeout {
  let missed = 0;
  const ask = async () => {
    try {
      await client.kill(process.pid, 0);
      missed = 0;
    } catch {
      // It is gone, and everybody knows.
    }
  };
  return setInterval(() => {
    if (missed === MISSES) onDead();
    else if (missed++ === 0) void ask();
  }, PULSE_MS).unref();
}

const PULSE_MS = 2000;
const MISSES = 3;
/** How many deaths in a row are waited out before workers are new processes. */
const PATIENCE = 3;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 30_000;
