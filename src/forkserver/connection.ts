import { rmSync } from "node:fs";
import type { Socket } from "node:net";
import { ForkClient, type ForkedChild } from "ganger-fork";
import { Switchboard } from "../ipc/switchboard.ts";
import { groupOf } from "../util/proc-stat.ts";
import { jobsSocketOf } from "./sockets.ts";

const REQUEST = JSON.stringify({ kind: "job" });

/** What a process for jobs is connected by. */
export const STREAMS = ["link", "stdout", "stderr"] as const;
export type StreamName = (typeof STREAMS)[number];

/** A worker's way to a fork server, opened again when it is lost, and a place where its children connect. */
export class Connection {
  readonly #socket: string;
  #client: Promise<ForkClient> | undefined;
  #board: Promise<Switchboard> | undefined;
  #isStuck = false;
  readonly #onForked: (pid: number) => void;

  /** `onForked` is told of each process that was forked, before anything runs in it. */
  constructor(socket: string, onForked: (pid: number) => void) {
    this.#socket = socket;
    this.#onForked = onForked;
  }

  /**
   * Each stream may come before it is known that there is a fork, and also when there is none in the end.
   *
   * @throws when there is no server, or it does not answer in time: one that is stopped must not keep a job from running.
   */
  async fork(take: (name: StreamName, socket: Socket) => void): Promise<ForkedChild> {
    if (this.#isStuck) throw new Error(STUCK);
    const [client, board] = await Promise.all([this.#reach(), this.#listen()]);
    const words = STREAMS.map((name) => board.expect((socket) => take(name, socket)));
    const [link, stdout, stderr] = words.map((hello) => ({ socket: board.path, hello }));
    const sockets = link === undefined ? [] : [link];
    try {
      const title = `${process.title.split(": ", 1).join("")}: job`;
      // What ends the worker's group ends its jobs.
      const detached = { group: groupOf(process.pid) ?? process.pid };
      const child = await this.#inTime(client.fork(REQUEST, { sockets, stdout, stderr, title, detached }));
      this.#onForked(child.pid);
      void this.#forgetAfter(child, () => forget(board, words));
      return child;
    } catch (error) {
      forget(board, words);
      throw error;
    }
  }

  /** What has not come by then was lost for want of descriptors. */
  async #forgetAfter({ exited }: ForkedChild, forgetWords: () => void): Promise<void> {
    await exited;
    setTimeout(forgetWords, LATE_MS).unref();
  }

  /** After one that came too late, none is asked for until that has been answered. */
  #inTime(fork: Promise<ForkedChild>): Promise<ForkedChild> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#isStuck = true;
        reject(new Error(STUCK));
      }, PATIENCE_MS);
      const answered = () => {
        clearTimeout(timer);
        this.#isStuck = false;
      };
      fork.then(resolve, reject).then(answered, answered);
    });
  }

  #reach(): Promise<ForkClient> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  async #connect(): Promise<ForkClient> {
    try {
      const client = await ForkClient.connect(this.#socket);
      client.unref();
      void this.#forgetWhenClosed(client);
      return client;
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }

  async #forgetWhenClosed(client: ForkClient): Promise<void> {
    await client.closed;
    this.#client = undefined;
  }

  #listen(): Promise<Switchboard> {
    this.#board ??= this.#openBoard();
    return this.#board;
  }

  async #openBoard(): Promise<Switchboard> {
    const path = jobsSocketOf(this.#socket, process.pid);
    // Of another process that had this pid.
    rmSync(path, { force: true });
    process.once("exit", () => rmSync(path, { force: true }));
    try {
      return await Switchboard.open(path);
    } catch (error) {
      this.#board = undefined;
      throw error;
    }
  }
}

function forget(board: Switchboard, words: readonly string[]): void {
  for (const word of words) board.forget(word);
}

const LATE_MS = 1000;
const STUCK = "The fork server does not answer";
const PATIENCE_MS = 5000;
