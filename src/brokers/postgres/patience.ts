/** How much longer a call may take for each row that it moves: a busy server takes a hundredth of that. */
const ROW_MS = 2;
/** A server compresses what is large, at 20 bytes a microsecond and less when it is busy. */
const BYTES_PER_MS = 4000;

/** How long a call may go without an answer: longer for many rows, and for many bytes. */
export function patienceOf(timeoutMs: number, values: readonly unknown[], rows: number): number {
  let bytes = 0;
  for (const value of values) {
    if (typeof value === "string" || value instanceof Uint8Array) bytes += value.length;
  }
  return timeoutMs + rows * ROW_MS + Math.ceil(bytes / BYTES_PER_MS);
}
