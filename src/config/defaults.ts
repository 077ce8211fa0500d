import type { ExecOptions, Section, WorkerOptions } from "./options.ts";

/** The lowest layer. The default of `app` depends on the configuration file. */
export const DEFAULTS = {
  broker: "sqlite:./ganger.db",
  migrate: true,
  jobs: "./jobs",
  fork: "auto",
  preload: [],
  workers: {},
  // The bounds of `broker/maintenance.ts`; a test keeps them equal.
  retention: {
    completed: { count: 10_000 },
    failed: { count: 100_000 },
    cancelled: { count: 10_000 },
  },
  heartbeat: { every: "5s", ttl: "15s" },
  log: { level: "info", format: "text" },
  term: "graceful-wait",
  spawnDelay: 0,
  boot: "60s",
  restart: { delay: "100ms", max: "30s", stable: "10s", all: false },
  processGroup: "own",
} as const satisfies Section;

/** The lowest layer of each entry of `workers`. */
export const WORKER_DEFAULTS = {
  count: 1,
  concurrency: 10,
  order: "strict",
  isolation: "inline",
  stop: "30s",
  grace: "5s",
} as const satisfies WorkerOptions;

/** The lowest layer of each `exec`. */
export const EXEC_DEFAULTS = {
  drain: "QUIT",
  abort: "TERM",
  cut: "USR1",
  pause: "USR2",
  resume: "CONT",
  ready: "1s",
} as const satisfies Omit<ExecOptions, "command">;
