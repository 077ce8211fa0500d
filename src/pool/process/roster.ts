import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTimeOf } from "../../util/proc-stat.ts";
import { isAlive, type ProcessId } from "./alive.ts";

/** A worker, as it is on record. */
export interface WorkerRecord extends ProcessId {
  readonly queues: string;
}

/**
 * Which workers a manager has, one file for each, so that the next one knows those that a killed manager left behind.
 * A disk that takes nothing costs the record, and not the pool.
 */
export class Roster implements Disposable {
  readonly #directory: string;
  readonly #manager: ProcessId;
  readonly #workers = new Map<number, WorkerRecord>();

  constructor(directory: string, manager: ProcessId) {
    this.#directory = directory;
    this.#manager = manager;
  }

  /** To be called as soon as the worker is started. */
  add({ pid, queues }: { readonly pid: number; readonly queues: string }): void {
    this.#write({ pid, queues, start: startTimeOf(pid) });
  }

  /** The worker serves another queue list from now on. */
  move(pid: number, queues: string): void {
    const worker = this.#workers.get(pid);
    if (worker !== undefined && worker.queues !== queues) this.#write({ ...worker, queues });
  }

  delete(pid: number): void {
    if (this.#workers.delete(pid)) remove(join(this.#directory, nameOf(pid)));
  }

  /** Workers that are left running stay on record. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers.values()) if (!isAlive(worker)) this.delete(worker.pid);
    this.#workers.clear();
  }

  #write(worker: WorkerRecord): void {
    this.#workers.set(worker.pid, worker);
    const file = join(this.#directory, nameOf(worker.pid));
    const text = JSON.stringify({ worker, manager: this.#manager, boot: bootId() });
    try {
      put(file, text);
    } catch {
      try {
        mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
        put(file, text);
      } catch {
        // No record is better than an old one.
        remove(file);
      }
    }
  }
}

/** Workers that live on without their manager. Tidies up what dead ones left on record. */
export function readOrphans(directory: string): readonly WorkerRecord[] {
  const orphans: WorkerRecord[] = [];
  for (const name of namesIn(directory)) {
    const file = join(directory, name);
    const entry = readEntry(file);
    const isPast = entry === undefined || entry.boot !== bootId() || !isAlive(entry.worker);
    if (isPast && !isBeingWritten(entry)) remove(file);
    else if (!isPast && !isAlive(entry.manager)) orphans.push(entry.worker);
  }
  return orphans;
}

interface Entry {
  readonly worker: WorkerRecord;
  readonly manager: ProcessId;
  readonly boot: string;
}

/** A living manager tidies up itself. */
function isBeingWritten(entry: Entry | undefined): boolean {
  return entry !== undefined && entry.boot === bootId() && isAlive(entry.manager);
}

function nameOf(pid: number): string {
  return `worker-${pid}.json`;
}

function put(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It will be found to be out of date.
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => /^worker-\d+\.json$/.test(name));
  } catch {
    return [];
  }
}

function readEntry(file: string): Entry | undefined {
  try {
    const entry: unknown = JSON.parse(readFileSync(file, "utf8"));
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is Entry {
  if (!has(value, "worker") || !has(value, "manager") || !has(value, "boot")) return false;
  const { worker, manager } = value;
  return (
    isProcess(worker) && isProcess(manager) && has(worker, "queues") && typeof worker.queues === "string"
  );
}

function isProcess(value: unknown): boolean {
  return (
    has(value, "pid") &&
    Number.isSafeInteger(value.pid) &&
    Number(value.pid) > 0 &&
    (!has(value, "start") || typeof value.start === "number")
  );
}

function has<Key extends string>(value: unknown, key: Key): value is Record<Key, unknown> {
  return typeof value === "object" && value !== null && key in value;
}

let knownBoot: string | undefined;

/** Start times count from when the machine was started: after that, both pid and start time may come again. */
function bootId(): string {
  knownBoot ??= readBoot();
  return knownBoot;
}

function readBoot(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
