import type { Section, WorkerOptions } from "./options.ts";

/** The lowest layer. The default of `app` depends on the configuration file. */
export const DEFAULTS = {
  broker: "sqlite:./ganger.db",
  jobs: "./jobs",
  workers: {},
  // The bounds of `broker/maintenance.ts`; a test keeps them equal.
  retention: {
    completed: { count: 10_000 },
    failed: { count: 100_000 },
    cancelled: { count: 10_000 },
  },
  heartbeat: { every: "5s", ttl: "15s" },
  log: { level: "info", format: "text" },
} as const satisfies Section;

/** The lowest layer of each entry of `workers`. */
export const WORKER_DEFAULTS = {
  count: 1,
  concurrency: 10,
  order: "strict",
  isolation: "inline",
  stop: "30s",
} as const satisfies WorkerOptions;
