import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat } from "node:fs/promises";
import { createGzip } from "node:zlib";

/** What there is to know of one file, or why it cannot be known. */
export type Measurement =
  | ({ readonly status: "measured" } & FileFacts)
  | { readonly status: "vanished" | "unreadable" | "special"; readonly reason: string };

export interface FileFacts {
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly sha256: string;
  readonly gzipBytes: number;
  /** A file with a zero byte near its start has no lines and no words. */
  readonly isBinary: boolean;
  readonly lines: number;
  readonly words: number;
}

/** Measures a file in one pass, however large it is. What is wrong with a file is a result, not an error. */
export async function measure(
  path: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<Measurement> {
  try {
    const { mtimeMs, size } = await lstat(path).then((info) => {
      if (info.isFile()) return info;
      throw Object.assign(new Error("no regular file"), { code: "SPECIAL" });
    });
    const facts = await read(path, onBytes);
    // A file that changes while it is read has been two files.
    const after = await lstat(path);
    if (after.mtimeMs !== mtimeMs || after.size !== size) return measure(path, onBytes);
    return { status: "measured", modifiedMs: mtimeMs, ...facts };
  } catch (error) {
    return toProblem(error);
  }
}

async function read(path: string, onBytes: (bytes: number) => void): Promise<Omit<FileFacts, "modifiedMs">> {
  const hash = createHash("sha256");
  const gzip = createGzip();
  let gzipBytes = 0;
  gzip.on("data", (chunk: Buffer) => {
    gzipBytes += chunk.length;
  });
  const zipped = new Promise<void>((resolve, reject) => gzip.once("end", resolve).once("error", reject));
  const text = new TextCounter();
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18 })) {
      hash.update(chunk);
      text.add(chunk);
      bytes += chunk.length;
      onBytes(bytes);
      if (!gzip.write(chunk)) await new Promise((resolve) => gzip.once("drain", resolve));
    }
  } catch (error) {
    gzip.destroy();
    throw error;
  }
  gzip.end();
  await zipped;
  const { isBinary, lines, words } = text;
  return {
    bytes,
    sha256: hash.digest("hex"),
    gzipBytes,
    isBinary,
    lines: isBinary ? 0 : lines,
    words: isBinary ? 0 : words,
  };
}

const SPACE = new Set([9, 10, 11, 12, 13, 32]);
const SNIFFED = 8192;

/** Counts as `wc` does in the C locale: line feeds, and runs of bytes that are no white space. */
class TextCounter {
  isBinary = false;
  lines = 0;
  words = 0;
  #seen = 0;
  #inWord = false;

  add(chunk: Buffer): void {
    if (this.#seen < SNIFFED && chunk.subarray(0, SNIFFED - this.#seen).includes(0)) this.isBinary = true;
    this.#seen += chunk.length;
    if (this.isBinary) return;
    for (const byte of chunk) {
      if (byte === 10) this.lines++;
      const isSpace = SPACE.has(byte);
      if (!isSpace && !this.#inWord) this.words++;
      this.#inWord = !isSpace;
    }
  }
}

function toProblem(error: unknown): Measurement {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = error instanceof Error ? error.message : String(error);
  if (code === "ENOENT" || code === "ENOTDIR") return { status: "vanished", reason };
  return code === "SPECIAL" ? { status: "special", reason } : { status: "unreadable", reason };
}
