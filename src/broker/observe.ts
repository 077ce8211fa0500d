/** Announces what happens to jobs, to whoever listens at that moment. */
export interface Events {
  subscribe(listen: (event: JobAnnouncement) => void): Promise<AsyncDisposable>;
}

export interface JobAnnouncement {
  readonly type:
    | "job:enqueued"
    | "job:claimed"
    | "job:completed"
    | "job:retried"
    | "job:failed"
    | "job:cancelled";
  readonly id: string;
  readonly queue: string;
  readonly at: Date;
}

/** How long jobs waited and ran, per queue and minute. */
export interface Stats {
  read(queue: string, from: Date, to: Date): Promise<readonly StatsMinute[]>;
}

export interface StatsMinute {
  readonly minute: Date;
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
  readonly waitMs: Percentiles;
  readonly runMs: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}
