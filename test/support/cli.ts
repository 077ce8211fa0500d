import { EventEmitter } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBroker } from "../../src/broker/connect.ts";
import type { CliProcess, ExitCode } from "../../src/cli/context.ts";
import { main } from "../../src/cli/main.ts";

export interface Ended {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** A folder with a store of its own, in which the command line is run inside this process. */
export class CliFolder implements AsyncDisposable {
  readonly path: string;
  readonly signals = new EventEmitter();
  /** What the person at the terminal answers; nobody is there without. */
  answer: string | undefined;
  env: Readonly<Record<string, string>> = {};
  /** Called with all that was printed so far, whenever something is. */
  onOutput: (out: string) => void = () => {};
  isTTY = false;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<CliFolder> {
    return new CliFolder(await mkdtemp(join(tmpdir(), "ganger-cli-")));
  }

  get url(): string {
    return `sqlite:${join(this.path, "ganger.db")}`;
  }

  openBroker() {
    return openBroker(this.url);
  }

  async run(...argv: readonly string[]): Promise<Ended> {
    let out = "";
    let err = "";
    const { answer, isTTY } = this;
    const surroundings: CliProcess = {
      stdout: {
        isTTY,
        write: (text) => {
          out += text;
          this.onOutput(out);
        },
      },
      stderr: { write: (text) => (err += text) },
      env: this.env,
      cwd: this.path,
      signals: this.signals,
      ask: answer === undefined ? undefined : async (question) => ((err += question), answer),
    };
    const code = await main(argv, surroundings);
    return { code, out, err };
  }

  /** Runs a command against the store, without a configuration. */
  async runOnStore(...argv: readonly string[]): Promise<Ended> {
    return this.run(...argv, "--broker", this.url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
