import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A line of JSON that a program wrote, and when it was read. */
export interface Line {
  readonly msg: string;
  readonly at: number;
  readonly pid?: number;
  readonly job?: string;
}

/** Whoever stops a benchmark in the middle stops these with it. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A program whose lines of JSON, on both outputs, are waited for. */
export class Program {
  readonly startedAt = performance.now();
  readonly lines: Line[] = [];
  readonly #process: ChildProcess;
  readonly #exited: Promise<number>;
  #endedAt: number | undefined;
  #said = "";
  #waiting: (() => void)[] = [];

  constructor(args: readonly string[], cwd: string) {
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    running.add(child);
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on("line", (text) => this.#read(text));
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => {
        running.delete(child);
        this.#endedAt = performance.now();
        this.#wake();
        resolve(this.#endedAt);
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? Number.NaN;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name);
  }

  /** When it ended. */
  ended(): Promise<number> {
    return within(this.#exited, () => `${this.pid} does not end`);
  }

  /** The line that makes so many of those that match. Of those from `from` on, as an index. */
  async line(matches: (line: Line) => boolean, count = 1, from = 0): Promise<Line> {
    const found = async () => {
      for (;;) {
        const line = this.lines.slice(from).filter(matches)[count - 1];
        if (line !== undefined) return line;
        if (this.#endedAt !== undefined) throw new Error(`it ended too early: ${this.#said}`);
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
        });
      }
    };
    return within(found(), () => `a line is missing after: ${this.#said}`);
  }

  async kill(): Promise<void> {
    if (this.#endedAt !== undefined) return;
    this.#process.kill("SIGKILL");
    await this.#exited;
  }

  #wake(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  #read(text: string): void {
    this.#said = `${this.#said}${text}\n`.slice(-2000);
    if (!text.startsWith("{")) return;
    const line: Omit<Line, "at"> = JSON.parse(text);
    this.lines.push({ ...line, at: performance.now() });
    this.#wake();
  }
}

async function within<T>(work: Promise<T>, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${PATIENCE_MS / 1000} s: ${what()}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const PATIENCE_MS = 120_000;
