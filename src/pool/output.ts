import type { ResolvedConfig } from "../config/resolved.ts";
import { createLog, type Logger } from "../telemetry/log.ts";
import { INHERITED, type Stdio } from "./child/child.ts";
import { LogFile } from "./host/log-file.ts";
import { LogPump } from "./host/log-pump.ts";

type LogSettings = ResolvedConfig["log"];

/** Where the pool writes: the streams of its manager, or files that can be opened anew. */
export class Output implements AsyncDisposable {
  /** Stays the same when other settings are taken up. */
  readonly log: Logger = {
    debug: (facts, message) => this.#log.debug(facts, message),
    info: (facts, message) => this.#log.info(facts, message),
    warn: (facts, message) => this.#log.warn(facts, message),
    error: (facts, message) => this.#log.error(facts, message),
  };
  readonly #stderr: { write(text: string): unknown };
  /** Of files that are written no more, for as long as somebody has them open. */
  readonly #leaving = new Set<Promise<void>>();
  #settings: LogSettings;
  #file: LogFile | undefined;
  #pump: LogPump | undefined;
  #log: Logger;

  /** @throws `GANGER_LOG_FAILED` when a file cannot be opened. */
  constructor({ log }: Pick<ResolvedConfig, "log">, stderr: { write(text: string): unknown }) {
    this.#stderr = stderr;
    this.#settings = log;
    this.#open(log);
    this.#log = this.#createLog(log);
  }

  /**
   * Goes on with other settings. Processes that were started before write on to the files of before.
   *
   * @throws `GANGER_LOG_FAILED` when a file cannot be opened; then all is as before.
   */
  use(log: LogSettings): void {
    const { stdout, stderr } = this.#settings;
    if (log.stdout !== stdout || log.stderr !== stderr) {
      const [file, pump] = [this.#file, this.#pump];
      this.#open(log);
      file?.[Symbol.dispose]();
      if (pump !== undefined) this.#leave(pump);
    }
    this.#settings = log;
    this.#log = this.#createLog(log);
  }

  /** What one process is to write to. */
  openStdio(): Stdio {
    return this.#pump?.open() ?? INHERITED;
  }

  /** Goes on in new files where the old ones were moved away. */
  reopen(): void {
    try {
      if (this.#file?.reopen() === "reopened") this.log.info({ file: this.#file.path }, "reopened the log");
    } catch (error) {
      this.log.error({ reason: String(error) }, "the log cannot be reopened; the old file is written on");
    }
    this.#pump?.reopen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#pump !== undefined) this.#leave(this.#pump);
    const patience = new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref());
    await Promise.race([Promise.all(this.#leaving), patience]);
    this.#file?.[Symbol.dispose]();
  }

  #leave(pump: LogPump): void {
    const closed = pump.close();
    this.#leaving.add(closed);
    void closed.then(() => this.#leaving.delete(closed));
  }

  #createLog({ level, format }: LogSettings): Logger {
    const write = (line: string) => (this.#file ?? this.#stderr).write(line);
    return createLog({ level, format, name: "manager", write });
  }

  #open({ stdout, stderr }: LogSettings): void {
    const file = stderr === undefined ? undefined : new LogFile(stderr);
    try {
      this.#pump = stdout === undefined && stderr === undefined ? undefined : this.#start(stdout, stderr);
    } catch (error) {
      file?.[Symbol.dispose]();
      throw error;
    }
    this.#file = file;
  }

  #start(stdout: string | undefined, stderr: string | undefined): LogPump {
    return new LogPump({
      stdout,
      stderr,
      onExit: (exit) =>
        this.log.error({ ...exit }, "the process that writes the logs ended; another takes its place"),
    });
  }
}

/** Workers that were left to finish their jobs may still have something to say; that is not waited for. */
const LAST_WORDS_MS = 1000;
