import type { Claim, Outcome } from "../../src/broker/claim.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { type FromHost, markOf, type ToHost } from "../../src/worker/isolation/messages.ts";
import type { Launch, Transport, TransportListener } from "../../src/worker/isolation/transport.ts";
import { JobRun } from "../../src/worker/run/job-run.ts";

/** What a worker takes for a process or thread, and a test has in its hands. */
export class FakeHost implements Transport {
  readonly pid = 1;
  readonly told: ToHost[] = [];
  readonly #listener: TransportListener;
  wasEnded = false;
  wasKilled = false;

  constructor(listener: TransportListener) {
    this.#listener = listener;
  }

  send(message: ToHost): void {
    this.told.push(message);
  }
  end(): void {
    this.wasEnded = true;
  }
  kill(): void {
    this.wasKilled = true;
  }

  says(message: FromHost): void {
    this.#listener.onMessage(message);
  }
  prints(stream: "stdout" | "stderr", text: string): void {
    this.#listener.onOutput(stream, text);
  }
  exits(how?: string): void {
    this.#listener.onExit(how);
  }

  /** Ids of the jobs that it was given. */
  get jobs(): readonly string[] {
    return this.told.flatMap((message) => (message.type === "run" ? [message.claim.id] : []));
  }

  /** Ends the run that it was given last as a program of ours does. */
  completes(result?: string): void {
    const claim = this.told.flatMap((message) => (message.type === "run" ? [message.claim] : [])).at(-1);
    if (claim === undefined) throw new Error("It has no run");
    const { id, token } = claim;
    for (const stream of ["stdout", "stderr"] as const) this.prints(stream, markOf(claim));
    this.says({ type: "done", token, outcome: { id, token, kind: "completed", result } });
  }
}

/** Starts such hosts, and keeps them in the order of their starts. */
export function fakeLaunch(): { readonly launch: Launch; readonly hosts: FakeHost[] } {
  const hosts: FakeHost[] = [];
  const launch: Launch = (listener) => {
    const host = new FakeHost(listener);
    hosts.push(host);
    return host;
  };
  return { launch, hosts };
}

let tokens = 0;

/** A run of a claimed job, and what it notes. */
export function fakeRun(id: string, options: Partial<Claim> = {}) {
  const claim: Claim = {
    id,
    token: ++tokens,
    queue: "default",
    name: "any",
    payload: "null",
    priority: 0,
    attempts: 0,
    interruptions: 0,
    crashes: 0,
    enqueuedAtMs: 0,
    ...options,
  };
  const notes: object[] = [];
  const definition = defineJob({ name: "any", attempts: 1, perform: () => undefined });
  const run = new JobRun(claim, definition, 0, {
    noted: (_, note) => notes.push(note),
    completeIn: async () => true,
  });
  const outcomes: Outcome[] = [];
  return { run, notes, outcomes };
}
