import { setTimeout as delay } from "node:timers/promises";
import { GangerError } from "../../errors.ts";
import { connect, LOCAL_SETTINGS } from "./driver.ts";
import { isConflict, toFailure } from "./failure.ts";
import { Lane } from "./lane.ts";
import { type PostgresLocation, toPlace } from "./location.ts";
import { patienceOf } from "./patience.ts";
import type { PgClient, PgQuery, PgResult } from "./rows.ts";
import type { Statements } from "./statements.ts";

export interface LanesOptions {
  readonly location: PostgresLocation;
  readonly statements: Statements;
  readonly isPooled: boolean;
  readonly isSynchronous: boolean;
  readonly max: number;
}

/** Runs a statement by its name. One that moves thousands of `rows`, or many bytes, is given more time. */
export type Run = (name: string, values?: readonly unknown[], rows?: number) => Promise<PgResult>;

/** A statement by its name, with its values. */
export interface Call {
  readonly name: string;
  readonly values: readonly unknown[];
}

export interface Followed {
  readonly result: PgResult;
  /** What became of the one behind; `undefined` where none could be sent. */
  readonly follower: Promise<PgResult> | undefined;
}

/** Runs a statement, or without values several, as text. */
export type Script = (text: string, values?: readonly unknown[]) => Promise<PgResult>;

/**
 * The connections of one broker: opened when they are needed, replaced when they are lost. Each statement is
 * a transaction by itself and has the connection that is least in use.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #place: string;
  #lanes: Lane[] = [];
  #opening = 0;
  #waiting: (() => void)[] = [];
  #isClosed = false;
  /** Connections that ended without our closing them. */
  losses = 0;

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#place = toPlace(options.location);
  }

  get isPooled(): boolean {
    return this.#options.isPooled;
  }

  /** Takes a connection that is open already. */
  adopt(client: PgClient): void {
    this.#add(new Lane(client));
  }

  readonly run: Run = (name, values = [], rows = 0) =>
    this.#send(this.#toQuery(this.#options.statements.text(name), values, name), rows);

  /** Runs a statement, and sends another right behind it on the same connection, which begins when the first is committed. */
  runFollowed(first: Call, second: Call): Promise<Followed> {
    return this.#settled(async () => {
      const lane = await this.#acquireAny();
      const send = ({ name, values }: Call) =>
        lane.query(
          this.#toQuery(this.#options.statements.text(name), values, name),
          patienceOf(this.#options.location.timeoutMs, values, 0),
        );
      const answer = send(first);
      const follower = lane.isPipelined ? send(second) : undefined;
      follower?.catch(() => undefined);
      return { result: await answer, follower };
    });
  }

  /** Runs a statement that is made at run time. */
  runText(text: string, values: readonly unknown[]): Promise<PgResult> {
    return this.#send(this.#toQuery(text, values), 0);
  }

  /** Runs a statement with our planner settings even where a pool keeps none of them. */
  runPlanned(name: string, values: readonly unknown[], rows = 0): Promise<PgResult> {
    if (!this.#options.isPooled) return this.run(name, values, rows);
    return this.transaction((run) => run(name, values, rows), LOCAL_SETTINGS);
  }

  /** Runs a long read with the planner as it is by default. */
  runAtLeisure(name: string, values: readonly unknown[] = []): Promise<PgResult> {
    return this.transaction((run) => run(name, values), LEISURE, LEISURE_MS);
  }

  /** Runs several statements, all of them or none; again from the start after a deadlock. */
  transaction<T>(
    work: (run: Run, script: Script) => Promise<T>,
    settings = "",
    timeoutMs?: number,
  ): Promise<T> {
    return this.#settled(async () => {
      const lane = await this.#acquire((each) => each.pending === 0);
      const patience = timeoutMs ?? this.#options.location.timeoutMs;
      const query = (text: string) => lane.query(this.#toQuery(text, []), patience);
      lane.isReserved = true;
      try {
        // Sent along with what follows, which fails if this does.
        const begun = query(`begin; ${settings}`);
        begun.catch(() => undefined);
        if (!lane.isPipelined) await begun;
        const result = await work(
          (name, values = [], rows = 0) =>
            lane.query(
              this.#toQuery(this.#options.statements.text(name), values, name),
              patienceOf(patience, values, rows),
            ),
          (text, values = []) => lane.query(this.#toQuery(text, values), LEISURE_MS),
        );
        await query("commit");
        return result;
      } catch (error) {
        if (lane.isOpen) await query("rollback").catch(() => lane.destroy());
        throw error;
      } finally {
        lane.isReserved = false;
        this.#wake();
      }
    });
  }

  #send(query: PgQuery, rows: number): Promise<PgResult> {
    return this.#settled(async () => {
      const lane = await this.#acquireAny();
      return lane.query(query, patienceOf(this.#options.location.timeoutMs, query.values ?? [], rows));
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  #toQuery(text: string, values: readonly unknown[], name?: string): PgQuery {
    // Statements that a connection keeps are lost on the way through a pool of transactions.
    const isNamed = name !== undefined && !this.#options.isPooled && !REPLANNED.has(name);
    return { text, rowMode: "array", ...(values.length > 0 ? { values } : {}), ...(isNamed ? { name } : {}) };
  }

  async #settled<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!isConflict(error) || attempt > MAX_CONFLICTS)
          throw this.#isClosed ? this.#closed() : toFailure(error, this.#place);
        await delay(Math.random() * 2 ** attempt);
      }
    }
  }

  #acquireAny(): Promise<Lane> {
    return this.#acquire((each) => each.isPipelined || each.pending === 0);
  }

  /** The idle connection, else a new one, else the one least in use, else the first to be free. */
  async #acquire(admits: (lane: Lane) => boolean): Promise<Lane> {
    for (;;) {
      if (this.#isClosed) throw this.#closed();
      this.#lanes = this.#lanes.filter(({ isOpen }) => isOpen);
      const free = this.#lanes.filter((lane) => !lane.isReserved && admits(lane));
      free.sort((a, b) => a.pending - b.pending);
      const [best] = free;
      if (best?.pending === 0) return best;
      if (this.#lanes.length + this.#opening < this.#options.max) return this.#open();
      if (best !== undefined) return best;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  async #open(): Promise<Lane> {
    const { location } = this.#options;
    this.#opening++;
    try {
      const lane = new Lane(await connect(location, this.#options));
      if (this.#isClosed) await lane.close();
      this.#add(lane);
      return lane;
    } finally {
      this.#opening--;
      this.#wake();
    }
  }

  #add(lane: Lane): void {
    lane.onChange = () => this.#wake();
    lane.onLoss = () => {
      this.losses++;
    };
    this.#lanes.push(lane);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #closed(): GangerError {
    return new GangerError("GANGER_BROKER_CLOSED", "The postgres broker was closed during a call", {
      hint: "Await its calls before you close it.",
    });
  }
}

/** Joins with what is in their parameters: each call has a plan of its own, by the sizes that tables have then. */
const REPLANNED = new Set(["apply", "annotate", "giveBackLost"]);

const MAX_CONFLICTS = 8;
const LEISURE_MS = 120_000;
/** Rows of a queue that is cleared, and of a holder that is released: nobody knows how many. */
export const MANY_ROWS = 50_000;

/** Counts of whole tables are best made as the planner likes. */
const LEISURE = `set local enable_seqscan = on; set local enable_sort = on; set local enable_hashjoin = on;
  set local enable_mergejoin = on; set local enable_bitmapscan = on; set local plan_cache_mode = auto;`;
