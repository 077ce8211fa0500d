type Stream = "stdout" | "stderr";

/** Cuts what a run prints into lines, up to its mark in each stream. What is printed between runs is nobody's. */
export class Capture {
  readonly #rest: Record<Stream, string> = { stdout: "", stderr: "" };
  #mark = "";
  #marked = new Set<Stream>();
  #onLine: ((line: string) => void) | undefined;
  #onEnd: (() => void) | undefined;
  /** The last line of the error stream that says more than a stack: the last words, should the host die. */
  lastWords = "";

  begin(mark: string, onLine: (line: string) => void): void {
    this.#mark = mark;
    this.#marked = new Set();
    this.#rest.stdout = "";
    this.#rest.stderr = "";
    this.#onLine = onLine;
    this.lastWords = "";
  }

  feed(stream: Stream, text: string): void {
    if (this.#marked.has(stream)) return;
    const all = this.#rest[stream] + text;
    const end = this.#mark === "" ? -1 : all.indexOf(this.#mark);
    if (end < 0) return this.#split(stream, all);
    this.#split(stream, all.slice(0, end));
    this.#flush(stream);
    this.#marked.add(stream);
    if (this.#marked.size === 2) this.#onEnd?.();
  }

  /** Resolves when all that the run printed has come, or after a moment: somebody it started may hold a stream. */
  async ended(): Promise<void> {
    if (this.#marked.size < 2) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#onEnd = resolve;
        timer = setTimeout(resolve, PATIENCE_MS);
      });
      clearTimeout(timer);
    }
    this.close();
  }

  /** What is left without an end is a line as well. */
  close(): void {
    for (const stream of ["stdout", "stderr"] as const) this.#flush(stream);
    this.#onLine = undefined;
    this.#onEnd = undefined;
    this.#mark = "";
  }

  #split(stream: Stream, text: string): void {
    const lines = text.split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) this.#line(stream, line);
    this.#rest[stream] = rest;
    if (rest.length <= MAX_LINE) return;
    // A line without an end must not grow for ever; but its own end may be the beginning of a mark.
    const kept = Math.min(this.#mark.length, MAX_LINE);
    this.#line(stream, rest.slice(0, rest.length - kept));
    this.#rest[stream] = rest.slice(rest.length - kept);
  }

  #flush(stream: Stream): void {
    const rest = this.#rest[stream];
    this.#rest[stream] = "";
    if (rest !== "") this.#line(stream, rest);
  }

  #line(stream: Stream, line: string): void {
    const text = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
    if (stream === "stderr" && text.trim() !== "" && !BEHIND_ERROR.test(text)) this.lastWords = text.trim();
    this.#onLine?.(text);
  }
}

/** What Node.js prints behind an error of which it dies: frames, the error's properties, its own version. */
const BEHIND_ERROR =
  /^(?: +at | *\d+: (?:0x|file:|node:|\/|\S+ \()|-+ \w+ stack trace -+$|(?: {2})+\w+: |[}\]]+,?$|Node\.js v\d|\(Use `node --trace)/;

const PATIENCE_MS = 200;
const MAX_LINE = 4096;
