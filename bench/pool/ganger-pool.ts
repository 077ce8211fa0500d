import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Client, connect } from "ganger";
import { socketOf } from "../../src/control/address.ts";
import type { ControlAnswer, ControlRequest } from "../../src/control/messages.ts";
import { appDirectory } from "../../src/pool/process/app-directory.ts";
import type { Defer } from "../scope.ts";
import { type Line, Program } from "./program.ts";

const CLI = fileURLToPath(new URL("../../dist/cli/bin.js", import.meta.url));
const JOBS = fileURLToPath(new URL("../programs/jobs", import.meta.url));

/** The workers are shared out evenly among these lists, all of which have the queue `work`. */
export const LISTS = ["work", "mail,work", "thumbs,work", "reports,*"] as const;

export interface PoolSetup {
  readonly workers: number;
  /** A folder of job modules. */
  readonly jobs?: string;
  readonly lists?: readonly string[];
  /** For each of the lists. */
  readonly group?: object;
  /** Other keys of the configuration. */
  readonly config?: object;
}

/** Pools of `ganger start` on one database, seen from outside: by their log and their control socket. */
export class GangerPool {
  readonly folder = mkdtempSync(join(tmpdir(), "ganger-bench-"));
  readonly workers: number;
  readonly #broker = `sqlite:${join(this.folder, "ganger.db")}`;
  readonly #setup: PoolSetup;
  readonly #defer: Defer;

  constructor(setup: PoolSetup, defer: Defer) {
    this.workers = setup.workers;
    this.#setup = setup;
    this.#defer = defer;
    const remove = () => rmSync(this.folder, { recursive: true, force: true });
    process.once("exit", remove);
    defer(() => {
      process.off("exit", remove);
      remove();
    });
    this.configure({});
  }

  /** Writes the configuration; with what `changes` says for these lists. */
  configure(changes: Readonly<Record<string, object>>): void {
    const { jobs = JOBS, lists = LISTS, group, config } = this.#setup;
    const count = this.workers / lists.length;
    const workers = Object.fromEntries(
      lists.map((list) => [list, { count, concurrency: 1, ...group, ...changes[list] }]),
    );
    const all = { app: "bench", broker: this.#broker, jobs, workers, ...config };
    writeFileSync(join(this.folder, "ganger.json"), JSON.stringify(all));
  }

  /** What makes every list another than before. */
  get allChanged(): Readonly<Record<string, object>> {
    return Object.fromEntries(LISTS.map((list) => [list, { concurrency: 3 }]));
  }

  start(...flags: readonly string[]): Program {
    const program = new Program([CLI, "start", "--json-logs", ...flags], this.folder);
    this.#defer(() => program.kill());
    return program;
  }

  /** Resolves with the line that says so. */
  async started(): Promise<Program> {
    const program = this.start();
    await program.line(isReady, this.workers);
    return program;
  }

  /** Asks its manager, and resolves when it is done. */
  async ask(program: Program, request: ControlRequest): Promise<void> {
    const directory = appDirectory({ app: "bench", broker: this.#broker });
    const socket = connectSocket(socketOf(directory, program.pid));
    await once(socket, "connect");
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const text of createInterface({ input: socket })) {
      const answer: ControlAnswer = JSON.parse(text);
      if (answer.type === "failed") throw new Error(answer.failure.message);
      if (answer.type === "done") break;
    }
    socket.destroy();
  }

  async open(): Promise<Client> {
    const client = await connect(this.#broker);
    this.#defer(() => client[Symbol.asyncDispose]());
    return client;
  }
}

export function isReady({ msg }: Line): boolean {
  return msg === "worker ready";
}
