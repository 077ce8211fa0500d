import { parentPort, workerData } from "node:worker_threads";
import { type ErrorCode, isGangerError } from "../../errors.ts";
import { Engine } from "./engine.ts";
import { parseLocation } from "./location.ts";
import { Mentions } from "./mentions.ts";

/** One call of a `ClaimSide`, as it goes into the thread. */
export interface Call {
  readonly number: number;
  readonly method: "claim" | "settle" | "release" | "ready" | "rescue" | "beat" | "know" | "close";
  readonly args: readonly unknown[];
}

export type Answer =
  | { readonly wake: readonly (string | undefined)[] }
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly failure: Failure };

/** An error crosses the border as what it says. */
export interface Failure {
  readonly code: ErrorCode | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

/** The thread in which a process that claims has its connections: their heartbeats go on while the event loop beside it is busy. */
function main(url: string): void {
  const mentions = new Mentions();
  let pending: NodeJS.Immediate | undefined;
  const engine = new Engine(parseLocation(url), (queue) => {
    mentions.add(queue);
    pending ??= setImmediate(() => {
      pending = undefined;
      say({ wake: mentions.take() });
    });
  });
  const answer = async ({ number, method, args }: Call): Promise<void> => {
    try {
      const value: unknown = await Reflect.apply(engine[method], engine, args);
      say({ number, value });
    } catch (error) {
      const { code, hint } = isGangerError(error) ? error : { code: undefined, hint: undefined };
      const message = error instanceof Error ? error.message : String(error);
      say({ number, failure: { code, message, hint } });
    }
    if (method === "close") parentPort?.close();
  };
  parentPort?.on("message", (call: Call) => void answer(call));
}

function say(answer: Answer): void {
  // A thread is no window: there is no origin to name.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  parentPort?.postMessage(answer);
}

main(workerData);
