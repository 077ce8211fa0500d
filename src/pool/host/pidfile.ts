import { randomBytes } from "node:crypto";
import {
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { GangerError } from "../../errors.ts";
import { ageOf, nameOf } from "../../util/proc-stat.ts";
import { hasEnded, probe } from "../process/alive.ts";

export interface PidfileOptions {
  readonly warn: (message: string) => void;
  /** A manager that is about to hand over: its pid may stand in the file until `take`. */
  readonly replace?: number | undefined;
}

/**
 * Who runs the pool, as a number in a file.
 *
 * The file is linked into place whole, so that nobody ever reads half of it, and of several that start at once exactly
 * one gets it. What a dead process left is replaced only by who holds a second pidfile beside it, for otherwise the
 * slower of two would throw away what the faster has just written.
 */
export class Pidfile implements Disposable {
  readonly #file: string;
  readonly #options: PidfileOptions;
  #isOurs = false;

  private constructor(file: string, options: PidfileOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** @throws `GANGER_PIDFILE_TAKEN` when a living process holds it. */
  static claim(file: string, options: PidfileOptions): Pidfile {
    const pidfile = new Pidfile(file, options);
    const { replace } = options;
    if (replace !== undefined && readPid(file) === replace && isRunning(replace, options)) return pidfile;
    pidfile.take();
    return pidfile;
  }

  /** Puts our pid into the file, in place of the one that hands over. */
  take(): void {
    if (this.#isOurs) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      put(this.#file, this.#options);
    } catch (error) {
      throw asGangerError(error, this.#file);
    }
    this.#isOurs = true;
  }

  /** Removes the file, unless somebody else's pid is in it by now. */
  [Symbol.dispose](): void {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    const remove = () => {
      if (readPid(this.#file) === process.pid) rmSync(this.#file, { force: true });
    };
    try {
      alone(this.#file, this.#options, remove);
    } catch {
      // The folder may be gone or read-only. A pidfile that stays behind is found to be stale by the next.
    }
  }
}

function put(file: string, options: PidfileOptions): void {
  const own = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    writeFileSync(own, `${process.pid}\n`, { flag: "wx" });
    while (!link(own, file)) {
      if (judge(file, options) === "absent") continue;
      const isReplaced = alone(file, options, () => {
        // Judged again, and by one look: it may have been ours to replace a moment ago, and another's by now.
        if (judge(file, options) === "absent") return false;
        renameSync(own, file);
        return true;
      });
      if (isReplaced) return;
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Whoever replaces or removes a pidfile does it while it holds this one. */
function alone<Result>(file: string, { warn }: PidfileOptions, act: () => Result): Result {
  const claim = `${file}.claim`;
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      put(claim, { warn });
      break;
    } catch (error) {
      const isTaken = error instanceof GangerError && error.code === "GANGER_PIDFILE_TAKEN";
      if (!isTaken || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
  try {
    return act();
  } finally {
    rmSync(claim, { force: true });
  }
}

/** A claim is held for a few system calls. */
const PATIENCE_MS = 2000;
const PAUSE_MS = 5;

/** @throws `GANGER_PIDFILE_TAKEN` when it is neither. */
function judge(file: string, options: PidfileOptions): "absent" | "stale" {
  const pid = readPid(file);
  if (pid === undefined) return "absent";
  if (pid === options.replace || !isRunning(pid, options) || isAnothers(pid, file)) return "stale";
  throw new GangerError(
    "GANGER_PIDFILE_TAKEN",
    `Pidfile already exists at ${file} and process ${pid} is still running`,
    {
      hint: `Stop it with kill -TERM ${pid}, or start this pool with another --pidfile. If ${pid} is no pool (see ps ${pid}), remove the file instead.`,
    },
  );
}

function isRunning(pid: number, { warn }: PidfileOptions): boolean {
  // Somebody had our pid before us: in a container that is started again everybody has the same as the last time.
  if (pid <= 0 || pid === process.pid || hasEnded(pid)) return false;
  const reason = probe(pid);
  if (reason === "ESRCH") return false;
  if (reason !== undefined && reason !== "EPERM") {
    warn(`cannot tell whether process ${pid} is running, and take it that it is: ${reason}`);
  }
  return true;
}

/**
 * The pid was given out again, as after a restart of the machine: what has it now is
 * younger than the file, and nothing that a manager can be. Both, for a clock may jump.
 */
function isAnothers(pid: number, file: string): boolean {
  const ageMs = ageOf(pid);
  const name = nameOf(pid);
  if (ageMs === undefined || name === undefined || /^(node|ganger|MainThread)/.test(name)) return false;
  const writtenMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return writtenMs !== undefined && Date.now() - writtenMs > ageMs + YOUNGER_MS;
}

const YOUNGER_MS = 10_000;

/** Zero for what is no pid at all; `undefined` when there is no file. */
function readPid(file: string): number | undefined {
  try {
    const text = readFileSync(file, "utf8").trim();
    const pid = /^\d+$/.test(text) ? Number(text) : 0;
    return pid > MAX_PID ? 0 : pid;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

const MAX_PID = 2 ** 31 - 1;

/** Whether the file is there now as we wrote it, and was not there before. */
function link(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST") return false;
    if (!NO_LINKS.has(code)) throw error;
  }
  try {
    copyFileSync(own, file, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** What file systems say that know no second names for a file, such as those of some network drives. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function asGangerError(error: unknown, file: string): GangerError {
  if (error instanceof GangerError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new GangerError("GANGER_POOL_FAILED", `The pidfile ${file} cannot be written: ${reason}`, {
    cause: error,
    hint: "Give --pidfile a file in a folder that this user may write to, or say --no-pidfile.",
  });
}
