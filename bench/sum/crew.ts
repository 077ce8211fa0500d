import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "ganger";

const WORKER = new URL("./worker.ts", import.meta.url);
const REGISTER = fileURLToPath(new URL("../../dist/worker/modules/register.js", import.meta.url));
const BEAT_MS = 1000;
const TTL_MS = 15_000;

interface CrewOptions {
  readonly url: string;
  readonly folder: string;
  readonly way: string;
  /** The run in which each worker kills itself. */
  readonly lifetime: number;
}

/** Workers in processes of their own, whose parent keeps their heartbeat and replaces those that die, as a pool does. */
export class Crew {
  readonly tallies: string[] = [];
  kills = 0;
  readonly #client: Client;
  readonly #args: CrewOptions;
  readonly #members = new Map<string, ChildProcess>();
  /** Those that work, the oldest first. */
  readonly #ready = new Set<string>();
  #isEnding = false;
  #error: unknown;
  #beat: NodeJS.Timeout;

  constructor(client: Client, args: CrewOptions) {
    this.#client = client;
    this.#args = args;
    this.#beat = setInterval(() => void this.#keep(), BEAT_MS);
  }

  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#add()));
  }

  /** Kills the oldest one that works, which is replaced. */
  kill(): void {
    const [holder] = this.#ready;
    if (holder === undefined) return;
    this.#ready.delete(holder);
    this.#members.get(holder)?.kill("SIGKILL");
  }

  /** Throws what went wrong besides the killing. */
  assertWell(): void {
    if (this.#error !== undefined) throw new Error("the sum went wrong", { cause: this.#error });
  }

  /** Ends all of them when what they run is on record. */
  async end(): Promise<void> {
    this.#isEnding = true;
    const members = [...this.#members.values()];
    await Promise.all(
      members.map(async (member) => {
        const ended = once(member, "exit");
        member.send("end");
        await ended;
      }),
    );
    clearInterval(this.#beat);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    clearInterval(this.#beat);
    for (const member of this.#members.values()) member.kill("SIGKILL");
  }

  async #add(): Promise<void> {
    const { url, folder, way, lifetime } = this.#args;
    const place = this.tallies.length;
    const holder = `sum:${process.pid}:${place}`;
    const tally = join(folder, `tally-${place}`);
    this.tallies.push(tally);
    await this.#client.broker.heartbeat([{ holder, queues: "numbers" }], TTL_MS);
    const member = fork(WORKER, [url, holder, tally, way, String(lifetime)], {
      execArgv: ["--import", REGISTER],
    });
    this.#members.set(holder, member);
    member.on("message", () => this.#ready.add(holder));
    member.on("exit", (code) => void this.#left(holder, code));
    await Promise.race([once(member, "message"), once(member, "exit")]);
  }

  async #left(holder: string, code: number | null): Promise<void> {
    this.#members.delete(holder);
    this.#ready.delete(holder);
    try {
      if (code === 0) return;
      if (code === null && !this.#isEnding) this.kills++;
      await this.#client.broker.release(holder, { kind: "crashed" });
      if (code !== null && !this.#isEnding) throw new Error(`a worker of the sum ended with ${code}`);
      if (!this.#isEnding) await this.#add();
    } catch (error) {
      this.#error ??= error;
    }
  }

  async #keep(): Promise<void> {
    try {
      const holders = [...this.#members.keys()].map((holder) => ({ holder, queues: "numbers" }));
      if (holders.length > 0) await this.#client.broker.heartbeat(holders, TTL_MS);
      await this.#client.broker.maintenance?.due();
    } catch (error) {
      this.#error ??= error;
    }
  }
}
