import { spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GangerError } from "../../errors.ts";

/**
 * A pipe for the output of one process, which outlives whoever reads it: the process is held up while nobody does, and
 * nothing it wrote is lost.
 */
export class Pipe implements Disposable {
  readonly #folder: string;
  /** What a reader opens. */
  readonly path: string;
  /** Open to read, so that nobody ever writes to a pipe without a reader. */
  readonly #guard: number;
  readonly writer: number;
  #isWriting = true;
  #isTaken = false;
  #isRead = false;
  #isClosed = false;

  /** @throws `GANGER_LOG_FAILED` when there is no mkfifo(1), or no folder for temporary files. */
  constructor() {
    let folder: string | undefined;
    try {
      folder = this.#folder = mkdtempSync(join(tmpdir(), "ganger-pipe-"));
      const file = join(folder, "pipe");
      makeFifo(file);
      this.#guard = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
      this.writer = openSync(file, constants.O_WRONLY);
      this.path = `/proc/${process.pid}/fd/${this.#guard}`;
      // Where an open file has another name, nothing stays behind, and nobody can tidy it away.
      if (existsSync(this.path)) this.#remove();
      else this.path = file;
    } catch (error) {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
      throw failed(error);
    }
  }

  /** The process that writes has its own by now: until then a fork server opens it by ours. */
  taken(): void {
    this.#isTaken = true;
    if (this.#isRead) this.#closeWriter();
  }

  /** A reader has opened it: it sees the end when the process is gone that writes. */
  read(): void {
    this.#isRead = true;
    if (this.#isTaken) this.#closeWriter();
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeWriter();
    closeSync(this.#guard);
    this.#remove();
  }

  #closeWriter(): void {
    if (this.#isWriting) closeSync(this.writer);
    this.#isWriting = false;
  }

  #remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Node.js cannot make one. */
function makeFifo(file: string): void {
  const { error, status, stderr } = spawnSync("mkfifo", ["-m", "600", file], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr.trim() || `mkfifo ended with exit status ${status}`);
}

function failed(cause: unknown): GangerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `No pipe can be made for the output of the workers: ${reason}`;
  return new GangerError("GANGER_LOG_FAILED", message, {
    cause,
    hint: "Install mkfifo (Debian: apt-get install coreutils) and have TMPDIR writable, or set neither log.stdout nor log.stderr.",
  });
}
