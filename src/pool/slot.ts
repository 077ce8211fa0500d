/**
 * A slot is the manager's wish that one process be running, and how far it got.
 *
 *              start       ready     stop        exited    end     tick, when due
 *   vacant     starting +
 *   starting               running   draining -  cooling   kill    kill
 *   running                          draining -  cooling   kill
 *   draining                                     vacant    kill    kill
 *   cooling                          vacant                vacant  starting +
 *
 * `+` spawns a process, `-` asks it to end, `kill` ends it, and a blank changes
 * nothing. After `end` a slot is draining until its process is gone.
 * Pure: this decides, `Manager` does.
 */
export type Slot =
  | { readonly state: "vacant" }
  | { readonly state: "starting"; readonly deadline: number; readonly failures: number }
  | { readonly state: "running"; readonly since: number; readonly failures: number }
  | { readonly state: "draining"; readonly deadline: number }
  | { readonly state: "cooling"; readonly until: number; readonly failures: number };

export const SLOT_EVENTS = ["start", "ready", "stop", "exited", "end", "tick"] as const;
export type SlotEvent = (typeof SLOT_EVENTS)[number];

export type SlotAction = "spawn" | "drain" | "kill";

export interface SlotTiming {
  /** How long a process may take to be ready. */
  readonly bootMs: number;
  /** How long a process that drains may take before it is killed. */
  readonly drainMs: number;
  /** A process that ran this long is forgiven its earlier failures. */
  readonly stableMs: number;
  /** How long to wait before the next try, given how many failed in a row. */
  readonly delayMs: (failures: number) => number;
}

type Step = readonly [Slot, ...SlotAction[]];

/** What becomes of a slot on an event, and what the manager must do about it. */
export function step(slot: Slot, event: SlotEvent, now: number, timing: SlotTiming): Step {
  switch (slot.state) {
    case "vacant":
      if (event === "start") return [starting(now, timing, 0), "spawn"];
      return [slot];
    case "starting":
      if (event === "ready") return [{ state: "running", since: now, failures: slot.failures }];
      if (event === "stop") return [draining(now, timing), "drain"];
      if (event === "exited") return [cooling(now, timing, slot.failures + 1)];
      if (event === "end") return [draining(now, timing), "kill"];
      if (event === "tick" && now >= slot.deadline) return [slot, "kill"];
      return [slot];
    case "running":
      if (event === "stop") return [draining(now, timing), "drain"];
      if (event === "end") return [draining(now, timing), "kill"];
      if (event === "exited" && now - slot.since >= timing.stableMs) return [cooling(now, timing, 1)];
      if (event === "exited") return [cooling(now, timing, Math.min(slot.failures + 1, MAX_READY_FAILURES))];
      return [slot];
    case "draining":
      if (event === "exited") return [{ state: "vacant" }];
      if (event === "end") return [slot, "kill"];
      if (event === "tick" && now >= slot.deadline) return [slot, "kill"];
      return [slot];
    case "cooling":
      if (event === "stop" || event === "end") return [{ state: "vacant" }];
      if (event === "tick" && now >= slot.until) return [starting(now, timing, slot.failures), "spawn"];
      return [slot];
  }
}

/**
 * As many failures count of a process that was ready. It is slowed down, as every
 * restart gives its jobs another chance to crash, but is no bad start.
 */
const MAX_READY_FAILURES = 6;

/** When a tick may next change something; `undefined` when none can. */
export function dueAt(slot: Slot): number | undefined {
  if (slot.state === "starting" || slot.state === "draining") return slot.deadline;
  return slot.state === "cooling" ? slot.until : undefined;
}

function starting(now: number, { bootMs }: SlotTiming, failures: number): Slot {
  return { state: "starting", deadline: now + bootMs, failures };
}

function draining(now: number, { drainMs }: SlotTiming): Slot {
  return { state: "draining", deadline: now + drainMs };
}

function cooling(now: number, { delayMs }: SlotTiming, failures: number): Slot {
  return { state: "cooling", until: now + delayMs(failures), failures };
}
