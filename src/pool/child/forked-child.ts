import { rmSync } from "node:fs";
import type { ForkClient, ForkedChild } from "../../forkserver/client.ts";
import type { ForkRequest } from "../../forkserver/messages.ts";
import { jobsSocketOf } from "../../forkserver/sockets.ts";
import { Link } from "../../ipc/link.ts";
import type { FromWorker, ToWorker } from "../../ipc/messages.ts";
import type { Switchboard } from "../../ipc/switchboard.ts";
import { tryKill } from "../../util/kill-tree.ts";
import { startTimeOf } from "../../util/proc-stat.ts";
import { isRunning, untilGone } from "../../util/until-gone.ts";
import type { ForkServer } from "../fork/fork-server.ts";
import type { Child, Exit, Surroundings } from "./child.ts";
import { Helpers } from "./helpers.ts";

export interface ForkedWorkerOptions {
  readonly server: ForkServer;
  readonly board: () => Promise<Switchboard>;
  readonly processGroup: Surroundings["processGroup"];
  readonly openStdio: Surroundings["openStdio"];
  readonly onMessage: (message: FromWorker) => void;
  /** Called once. */
  readonly onExit: (exit: Exit) => void;
  /** It has a process id from now on. */
  readonly onSpawned: () => void;
  /** Starts a new process, when there is no fork to be had. */
  readonly otherwise: () => Child<ToWorker>;
}

const REQUEST = JSON.stringify({ kind: "worker" } satisfies ForkRequest);

/**
 * A worker that is forked from the application as soon as that is loaded. What it is told before then waits until it is
 * known to be there, and its link too.
 */
export class ForkedWorker implements Child<ToWorker> {
  readonly #options: ForkedWorkerOptions;
  readonly #early: ToWorker[] = [];
  #forked: ForkedChild | undefined;
  #start: number | undefined;
  #link: Link<FromWorker, ToWorker> | undefined;
  #other: Child<ToWorker> | undefined;
  readonly #helpers = new Helpers();
  /** What it said it would end with. */
  #code: number | null = null;
  #isOver = false;

  constructor(options: ForkedWorkerOptions) {
    this.#options = options;
    options.server.use(1);
    void this.#begin();
  }

  get pid(): number | undefined {
    return this.#forked?.pid ?? this.#other?.pid;
  }

  send(message: ToWorker): boolean {
    if (this.#other !== undefined) return this.#other.send(message);
    if (this.#isOver) return false;
    if (this.#forked === undefined && (message.type === "drain" || message.type === "abort")) {
      this.#cancel({ code: 0, signal: null });
      return true;
    }
    if (this.#forked !== undefined && this.#link !== undefined) return this.#link.send(message);
    this.#early.push(message);
    return true;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#other !== undefined) this.#other.kill(signal);
    else if (this.#forked !== undefined) this.#signal(this.#forked, signal);
    else this.#cancel({ code: null, signal });
  }

  /** It has not begun: there is nothing to ask. */
  #cancel(exit: Exit): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tellLoading();
    setImmediate(() => this.#leave(exit));
  }

  async #begin(): Promise<void> {
    const { server, board, otherwise, onSpawned } = this.#options;
    const client = await server.reach();
    if (this.#isOver) return;
    const forked = client === undefined ? undefined : await this.#fork(client, board).catch(server.refused);
    if (forked !== undefined) return this.#begun(forked);
    if (this.#isOver) return;
    this.#tellLoading();
    this.#isOver = true;
    server.use(-1);
    this.#other = otherwise();
    for (const message of this.#early.splice(0)) this.#other.send(message);
    onSpawned();
  }

  #begun(forked: ForkedChild): void {
    this.#start = startTimeOf(forked.pid);
    if (this.#isOver) return this.#signal(forked, "SIGKILL");
    this.#forked = forked;
    this.#flush();
    void this.#watch(forked);
    this.#options.onSpawned();
  }

  async #fork(client: ForkClient, board: () => Promise<Switchboard>): Promise<ForkedChild> {
    const { processGroup, openStdio } = this.#options;
    const links = await board();
    using stdio = openStdio();
    const hello = links.expect((socket) => {
      this.#link = new Link<FromWorker, ToWorker>(socket, (message) => this.#receive(message));
      this.#flush();
    });
    try {
      return await client.fork(REQUEST, {
        sockets: [{ socket: links.path, hello }],
        stdout: streamOf(stdio.stdout),
        stderr: streamOf(stdio.stderr),
        detached: processGroup === "own" ? "group" : undefined,
      });
    } catch (error) {
      // One that was forked all the same finds nobody at the other end, and goes.
      links.forget(hello);
      this.#link?.close();
      throw error;
    }
  }

  #flush(): void {
    const link = this.#link;
    if (this.#forked === undefined || link === undefined) return;
    for (const message of this.#early.splice(0)) link.send(message);
  }

  #receive(message: FromWorker): void {
    if (message.type === "ending") this.#code = message.code;
    if (message.type === "helper") this.#helpers.add(message.pid);
    this.#options.onMessage(message);
  }

  /** The server may be stopped, or gone: it is not asked to do this. */
  #signal({ pid }: ForkedChild, signal: NodeJS.Signals): void {
    if (!isRunning(pid, this.#start)) return;
    const isGroup = signal === "SIGKILL" && this.#options.processGroup === "own";
    try {
      process.kill(isGroup ? -pid : pid, signal);
    } catch {
      // It is gone.
    }
  }

  async #watch({ pid, exited }: ForkedChild): Promise<void> {
    const { code, signal, lost } = await exited;
    if (!lost) return this.#ended(pid, { code, signal });
    // Its server is gone, and nobody will say how it ends but itself.
    await untilGone(pid, this.#start);
    setImmediate(() => this.#ended(pid, { code: this.#code, signal: null }));
  }

  #ended(pid: number, exit: Exit): void {
    const { server, processGroup } = this.#options;
    this.#isOver = true;
    // Its jobs run again elsewhere: what they had started would go on beside that.
    if (exit.code !== 0) {
      if (processGroup === "own") tryKill(-pid);
      this.#helpers.kill();
    }
    rmSync(jobsSocketOf(server.socket, pid), { force: true });
    this.#leave(exit);
  }

  #leave(exit: Exit): void {
    this.#options.onExit(exit);
    this.#options.server.use(-1);
  }

  /** A start that takes too long is to be named. */
  #tellLoading(): void {
    const { server, onMessage } = this.#options;
    if (server.loading !== "") onMessage({ type: "loading", what: server.loading });
  }
}

/** A descriptor of ours, as the server can open it. */
function streamOf(target: number | "inherit" | "ignore"): "inherit" | "null" | { readonly file: string } {
  if (target === "ignore") return "null";
  return target === "inherit" ? "inherit" : { file: `/proc/${process.pid}/fd/${target}` };
}
