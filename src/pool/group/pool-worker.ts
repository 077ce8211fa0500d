import type { WorkerGroup } from "../../config/resolved.ts";
import type { MemberStatus } from "../../control/messages.ts";
import type { ToWorker, WorkerStatus, Worn } from "../../ipc/messages.ts";
import type { Group } from "./group.ts";
import { Member, type MemberOptions } from "./member.ts";
import type { Slot } from "./slot.ts";
import type { Seat } from "./staffing.ts";

/** One worker of a group: its slot, and what is known of its process. */
export class PoolWorker extends Member<ToWorker> implements Seat {
  /** Counts up with every change that needs a new process; of the time when this one was spawned. */
  generation = 0;
  /** What it was spawned with. */
  spec: WorkerGroup;
  /** The group it belongs to, which may change. */
  home: Group | undefined;
  replaces: PoolWorker | undefined;
  wasReplaced = false;
  isOutdated = false;
  worn: Worn | { readonly reason: "maxAge" } | undefined;
  status: WorkerStatus | undefined;
  /** What it said it loads, while it starts. */
  loading: string | undefined;
  rss: number | undefined;
  /** What it said before it ended without having been ready. */
  failure: string | undefined;
  /** It was killed for what its jobs took, also if it was about to go. */
  wasExcessive = false;

  constructor(spec: WorkerGroup, options: MemberOptions<ToWorker>) {
    super(options);
    this.spec = spec;
  }

  get isIdle(): boolean {
    return (this.status?.running ?? 0) === 0;
  }

  get isWorn(): boolean {
    return this.worn !== undefined;
  }

  get since(): number {
    return this.spawnedAt;
  }

  /** Forgets what was known of the process before. */
  reset(generation: number, spec: WorkerGroup): void {
    Object.assign(this, { generation, spec, isOutdated: false, worn: undefined, status: undefined });
    Object.assign(this, { loading: undefined, rss: undefined, failure: undefined, wasExcessive: false });
  }

  describe(now: number): MemberStatus {
    const { pid, holder, slot, status, rss, worn, wasReplaced, replaces } = this;
    return {
      pid,
      holder,
      state: stateOf(slot, status),
      sinceMs: pid === undefined ? undefined : Math.round(Date.now() - (now - this.spawnedAt)),
      jobs: status?.jobs ?? [],
      done: status?.done ?? 0,
      rss,
      isReplaced: wasReplaced || replaces !== undefined,
      worn,
    };
  }
}

function stateOf({ state }: Slot, status: WorkerStatus | undefined): MemberStatus["state"] {
  if (state === "vacant") return "cooling";
  return state === "running" ? (status?.state ?? "waiting") : state;
}
