import type { Child, Exit } from "../child/child.ts";
import { dueAt, type Rung, type Slot, type SlotEvent, type SlotTiming, step } from "./slot.ts";

export interface MemberOptions<Out> {
  readonly timing: () => SlotTiming;
  readonly spawn: () => Child<Out>;
  /** What tells the process to drain, or to abort its jobs. */
  readonly farewell: (rung: "drain" | "abort") => Out;
  /** Told before the slot takes its next step. */
  readonly onExit: (exit: Exit) => void;
}

/** One slot of the pool and the process in it. */
export class Member<Out> {
  readonly #options: MemberOptions<Out>;
  #slot: Slot = { state: "vacant" };
  #child: Child<Out> | undefined;
  #killedAt: number | undefined;
  #spawnedAt = 0;
  /** The name under which the process claims, once it has told. */
  holder: string | undefined;
  /** The process had to be killed. */
  wasKilled = false;

  constructor(options: MemberOptions<Out>) {
    this.#options = options;
  }

  get slot(): Slot {
    return this.#slot;
  }

  get state(): Slot["state"] {
    return this.#slot.state;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** When the process was spawned, on the monotonic clock. */
  get spawnedAt(): number {
    return this.#spawnedAt;
  }

  /** When a tick may change something, on the monotonic clock. */
  get dueAt(): number | undefined {
    const due = dueAt(this.#slot);
    const isKilled = this.#slot.state === "starting" && this.#killedAt !== undefined;
    return due === undefined || !isKilled ? due : Math.max(due, (this.#killedAt ?? 0) + REKILL_MS);
  }

  send(message: Out): boolean {
    return this.#child?.send(message) ?? false;
  }

  on(event: SlotEvent): void {
    const [slot, ...actions] = step(this.#slot, event, performance.now(), this.#options.timing());
    this.#slot = slot;
    for (const action of actions) {
      if (action === "spawn") this.#spawn();
      else this.#end(action);
    }
  }

  /** The process is gone. */
  exited(exit: Exit): void {
    this.#child = undefined;
    this.#killedAt = undefined;
    this.#options.onExit(exit);
    this.holder = undefined;
    this.wasKilled = false;
    this.on("exited");
  }

  /** Kills what runs; the slot takes it for a crash, and goes on. */
  kill(): void {
    this.#end("kill");
  }

  #spawn(): void {
    this.#spawnedAt = performance.now();
    this.#child = this.#options.spawn();
  }

  #end(rung: Rung): void {
    if (rung === "drain" || rung === "abort") {
      this.send(this.#options.farewell(rung));
    } else if (rung === "term") {
      this.#child?.kill("SIGTERM");
    } else {
      this.wasKilled = true;
      this.#killedAt = performance.now();
      this.#child?.kill("SIGKILL");
    }
  }
}

const REKILL_MS = 500;
