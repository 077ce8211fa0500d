import type { Failure, RunningJob, Worn } from "../ipc/messages.ts";

/** What a client may ask of a manager over its socket: one request per connection. */
export type ControlRequest =
  | { readonly type: "status" }
  /** Reads the configuration again. `all` replaces workers whose configuration did not change, too. */
  | { readonly type: "reload"; readonly all: boolean }
  | { readonly type: "restart" }
  | { readonly type: "stop"; readonly how: "graceful-wait" | "immediate" | "kill" }
  /** A new manager takes over. The connection stays open; its end before `commit` undoes everything. */
  | { readonly type: "handover"; readonly pid: number }
  /** During a handover: this group should have so many workers that take jobs, at most. */
  | { readonly type: "yield"; readonly queues: string; readonly to: number }
  /** Ends a handover: the rest is drained, and the manager goes. */
  | { readonly type: "commit" };

export type ControlAnswer =
  /** How it goes, for people. */
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "status"; readonly status: PoolStatus }
  /** During a handover: processes that are left of each group, at first and whenever it changes. */
  | { readonly type: "left"; readonly workers: Readonly<Record<string, number>> }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly failure: Failure };

export interface PoolStatus {
  readonly app: string;
  readonly environment: string;
  readonly file: string | undefined;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly state: "running" | "reloading" | "empty" | "stopping";
  readonly coordinator: { readonly pid: number | undefined; readonly state: string } | undefined;
  /** The fork server; `undefined` when workers are not to be forked. */
  readonly forks?: { readonly pid: number | undefined; readonly state: string } | undefined;
  readonly groups: readonly GroupStatus[];
  /** The newest things that went wrong or were replaced, ten at most. */
  readonly events: readonly { readonly atMs: number; readonly text: string }[];
}

export interface GroupStatus {
  readonly queues: string;
  readonly wanted: number;
  readonly workers: readonly MemberStatus[];
  /** Workers that an earlier manager left behind, which finish their jobs. */
  readonly orphans: readonly { readonly pid: number }[];
  /** Set while its workers fail at start: no more are started until then, but one. */
  readonly failing:
    | { readonly failures: number; readonly nextInMs: number; readonly reason: string }
    | undefined;
}

export interface MemberStatus {
  readonly pid: number | undefined;
  readonly holder: string | undefined;
  readonly state: "starting" | "waiting" | "working" | "paused" | "draining" | "cooling";
  readonly sinceMs: number | undefined;
  readonly jobs: readonly RunningJob[];
  readonly done: number;
  /** Resident bytes, with those of its jobs' processes; where it can be known. */
  readonly rss: number | undefined;
  readonly isReplaced: boolean;
  readonly worn: Worn | { readonly reason: "maxAge" } | undefined;
}
