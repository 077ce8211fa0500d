import { type ChildProcess, spawn } from "node:child_process";
import { Duplex, PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { Link } from "../../ipc/link.ts";
import type { Failure } from "../../ipc/messages.ts";
import type { Exit, Stdio } from "../child/child.ts";
import { LogFile } from "./log-file.ts";
import { Pipe } from "./pipe.ts";

export type StreamName = "stdout" | "stderr";

export type ToLogPump =
  | { readonly type: "reopen" }
  /** Nothing more is to be read than what is: end with it. */
  | { readonly type: "close" }
  /** To be read to its end. */
  | { readonly type: "read"; readonly id: number; readonly stream: StreamName; readonly path: string };

export type FromLogPump =
  /** It reads from it; and then that it has come to its end. */
  | { readonly type: "reads" | "ended"; readonly id: number }
  /** Files that were moved away, and are written anew. */
  | { readonly type: "reopened"; readonly files: readonly string[] }
  | { readonly type: "failed"; readonly failure: Failure };

export interface LogPumpOptions {
  readonly stdout?: string | undefined;
  readonly stderr?: string | undefined;
  readonly onMessage?: ((message: FromLogPump) => void) | undefined;
  /** Its process ended before its time; another is started. */
  readonly onExit?: ((exit: Exit) => void) | undefined;
  readonly program?: URL | undefined;
  readonly args?: readonly string[] | undefined;
}

/**
 * Has a process write to files what workers print. It outlives a manager that is killed for as long as there are
 * workers: so the files can be renamed and opened anew, which nobody could do for a worker that runs others' code. When
 * it dies another one reads on in the same pipes; workers wait meanwhile, and notice nothing. Each has a pipe of its
 * own: no line is torn apart by those of others, and one that makes it non-blocking, as Node.js does, does so to nobody else.
 */
export class LogPump {
  readonly #options: LogPumpOptions;
  readonly #pipes = new Map<number, { readonly stream: StreamName; readonly pipe: Pipe }>();
  #process: ChildProcess | undefined;
  #link: Link<FromLogPump, ToLogPump> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed: (() => void) | undefined;
  #count = 0;

  /** @throws `GANGER_LOG_FAILED` when a file cannot be opened. */
  constructor(options: LogPumpOptions) {
    const { stdout, stderr } = options;
    this.#options = options;
    for (const file of [stdout, stderr]) if (file !== undefined) new LogFile(file)[Symbol.dispose]();
    // Says at once whether there can be any.
    new Pipe()[Symbol.dispose]();
    this.#start();
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** What one process is to write to. */
  open(): Stdio {
    const { stdout, stderr } = this.#options;
    const pipes: Pipe[] = [];
    return {
      stdout: stdout === undefined ? "inherit" : this.#open("stdout", pipes),
      stderr: stderr === undefined ? "inherit" : this.#open("stderr", pipes),
      // Ours stays open until somebody reads as well, or its end could be missed.
      [Symbol.dispose]: () => {
        for (const pipe of pipes) pipe.taken();
      },
    };
  }

  reopen(): void {
    this.#link?.send({ type: "reopen" });
  }

  /** Gives up our hold on the pipes. Resolves when all others have as well, and everything is written. */
  close(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#process === undefined && this.#pipes.size > 0) this.#start();
    if (this.#process === undefined) return Promise.resolve();
    this.#process.ref();
    this.#link?.send({ type: "close" });
    return new Promise((resolve) => {
      this.#closed = resolve;
    });
  }

  #start(): void {
    const pump = spawnPump(this.#options);
    const startedAt = performance.now();
    const stream = linkOf(pump);
    this.#process = pump;
    this.#link = new Link<FromLogPump, ToLogPump>(stream, (message) => this.#receive(message));
    for (const id of this.#pipes.keys()) this.#tell(id);
    pump.once("exit", (code, signal) => this.#ended({ code, signal }, startedAt));
    pump.once("error", () => {
      if (pump.pid === undefined) this.#ended({ code: null, signal: null }, startedAt);
    });
    // Nothing here keeps the manager running.
    pump.unref();
    if ("unref" in stream && typeof stream.unref === "function") stream.unref();
  }

  #open(stream: StreamName, pipes: Pipe[]): number | "ignore" {
    try {
      const pipe = new Pipe();
      const id = ++this.#count;
      this.#pipes.set(id, { stream, pipe });
      pipes.push(pipe);
      this.#tell(id);
      return pipe.writer;
    } catch {
      // Without descriptors to spare no process can be started either, which its own error says.
      return "ignore";
    }
  }

  #tell(id: number): void {
    const { stream, pipe } = this.#pipes.get(id) ?? {};
    if (stream !== undefined && pipe !== undefined)
      this.#link?.send({ type: "read", id, stream, path: pipe.path });
  }

  #receive(message: FromLogPump): void {
    if (message.type === "reads") this.#pipes.get(message.id)?.pipe.read();
    else if (message.type === "ended") {
      this.#pipes.get(message.id)?.pipe[Symbol.dispose]();
      this.#pipes.delete(message.id);
    } else this.#options.onMessage?.(message);
  }

  #ended(exit: Exit, startedAt: number): void {
    this.#process = undefined;
    if (this.#closed !== undefined) return this.#closed();
    this.#options.onExit?.(exit);
    const isHasty = performance.now() - startedAt < HASTY_MS;
    this.#timer = setTimeout(() => this.#start(), isHasty ? HASTY_MS : 0).unref();
  }
}

/** One that ends sooner than this is not started again at once. */
const HASTY_MS = 1000;

function spawnPump({ stdout = "", stderr = "", args = [], program }: LogPumpOptions): ChildProcess {
  const file = fileURLToPath(program ?? new URL("./log-pump-main.js", import.meta.url));
  return spawn(process.execPath, [...args, file, stdout, stderr], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    // What ends the group of the manager must not end what keeps its last words.
    detached: true,
  });
}

/** Without descriptors to spare there is no stream at all, whatever the types say. */
function linkOf({ stdio }: Partial<ChildProcess>): Duplex {
  const stream = stdio?.[3];
  return stream instanceof Duplex ? stream : new PassThrough().destroy();
}
