/**
 * Passes bytes on up to the end of a line, so that a line stays whole when its file is changed, or another stream goes
 * to the same one. What has no end for 64 KiB goes as it is.
 */
export class LineWriter {
  readonly #write: (bytes: Uint8Array) => void;
  #rest: Buffer[] = [];
  #held = 0;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  write(bytes: Buffer): void {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end > 0) this.#release(bytes.subarray(0, end));
    if (end < bytes.length) this.#hold(bytes.subarray(end));
  }

  /** Passes on what has no end yet. */
  flush(): void {
    if (this.#held > 0) this.#release(Buffer.alloc(0));
  }

  #hold(bytes: Buffer): void {
    this.#rest.push(bytes);
    this.#held += bytes.length;
    if (this.#held >= MAX_HELD) this.flush();
  }

  #release(bytes: Buffer): void {
    this.#write(this.#held === 0 ? bytes : Buffer.concat([...this.#rest, bytes]));
    this.#rest = [];
    this.#held = 0;
  }
}

const NEWLINE = 10;
const MAX_HELD = 64 * 1024;
