import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A pool of its own for one batch: `ganger start` with a configuration in a folder of the batch's. */
export class BatchPool {
  readonly broker: string;
  readonly workers = Math.max(2, availableParallelism());
  readonly #log: string;
  readonly #manager: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(folder: string, files: number) {
    this.broker = `sqlite:${join(folder, "batch.db")}`;
    this.#log = join(folder, "pool.log");
    const config = join(folder, "ganger.json");
    writeFileSync(
      config,
      JSON.stringify({
        app: "batch",
        broker: this.broker,
        jobs: fileURLToPath(new URL("./jobs", import.meta.url)),
        workers: { files: { count: this.workers, concurrency: 4 } },
        retention: { completed: { count: files + 1 }, failed: { count: files + 1 } },
      }),
    );
    const log = openSync(this.#log, "a");
    const cli = fileURLToPath(new URL("../../dist/cli/bin.js", import.meta.url));
    this.#manager = spawn(process.execPath, [cli, "start", "-c", config], { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#ended = new Promise((resolve) => this.#manager.once("exit", (code) => resolve(code)));
  }

  /** What the pool has said so far. */
  get log(): string {
    return readFileSync(this.#log, "utf8");
  }

  get isRunning(): boolean {
    return this.#manager.exitCode === null && this.#manager.signalCode === null;
  }

  /** Lets it finish what it runs; ends it at once when it takes longer than that. */
  async stop(withinMs: number): Promise<number | null> {
    if (this.isRunning) this.#manager.kill("SIGTERM");
    const late = delay(withinMs, "late" as const, { ref: false });
    if ((await Promise.race([this.#ended, late])) === "late") this.#manager.kill("SIGINT");
    return this.#ended;
  }
}
