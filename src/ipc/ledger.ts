import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

const ID_BYTES = 40;

/**
 * What a worker was running, for those who survive it.
 *
 * A file with one place per slot, written before a job starts. It is written
 * with one system call and never synced: the kernel keeps it when the process
 * dies, at any instant and by any signal, which no message would. What it names
 * may have ended since; the broker knows which claims are still held.
 */
export class Ledger implements Disposable {
  readonly #file: string;
  readonly #descriptor: number;
  readonly #slots: Buffer;
  #from = Number.POSITIVE_INFINITY;
  #to = 0;
  #isClosed = false;

  private constructor(file: string, slots: number) {
    this.#file = file;
    this.#slots = Buffer.alloc(slots * ID_BYTES);
    this.#descriptor = openSync(file, "w", 0o600);
  }

  static open(directory: string, holder: string, slots: number): Ledger {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return new Ledger(ledgerFile(directory, holder), slots);
  }

  /** Notes that a slot is about to run a job. On record only after `flush`. */
  mark(slot: number, id: string): void {
    const start = slot * ID_BYTES;
    const length = this.#slots.write(id, start, ID_BYTES, "latin1");
    this.#slots.fill(0, start + length, start + ID_BYTES);
    this.#from = Math.min(this.#from, start);
    this.#to = Math.max(this.#to, start + ID_BYTES);
  }

  flush(): void {
    if (this.#to === 0 || this.#isClosed) return;
    try {
      writeSync(this.#descriptor, this.#slots, this.#from, this.#to - this.#from, this.#from);
    } catch {
      // A full disk holds up no job. No ledger says that nobody knows; an old one would name the wrong jobs.
      this[Symbol.dispose]();
    }
    this.#from = Number.POSITIVE_INFINITY;
    this.#to = 0;
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.#descriptor);
    rmSync(this.#file, { force: true });
  }
}

/** The ids that a dead holder had started, or `undefined` when it left no ledger here. */
export function readLedger(directory: string, holder: string): readonly string[] | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(ledgerFile(directory, holder));
  } catch {
    return undefined;
  }
  const ids: string[] = [];
  for (let start = 0; start < bytes.length; start += ID_BYTES) {
    const id = bytes.toString("latin1", start, start + ID_BYTES).replaceAll("\0", "");
    if (id !== "") ids.push(id);
  }
  return ids;
}

export function removeLedger(directory: string, holder: string): void {
  rmSync(ledgerFile(directory, holder), { force: true });
}

/** Deletes ledgers that nobody has asked for in a day, of processes that are gone. */
export function sweepLedgers(directory: string, isAlive: (pid: number) => boolean): void {
  for (const name of namesIn(directory)) {
    const pid = Number(/_(\d+)_[^_]*\.ledger$/.exec(name)?.[1]);
    const age =
      Date.now() - (statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > DAY_MS && !isAlive(pid)) rmSync(join(directory, name), { force: true });
  }
}

const DAY_MS = 86_400_000;

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Where the processes of this user on this host leave their ledgers. */
export function ledgerDirectory(): string {
  return join(tmpdir(), `ganger-${userInfo().uid}`);
}

function ledgerFile(directory: string, holder: string): string {
  return join(directory, `${holder.replaceAll(/[^A-Za-z0-9.-]/g, "_")}.ledger`);
}
