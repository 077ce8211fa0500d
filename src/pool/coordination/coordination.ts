import type { ResolvedConfig } from "../../config/resolved.ts";
import { ledgerDirectory } from "../../ipc/ledger.ts";
import type { Failure, FromCoordinator, ToCoordinator } from "../../ipc/messages.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Exit, Surroundings } from "../child/child.ts";
import { spawnCoordinator } from "../child/programs.ts";
import { Member } from "../group/member.ts";
import { COORDINATOR_TIMING } from "../group/timing.ts";
import { Farewells } from "./farewells.ts";

export interface CoordinationOptions {
  readonly log: Logger;
  readonly config: () => ResolvedConfig;
  readonly around: () => Surroundings;
  /** The workers to keep alive, by holder. */
  readonly holders: () => Iterable<{ readonly holder: string; readonly queues: string }>;
  readonly onUp: (isUp: boolean) => void;
  readonly onFailed: (failure: Failure) => void;
  /** Something ended, or was answered. */
  readonly onChange: () => void;
}

/** The coordinator's slot, and what it is told of the workers. */
export class Coordination {
  readonly farewells: Farewells;
  readonly #options: CoordinationOptions;
  readonly #member: Member<ToCoordinator>;
  isUp = false;
  #wants = false;
  #nextLookAt = 0;
  #isAnswered = true;
  #unanswered = 0;

  constructor(options: CoordinationOptions) {
    this.#options = options;
    this.farewells = new Farewells(ledgerDirectory(), (message) => this.#member.send(message));
    const member: Member<ToCoordinator> = new Member<ToCoordinator>({
      timing: () => COORDINATOR_TIMING,
      farewell: () => ({ type: "stop" }),
      spawn: () =>
        spawnCoordinator(options.config(), [...options.holders()], options.around(), {
          onMessage: (message) => this.#receive(message),
          onExit: (exit) => {
            member.exited(exit);
            if (this.#wants) member.on("start");
            options.onChange();
          },
        }),
      onExit: (exit) => this.#ended(exit),
    });
    this.#member = member;
  }

  get pid(): number | undefined {
    return this.#member.pid;
  }

  get state(): string {
    return this.#member.state;
  }

  get isGone(): boolean {
    return this.#member.state === "vacant";
  }

  start(): void {
    this.#wants = true;
    this.#member.on("start");
  }

  /** Starts another with the configuration of now; workers keep their own hearts meanwhile. */
  restart(): void {
    if (this.#wants) this.#member.on("stop");
  }

  stop(event: "stop" | "kill"): void {
    this.#wants = false;
    if (this.#member.state !== "draining" || event === "kill") this.#member.on(event);
  }

  alive(holder: string, queues: string): void {
    this.#member.send({ type: "alive", holder, queues });
  }

  tick(now: number): void {
    if ((this.#member.dueAt ?? Number.POSITIVE_INFINITY) <= now) this.#member.on("tick");
    this.#ping(now);
  }

  dueAt(): number {
    const ping = this.isUp ? this.#nextLookAt : Number.POSITIVE_INFINITY;
    return Math.min(this.#member.dueAt ?? Number.POSITIVE_INFINITY, ping);
  }

  get #everyMs(): number {
    return Math.max(1000, this.#options.config().heartbeat.ttlMs / 9);
  }

  /** One that is stopped or stuck would let the heartbeats of all workers expire: another takes its place in time. */
  #ping(now: number): void {
    if (!this.isUp || now < this.#nextLookAt) return;
    this.#nextLookAt = now + this.#everyMs;
    if (this.#isAnswered) {
      this.#isAnswered = false;
      this.#unanswered = 0;
      this.#member.send({ type: "ping" });
      return;
    }
    // Counted in looks, not in time: had this process been stopped itself, the answer would only wait to be read.
    if (++this.#unanswered < MAX_UNANSWERED) return;
    this.#options.log.error({ pid: this.pid }, "the coordinator does not answer, and is killed");
    this.isUp = false;
    this.#member.kill();
  }

  #receive(message: FromCoordinator): void {
    switch (message.type) {
      case "ready":
        this.#member.on("ready");
        this.isUp = true;
        this.#isAnswered = true;
        this.#nextLookAt = performance.now();
        for (const { holder, queues } of this.#options.holders()) this.alive(holder, queues);
        this.farewells.repeat();
        this.#options.onUp(true);
        break;
      case "pong":
        this.#isAnswered = true;
        return;
      case "released":
        this.farewells.answered(message.holder);
        this.#logRelease(message);
        break;
      case "failed":
        this.#options.onFailed(message.failure);
    }
    this.#options.onChange();
  }

  #logRelease({ holder, waiting, poisoned }: Extract<FromCoordinator, { type: "released" }>): void {
    const { log } = this.#options;
    if (waiting > 0) log.info({ worker: holder, jobs: waiting }, "gave back the jobs of a worker");
    for (const job of poisoned) log.error({ worker: holder, job }, "failed a job that crashed too often");
  }

  #ended(exit: Exit): void {
    if (this.#member.state !== "draining") this.#options.log.warn({ ...exit }, "coordinator died");
    this.isUp = false;
    this.#options.onUp(false);
  }
}

const MAX_UNANSWERED = 3;
