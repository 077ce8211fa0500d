import { Worker as Thread } from "node:worker_threads";
import type {
  Claim,
  ClaimRequest,
  Outcome,
  Released,
  ReleaseReason,
  Settlement,
} from "../../broker/claim.ts";
import type { RescuedHolder } from "../../broker/maintenance.ts";
import type { Wake } from "../../broker/wakeups.ts";
import { GangerError } from "../../errors.ts";
import type { ClaimSide } from "./claim-side.ts";
import { Engine } from "./engine.ts";
import type { LaneName } from "./lane.ts";
import { parseLocation } from "./location.ts";
import { answerOf } from "./rows.ts";
import type { Answer, Call } from "./thread.ts";

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** An engine in a thread of its own, which may end; in this one where the package is not compiled, as in its tests. */
export function startClaimSide(url: string, onWake: Wake, onEnd: () => void): ClaimSide {
  return import.meta.url.endsWith(".ts")
    ? new Engine(parseLocation(url), onWake)
    : new ClaimThread(url, onWake, onEnd);
}

class ClaimThread implements ClaimSide {
  readonly #thread: Thread;
  readonly #pending = new Map<number, Pending>();
  #number = 0;
  #end: Error | undefined;

  constructor(url: string, onWake: Wake, onEnd: () => void) {
    this.#thread = new Thread(new URL("./thread.js", import.meta.url), { workerData: url });
    this.#thread.on("message", (answer: Answer) => {
      if ("wake" in answer) for (const queue of answer.wake) onWake(queue);
      else this.#answered(answer);
    });
    this.#thread.on("error", (error) => this.#ended(error));
    this.#thread.on("exit", () => {
      this.#ended(new Error("it ended"));
      onEnd();
    });
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    return answerOf("claim", await this.#call("claim", [request]));
  }

  async settle(outcomes: readonly Outcome[], next: ClaimRequest | undefined): Promise<Settlement> {
    return answerOf("settle", await this.#call("settle", [outcomes, next]));
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    return answerOf("release", await this.#call("release", [holder, reason]));
  }

  async ready(): Promise<readonly string[]> {
    return answerOf("ready", await this.#call("ready", []));
  }

  async rescue(): Promise<readonly RescuedHolder[]> {
    return answerOf("rescue", await this.#call("rescue", []));
  }

  async beat(holders: readonly string[], ttlMs: number): Promise<void> {
    await this.#call("beat", [holders, ttlMs]);
  }

  async know(lane: LaneName): Promise<void> {
    await this.#call("know", [lane]);
  }

  async close(): Promise<void> {
    await this.#call("close", []).catch(() => {});
    await this.#thread.terminate();
  }

  #call(method: Call["method"], args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(lost(this.#end));
      const call: Call = { number: this.#number++, method, args };
      this.#pending.set(call.number, { resolve, reject });
      // A thread is no window: there is no origin to name.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      this.#thread.postMessage(call);
    });
  }

  #answered(answer: Exclude<Answer, { readonly wake: unknown }>): void {
    const pending = this.#pending.get(answer.number);
    this.#pending.delete(answer.number);
    if (!("failure" in answer)) return pending?.resolve(answer.value);
    const { code, message, hint } = answer.failure;
    pending?.reject(code === undefined ? new Error(message) : new GangerError(code, message, { hint }));
  }

  #ended(error: Error): void {
    this.#end ??= error;
    for (const { reject } of this.#pending.values()) reject(lost(error));
    this.#pending.clear();
  }
}

function lost(cause: Error): GangerError {
  return new GangerError(
    "GANGER_BROKER_UNREACHABLE",
    `The thread that claims from RabbitMQ is gone (${cause.message})`,
    {
      cause,
      hint: "Another one is started with the next call. It is out of memory most likely: see how large the jobs are that wait.",
    },
  );
}
