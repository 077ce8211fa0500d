export type { Broker } from "./broker/broker.ts";
export type {
  Claim,
  ClaimRef,
  ClaimRequest,
  HolderInfo,
  Outcome,
  Released,
  ReleaseReason,
  Settlement,
} from "./broker/claim.ts";
export { openBroker } from "./broker/connect.ts";
export type { Counts, KnownCounts } from "./broker/counts.ts";
export type { Edit, Note, TagChange } from "./broker/edit.ts";
export { FACET_NAMES, type FacetName, type Facets } from "./broker/facets.ts";
export type { FlowJob, Flows, Limit, Limits, Schedule, Schedules } from "./broker/governance.ts";
export type { HolderStatus, Inspect, JobFilter, QueueCounts } from "./broker/inspect.ts";
export type {
  DueReport,
  Finding,
  Maintenance,
  PruneBounds,
  PruneReport,
  RescuedHolder,
} from "./broker/maintenance.ts";
export type { Events, JobAnnouncement, Percentiles, Stats, StatsMinute } from "./broker/observe.ts";
export type { DocumentStore, StoredDocument } from "./broker/store.ts";
export type { Transactions } from "./broker/transactions.ts";
export type { Wakeups } from "./broker/wakeups.ts";
export { Client, type ClientOptions, connect } from "./client/client.ts";
export type { EnqueueOptions } from "./client/new-job.ts";
export { defineConfig } from "./config/define-config.ts";
export type { GangerHooks, SpawnedWorker } from "./config/hooks.ts";
export type { GangerConfig, Workers, WorkersLoader } from "./config/options.ts";
export { type ThrottledLoader, throttled } from "./config/throttled.ts";
export { ERROR_CODES, type ErrorCode, type ErrorDetails, GangerError, isGangerError } from "./errors.ts";
export type { Backoff, BackoffFunction } from "./job/backoff.ts";
export type { JobContext } from "./job/context.ts";
export { defineJob, type JobDefinition, type JobOptions, type Retention } from "./job/define-job.ts";
export type { Duration } from "./job/duration.ts";
export type { ForkedWorker, JobEnd, JobHooks, WorkerHooks } from "./job/hooks.ts";
export type { HistoryEntry, JobDetails, JobError, JobRecord, LogLine, NewJob } from "./job/job.ts";
export { QueueList, type QueueOrder } from "./job/queue-list.ts";
export { JobRegistry } from "./job/registry.ts";
export { JOB_STATES, type JobState } from "./job/states.ts";
export { type DrainOptions, type DrainReport } from "./worker/drain.ts";
export type { WorkerOptions } from "./worker/options.ts";
export { Worker } from "./worker/worker.ts";
