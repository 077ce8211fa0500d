/** What somebody must do now and then so that a store stays right and bounded. Safe to do twice, or in two places. */
export interface Maintenance {
  /** Makes scheduled jobs whose time has come waiting. */
  due(): Promise<DueReport>;

  /** Releases every holder whose heartbeat ended, as crashed. */
  rescue(): Promise<readonly RescuedHolder[]>;

  /** Deletes finished jobs that are past their time or over the bound of their queue, some thousands at a time. */
  prune(bounds: PruneBounds): Promise<PruneReport>;

  /** Looks for what an operator should know, the worst first. */
  doctor(): Promise<readonly Finding[]>;

  /** What of that whoever runs jobs is told at each start, as they may come to harm by it or wait. Costs next to nothing. */
  cautions?(): Promise<readonly Finding[]>;
}

export interface DueReport {
  readonly moved: number;
  /** How long until the next job is due; `undefined` when none is scheduled. */
  readonly nextInMs: number | undefined;
}

export interface RescuedHolder {
  readonly holder: string;
  readonly waiting: readonly string[];
  readonly poisoned: readonly string[];
}

/** How many finished jobs a queue keeps, the newest; their age is bounded by each job's own `keepMs`. */
export interface PruneBounds {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

export const DEFAULT_PRUNE_BOUNDS: PruneBounds = { completed: 10_000, failed: 100_000, cancelled: 10_000 };

/** How long a finished job is kept unless its outcome says otherwise. */
export const DEFAULT_KEEP_MS = {
  completed: 86_400_000,
  failed: 30 * 86_400_000,
  cancelled: 86_400_000,
} as const;

export interface PruneReport {
  readonly deleted: number;
  /** Whether there is more to delete now. */
  readonly more: boolean;
}

export interface Finding {
  readonly level: "error" | "warning" | "info";
  /** One word for tools, such as `integrity` or `overdue`. */
  readonly check: string;
  readonly message: string;
  readonly hint?: string | undefined;
}
