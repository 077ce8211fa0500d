import {
  closeSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { GangerError } from "../../errors.ts";

/** A file that others may append to as well, and that may be renamed under our feet. */
export class LogFile implements Disposable {
  readonly path: string;
  #fd: number | undefined;

  /** @throws `GANGER_LOG_FAILED` when it cannot be opened. */
  constructor(path: string) {
    this.path = path;
    this.#fd = open(path);
  }

  /** Another one after `reopen`. -1 when it is closed. */
  get fd(): number {
    return this.#fd ?? -1;
  }

  /** Appends. What a full disk does not take is lost: nothing is held up or ended for the sake of a log. */
  write(text: string | Uint8Array): void {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done);
    } catch {
      // There is no other place to say so.
    }
  }

  /**
   * Goes on in the file that now has the name, if that is another one or none, and gives it to whom the old one belonged.
   *
   * @throws `GANGER_LOG_FAILED` when it cannot be opened; writing goes on in the old one.
   */
  reopen(): "same" | "reopened" {
    const old = this.#fd === undefined ? undefined : fstatSync(this.#fd);
    const named = stat(this.path);
    if (old !== undefined && named !== undefined && named.ino === old.ino && named.dev === old.dev)
      return "same";
    const fd = open(this.path);
    if (old !== undefined) keepOwner(fd, old);
    this[Symbol.dispose]();
    this.#fd = fd;
    return "reopened";
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** What is wrong with a path, opening it says better. */
function stat(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function open(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, "a");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GangerError("GANGER_LOG_FAILED", `The log file ${path} cannot be opened: ${reason}`, {
      cause: error,
      hint: "Name a file in a folder that this user may write to.",
    });
  }
}

/** Only the superuser can give files away. */
function keepOwner(fd: number, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  const now = fstatSync(fd);
  if (process.geteuid?.() !== 0 || (now.uid === uid && now.gid === gid)) return;
  try {
    fchownSync(fd, uid, gid);
  } catch {
    // A file system without owners.
  }
}
