import type { Child, Exit } from "./child.ts";
import { dueAt, type Slot, type SlotEvent, type SlotTiming, step } from "./slot.ts";

export interface MemberOptions<Out> {
  readonly timing: SlotTiming;
  readonly spawn: (member: Member<Out>) => Child<Out>;
  /** What asks the process to end. */
  readonly farewell: Out;
  /** Told before the slot takes its next step, which may spawn a successor. */
  readonly onExit: (member: Member<Out>, exit: Exit) => void;
}

/** One slot of the pool and the process in it. */
export class Member<Out> {
  readonly #options: MemberOptions<Out>;
  #slot: Slot = { state: "vacant" };
  #child: Child<Out> | undefined;
  #killedAt: number | undefined;
  /** The name under which the process claims, once it has told. */
  holder: string | undefined;
  /** The process had to be killed. */
  wasKilled = false;

  constructor(options: MemberOptions<Out>) {
    this.#options = options;
  }

  get state(): Slot["state"] {
    return this.#slot.state;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** When a tick may change something, on the monotonic clock. */
  get dueAt(): number | undefined {
    const due = dueAt(this.#slot);
    // A process that was killed needs a moment to be gone: there is no use in killing it all the time.
    return due === undefined || this.#killedAt === undefined
      ? due
      : Math.max(due, this.#killedAt + REKILL_MS);
  }

  send(message: Out): boolean {
    return this.#child?.send(message) ?? false;
  }

  on(event: SlotEvent): void {
    const [slot, ...actions] = step(this.#slot, event, performance.now(), this.#options.timing);
    this.#slot = slot;
    for (const action of actions) {
      if (action === "spawn") this.#child = this.#options.spawn(this);
      if (action === "drain") this.send(this.#options.farewell);
      if (action === "kill") this.#kill();
    }
  }

  exited(exit: Exit): void {
    this.#child = undefined;
    this.#killedAt = undefined;
    this.#options.onExit(this, exit);
    this.holder = undefined;
    this.on("exited");
  }

  #kill(): void {
    this.wasKilled = true;
    this.#killedAt = performance.now();
    this.#child?.kill("SIGKILL");
  }
}

const REKILL_MS = 500;
