import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { ForkedChild } from "ganger-fork";
import { Link } from "../ipc/link.ts";
import { killTree } from "../util/kill-tree.ts";
import { startTimeOf } from "../util/proc-stat.ts";
import { isRunning, untilGone } from "../util/until-gone.ts";
import { killWhenMute, launchProcess } from "../worker/isolation/launch-process.ts";
import type { FromHost, HostStart, ToHost } from "../worker/isolation/messages.ts";
import {
  type Launch,
  launchSafely,
  type Transport,
  type TransportListener,
} from "../worker/isolation/transport.ts";
import { Connection, type StreamName } from "./connection.ts";

/**
 * Starts hosts as forks of the application's fork server, which has the job modules loaded.
 * When that cannot be reached, a host is a new process: slower, and otherwise the same.
 */
export function forkLauncher(socket: string, onForked: (pid: number) => void): (start: HostStart) => Launch {
  const connection = new Connection(socket, onForked);
  return (start) => {
    const otherwise = launchProcess(start);
    return (listener) => new ForkedHost(connection, listener, () => launchSafely(otherwise, listener));
  };
}

/** A host that is being forked: what it is told meanwhile waits until it is known to be there, and its link too. */
class ForkedHost implements Transport {
  readonly #listener: TransportListener;
  readonly #early: ToHost[] = [];
  readonly #heard: FromHost[] = [];
  readonly #closed: Promise<unknown>[] = [];
  #child: ForkedChild | undefined;
  #start: number | undefined;
  #link: Link<FromHost, ToHost> | undefined;
  #other: Transport | undefined;
  #isEnding = false;
  #isKilled = false;

  constructor(connection: Connection, listener: TransportListener, otherwise: () => Transport) {
    this.#listener = listener;
    connection
      .fork((name, socket) => this.#connected(name, socket))
      .then(
        (child) => this.#forked(child),
        () => this.#replace(otherwise()),
      );
  }

  get pid(): number | undefined {
    return this.#child?.pid ?? this.#other?.pid;
  }

  send(message: ToHost): void {
    if (this.#other !== undefined) return this.#other.send(message);
    this.#early.push(message);
    this.#flush();
  }

  end(): void {
    this.#isEnding = true;
    this.#other?.end();
    this.#flush();
  }

  kill(): void {
    this.#isKilled = true;
    this.#other?.kill();
    // Its pid may be another's by now.
    if (this.#child !== undefined && isRunning(this.#child.pid, this.#start)) killTree(this.#child.pid);
  }

  #connected(name: StreamName, socket: Socket): void {
    this.#closed.push(new Promise((resolve) => socket.once("close", resolve)));
    if (name !== "link") {
      socket.setEncoding("utf8").on("data", (text: string) => this.#listener.onOutput(name, text));
      return;
    }
    this.#link = new Link<FromHost, ToHost>(socket, (message) => this.#hear(message));
    // One that was replaced has gone of itself.
    void killWhenMute(this.#link, () => this.#other === undefined && this.kill());
    this.#flush();
  }

  /** Until it is known that there is a fork, it may be of one that was given up. */
  #hear(message: FromHost): void {
    if (this.#child !== undefined) this.#listener.onMessage(message);
    else this.#heard.push(message);
  }

  #forked(child: ForkedChild): void {
    this.#child = child;
    for (const message of this.#heard.splice(0)) this.#listener.onMessage(message);
    this.#start = startTimeOf(child.pid);
    if (this.#isKilled) this.kill();
    this.#flush();
    void this.#watch(child);
  }

  #flush(): void {
    const link = this.#link;
    if (this.#child === undefined || link === undefined) return;
    for (const message of this.#early.splice(0)) link.send(message);
    if (this.#isEnding) link.end();
  }

  async #watch({ pid, exited }: ForkedChild): Promise<void> {
    const { code, signal, lost } = await exited;
    if (lost) await untilGone(pid, this.#start);
    // What it has said before is still to be read; but somebody it started may hold its streams.
    await Promise.race([Promise.all(this.#closed), delay(LAST_WORDS_MS)]);
    const how = lost ? "with an end that nobody saw" : `with ${signal ?? `exit status ${code}`}`;
    const good = this.#link === undefined ? UNHEARD : undefined;
    this.#listener.onExit(code === 0 ? good : how);
  }

  /** One that was forked all the same finds nobody at the other end, and goes. */
  #replace(other: Transport): void {
    this.#link?.close();
    this.#other = other;
    for (const message of this.#early.splice(0)) other.send(message);
    if (this.#isKilled) other.kill();
    else if (this.#isEnding) other.end();
  }
}

const LAST_WORDS_MS = 100;
const UNHEARD =
  "before it could be heard: this worker has no file descriptor to spare; raise ulimit -n, or lower concurrency";
