/**
 * A slot is the manager's wish that one process be running, and how far it got.
 *
 *              start       ready     stop      abort      kill      exited    tick, when due
 *   vacant     starting +
 *   starting               running   drain     abort      kill      cooling   killed
 *   running                          drain     abort      kill      cooling
 *   drain                                      abort      kill      vacant    abort
 *   abort                                                 kill      vacant    term
 *   term                                                  kill      vacant    kill
 *   kill                                                  kill      vacant    kill
 *   cooling                          vacant    vacant     vacant              starting +
 *
 * `+` spawns a process. `drain`, `abort`, `term` and `kill` are the rungs of the
 * ladder that ends one: let the jobs finish, abort them, SIGTERM, SIGKILL; each is
 * also what is done on getting there. A blank changes nothing.
 * Pure: this decides, `Member` does.
 */
export type Slot =
  | { readonly state: "vacant" }
  | { readonly state: "starting"; readonly deadline: number; readonly failures: number }
  | { readonly state: "running"; readonly since: number; readonly failures: number }
  | { readonly state: "draining"; readonly rung: Rung; readonly deadline: number }
  | { readonly state: "cooling"; readonly until: number; readonly failures: number };

export type Rung = "drain" | "abort" | "term" | "kill";

export const SLOT_EVENTS = ["start", "ready", "stop", "abort", "exited", "kill", "tick"] as const;
export type SlotEvent = (typeof SLOT_EVENTS)[number];

export type SlotAction = "spawn" | Rung;

export interface SlotTiming {
  /** How long a process may take to be ready. */
  readonly bootMs: number;
  /** How long a process that drains may take before its jobs are aborted. */
  readonly drainMs: number;
  /** How long aborted jobs may take. */
  readonly graceMs: number;
  /** How long a process may take after SIGTERM. */
  readonly termMs: number;
  /** A process that ran this long is forgiven its earlier failures. */
  readonly stableMs: number;
  /** How long to wait before the next try, given how many failed in a row. */
  readonly delayMs: (failures: number) => number;
}

type Step = readonly [Slot, ...SlotAction[]];

/** What becomes of a slot on an event, and what must be done about it. */
export function step(slot: Slot, event: SlotEvent, now: number, timing: SlotTiming): Step {
  switch (slot.state) {
    case "vacant":
      return event === "start" ? [starting(now, timing, 0), "spawn"] : [slot];
    case "starting":
      if (event === "ready") return [{ state: "running", since: now, failures: slot.failures }];
      if (event === "exited") return [cooling(now, timing, slot.failures + 1)];
      if (event === "tick") return now >= slot.deadline ? [slot, "kill"] : [slot];
      return ending(slot, event, now, { ...timing, drainMs: Math.min(timing.drainMs, STARTING_DRAIN_MS) });
    case "running":
      if (event === "exited") return [cooling(now, timing, failuresAfter(slot, now, timing))];
      return ending(slot, event, now, timing);
    case "draining":
      if (event === "exited") return [{ state: "vacant" }];
      if (event === "tick") return now >= slot.deadline ? climb(NEXT_RUNG[slot.rung], now, timing) : [slot];
      if (event === "abort") return slot.rung === "drain" ? climb("abort", now, timing) : [slot];
      return event === "kill" ? climb("kill", now, timing) : [slot];
    case "cooling":
      if (event === "tick" && now >= slot.until) return [starting(now, timing, slot.failures), "spawn"];
      return event === "stop" || event === "abort" || event === "kill" ? [{ state: "vacant" }] : [slot];
  }
}

/** One that has not started has nothing to finish; it goes as soon as it hears of it. */
const STARTING_DRAIN_MS = 5000;

/** A process that was killed needs a moment to be gone: there is no use in killing it all the time. */
const REKILL_MS = 500;

/**
 * As many failures count of a process that was ready. It is slowed down, as every
 * restart gives its jobs another chance to crash, but is no bad start.
 */
const MAX_READY_FAILURES = 6;

const NEXT_RUNG = { drain: "abort", abort: "term", term: "kill", kill: "kill" } as const;

/** When a tick may next change something; `undefined` when none can. */
export function dueAt(slot: Slot): number | undefined {
  if (slot.state === "starting" || slot.state === "draining") return slot.deadline;
  return slot.state === "cooling" ? slot.until : undefined;
}

function ending(slot: Slot, event: SlotEvent, now: number, timing: SlotTiming): Step {
  if (event === "stop") return climb("drain", now, timing);
  return event === "abort" || event === "kill" ? climb(event, now, timing) : [slot];
}

function climb(rung: Rung, now: number, timing: SlotTiming): Step {
  const { drainMs, graceMs, termMs } = timing;
  const waitMs = { drain: drainMs, abort: graceMs, term: termMs, kill: REKILL_MS }[rung];
  return [{ state: "draining", rung, deadline: now + waitMs }, rung];
}

function failuresAfter(
  { since, failures }: { since: number; failures: number },
  now: number,
  timing: SlotTiming,
) {
  return now - since >= timing.stableMs ? 1 : Math.min(failures + 1, MAX_READY_FAILURES);
}

function starting(now: number, { bootMs }: SlotTiming, failures: number): Slot {
  return { state: "starting", deadline: now + bootMs, failures };
}

function cooling(now: number, { delayMs }: SlotTiming, failures: number): Slot {
  return { state: "cooling", until: now + delayMs(failures), failures };
}
