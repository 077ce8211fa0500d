import { GangerError } from "../../errors.ts";
import { isGone } from "./failure.ts";
import type { MysqlLocation } from "./location.ts";
import type { Mysql2 } from "./rows.ts";
import { Session } from "./session.ts";

/** One that was idle for so long may have been closed by the server, which closes it after 20 s. */
const MAX_IDLE_MS = 10_000;
/** How long a call that has lost its server looks for it. */
const PATIENCE_MS = 3000;
const PAUSE_MS = 100;

interface Idle {
  readonly session: Session;
  readonly since: number;
}

/** The connections of one broker: opened when they are needed, a few at most, and handed out the newest first. */
export class Connections {
  readonly location: MysqlLocation;
  readonly #library: Mysql2;
  readonly #idle: Idle[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #sweeper: NodeJS.Timeout;
  #open = 0;
  /** Connections that ended without our closing them. */
  losses = 0;
  #isClosed = false;

  constructor(library: Mysql2, location: MysqlLocation) {
    this.#library = library;
    this.location = location;
    this.#sweeper = setInterval(() => this.#sweep(), MAX_IDLE_MS / 4);
    this.#sweeper.unref();
  }

  /** Lends a connection for one piece of work; one that is broken after it is not lent again. */
  async use<T>(work: (session: Session) => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
    const session = await this.#take(performance.now() + patienceMs);
    try {
      return await work(session);
    } finally {
      this.#giveBack(session);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweeper);
    for (const wake of this.#waiting.splice(0)) wake();
    await Promise.all(this.#idle.splice(0).map(({ session }) => session.end()));
  }

  async #take(deadline: number): Promise<Session> {
    for (;;) {
      this.#assertOpen();
      const idle = this.#idle.pop();
      if (idle?.session.isOpen === true) return idle.session;
      if (idle !== undefined) this.#lose();
      else if (this.#open < this.location.connections) return this.#connect(deadline);
      else {
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      }
    }
  }

  async #connect(deadline: number): Promise<Session> {
    this.#open++;
    for (;;) {
      try {
        return await Session.open(this.#library, this.location);
      } catch (error) {
        if (isGone(error) && !this.#isClosed && performance.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * (0.5 + Math.random())));
          continue;
        }
        this.#open--;
        this.#waiting.shift()?.();
        throw error;
      }
    }
  }

  #giveBack(session: Session): void {
    if (!session.isOpen) this.#lose();
    else if (this.#isClosed) void session.end();
    else this.#idle.push({ session, since: performance.now() });
    this.#waiting.shift()?.();
  }

  #lose(): void {
    this.#open--;
    this.losses++;
  }

  #sweep(): void {
    const since = performance.now() - MAX_IDLE_MS;
    while (this.#idle[0] !== undefined && this.#idle[0].since < since) {
      this.#open--;
      void this.#idle.shift()?.session.end();
    }
  }

  #assertOpen(): void {
    if (!this.#isClosed) return;
    throw new GangerError("GANGER_BROKER_CLOSED", "The mysql broker was closed during a call", {
      hint: "Await its calls before you close it.",
    });
  }
}
