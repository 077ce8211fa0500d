import { type ChildProcess, fork } from "node:child_process";
import type { Order, Word } from "./programs/messages.ts";

/** A program of a measurement in a process of its own. */
export class Child {
  readonly #process: ChildProcess;
  readonly #words: Word[] = [];
  #listener: (() => void) | undefined;
  #end: Error | undefined;

  private constructor(program: URL, args: readonly string[]) {
    this.#process = fork(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#process.on("message", (word: Word) => {
      this.#words.push(word);
      this.#listener?.();
    });
    this.#process.on("exit", (code, signal) => {
      this.#end = new Error(`${program.pathname.split("/").at(-1)} ${args[0]} ended with ${signal ?? code}`);
      this.#listener?.();
    });
  }

  /** Resolves when the program is ready to start. */
  static async start(program: URL, args: readonly string[]): Promise<Child> {
    const child = new Child(program, args);
    await child.hear("ready");
    return child;
  }

  /** Throws when the process has ended. */
  assertAlive(): void {
    if (this.#end !== undefined) throw this.#end;
  }

  tell(order: Order): void {
    this.#process.send(order);
  }

  /** Has a consumer finish, and resolves with the number of jobs that it has run. */
  async stop(): Promise<number> {
    this.tell({ type: "stop" });
    return (await this.hear("count")).count;
  }

  /** Waits for the next word of this type. */
  async hear<T extends Word["type"]>(type: T): Promise<Extract<Word, { type: T }>> {
    for (;;) {
      const word = this.#words.shift();
      if (word !== undefined) {
        if (isWord(word, type)) return word;
        continue;
      }
      this.assertAlive();
      await new Promise<void>((resolve) => {
        this.#listener = resolve;
      });
    }
  }

  async end(): Promise<void> {
    if (this.#end !== undefined) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await ended;
  }
}

function isWord<T extends Word["type"]>(word: Word, type: T): word is Extract<Word, { type: T }> {
  return word.type === type;
}
