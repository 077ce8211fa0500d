import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ResolvedConfig } from "../../config/resolved.ts";
import { Switchboard } from "../../ipc/switchboard.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Surroundings } from "../child/child.ts";
import { isAlive } from "../process/alive.ts";
import { ForkServer, type ForkServerState } from "./fork-server.ts";

export interface ForkServersOptions {
  readonly around: () => Surroundings;
  readonly log: Logger;
  /** A folder of this user's own for sockets. */
  readonly directory: string;
  readonly onChange: () => void;
}

/** The fork server in force, and those before it that workers still come from. */
export class ForkServers {
  readonly #options: ForkServersOptions;
  readonly #servers = new Set<ForkServer>();
  #current: ForkServer | undefined;
  #kind = "";
  #count = 0;
  #board: Promise<Switchboard> | undefined;

  constructor(options: ForkServersOptions) {
    this.#options = options;
    sweep(options.directory);
  }

  /** `undefined` when workers are to be new processes. */
  get current(): ForkServer | undefined {
    return this.#current;
  }

  get status(): { readonly pid: number | undefined; readonly state: ForkServerState } | undefined {
    if (this.#current === undefined) return undefined;
    const { pid, state } = this.#current;
    return { pid, state };
  }

  /** Of all that there are. */
  get pids(): readonly number[] {
    return Array.from(this.#servers, ({ pid }) => pid).filter((pid) => pid !== undefined);
  }

  /** Where forked workers connect. */
  board(): Promise<Switchboard> {
    this.#board ??= Switchboard.open(join(this.#options.directory, `links-${process.pid}`));
    return this.#board;
  }

  /**
   * Has the application loaded anew when it is another one than before, or `isNew` says that its code is. The server of before
   * goes on for those that need it. Answers how to take that back.
   */
  apply(config: ResolvedConfig, isNew: boolean): () => void {
    const [last, lastKind] = [this.#current, this.#kind];
    const kind = kindOf(config);
    if (kind === lastKind && !isNew) return () => undefined;
    this.#use(isWanted(config) ? this.#create(config) : undefined, kind);
    return () => {
      last?.recall();
      this.#use(last, lastKind);
    };
  }

  /** The pool goes. Workers that it leaves behind keep theirs, which ends after the last of them; the others are gone when this resolves. */
  async end(): Promise<void> {
    for (const server of this.#servers) server.retire();
    const board = await this.#board?.catch(() => undefined);
    board?.close();
    await Promise.all(Array.from(this.#servers, ({ gone }) => gone));
  }

  #use(server: ForkServer | undefined, kind: string): void {
    const last = this.#current;
    this.#current = server;
    this.#kind = kind;
    if (last !== server) last?.retire();
  }

  #create(config: ResolvedConfig): ForkServer {
    const { directory, ...options } = this.#options;
    const socket = join(directory, `forks-${++this.#count}-${process.pid}`);
    const server = new ForkServer({ ...options, config, socket });
    this.#servers.add(server);
    for (const other of this.#servers) if (other.state === "ended") this.#servers.delete(other);
    return server;
  }
}

function isWanted({ fork, workers }: ResolvedConfig): boolean {
  return fork === "auto" && workers.some(({ exec }) => exec === undefined);
}

/** What a fork server was started with: where this differs, another is needed. */
function kindOf(config: ResolvedConfig): string {
  const { app, environment, broker, jobs, preload, hooks, log, processGroup } = config;
  return JSON.stringify([
    isWanted(config),
    app,
    environment,
    broker,
    jobs,
    preload,
    hooks,
    log,
    processGroup,
  ]);
}

/** Sockets of processes that were killed stay behind. */
function sweep(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = SOCKET.exec(name)?.[1];
    if (
      pid !== undefined &&
      (Number(pid) === process.pid || !isAlive({ pid: Number(pid), start: undefined }))
    )
      rmSync(join(directory, name), { force: true });
  }
}

const SOCKET = /^(?:(?:forks|tries)-\d+|links|jobs)-(\d+)$/;
