import { z } from "zod";
import {
  type ExecOptions,
  FORK_MODES,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogOptions,
  PROCESS_GROUPS,
  type Section,
  TERM_ACTIONS,
  type WorkerOptions,
} from "./options.ts";
import type { Settings } from "./resolved.ts";
import { duration, filled, mappingError, oneOf, whole } from "./schema/atoms.ts";
import { signalsSchema } from "./schema/signals.ts";
import { workersSchema } from "./schema/worker.ts";
import { defaultSignals } from "./signal-table.ts";

type Optional = "store" | "hooks" | "pidfile" | "lock" | "signals";
type OptionalOfWorker = "memory" | "memoryHard" | "maxJobs" | "maxAge";

/** All options, after the layers are merged: what has a default is not left out and no worker entry is a bare number. */
export interface MergedOptions
  extends Required<Omit<Section, "workers" | "log" | Optional>>,
    Pick<Section, Optional> {
  readonly log: Required<Pick<LogOptions, "level" | "format">> & LogOptions;
  readonly workers: Readonly<Record<string, MergedWorker>>;
}

interface MergedWorker
  extends Required<Omit<WorkerOptions, OptionalOfWorker | "exec">>,
    Pick<WorkerOptions, OptionalOfWorker> {
  readonly exec?: Required<ExecOptions> | undefined;
}

const bound = z
  .strictObject({ count: whole(0, 1_000_000_000) }, mappingError("must be a mapping with a count"))
  .transform(({ count }) => count);

export const retentionSchema = z.strictObject(
  { completed: bound, failed: bound, cancelled: bound },
  mappingError("must be a mapping"),
);

export const heartbeatSchema = z.strictObject(
  {
    every: duration.refine((ms) => ms >= 10, "must be 10ms at least"),
    ttl: duration.refine((ms) => ms <= 86_400_000, "must be 1d at most"),
  },
  mappingError("must be a mapping with every and ttl"),
);

export const logSchema = z.strictObject(
  {
    level: oneOf(LOG_LEVELS),
    format: oneOf(LOG_FORMATS),
    stdout: filled.optional(),
    stderr: filled.optional(),
  },
  mappingError("must be a mapping with level, format, stdout and stderr"),
);

export const restartSchema = z.strictObject(
  { delay: duration, max: duration, stable: duration, all: z.boolean("must be true or false") },
  mappingError("must be a mapping with delay, max, stable and all"),
);

export const optionsSchema = z.strictObject(
  {
    app: filled.refine((text) => !/\p{Cc}/u.test(text), "must have no control characters"),
    broker: filled.regex(/^[a-z]+:/, "must be a URL such as sqlite:./ganger.db"),
    migrate: z.boolean("must be true or false"),
    store: filled.regex(/^[a-z]+:/, "must be a URL such as sqlite:./ganger.db").optional(),
    jobs: z
      .union(
        [filled, z.array(filled).min(1, "must name one path at least")],
        "must be a path or a list of paths",
      )
      .transform((paths) => (typeof paths === "string" ? [paths] : paths)),
    workers: workersSchema,
    retention: retentionSchema,
    heartbeat: heartbeatSchema
      .refine(({ every, ttl }) => every * 3 <= ttl, {
        path: ["every"],
        message: "must fit into heartbeat.ttl three times, or one slow report makes a worker count as dead",
      })
      .transform(({ every, ttl }) => ({ everyMs: every, ttlMs: ttl })),
    log: logSchema,
    fork: oneOf(FORK_MODES),
    preload: z.array(filled, "must be a list of modules"),
    hooks: filled.optional(),
    pidfile: z.union([filled, z.literal(false)], "must be a path, or false").optional(),
    lock: filled.optional(),
    term: oneOf(TERM_ACTIONS),
    signals: signalsSchema.optional(),
    spawnDelay: duration,
    boot: duration.refine((ms) => ms > 0, "must be more than 0"),
    restart: restartSchema
      .refine(({ delay, max }) => delay <= max, {
        path: ["delay"],
        message: "must not be longer than restart.max",
      })
      .transform(({ delay, max, stable, all }) => ({
        delayMs: delay,
        maxMs: max,
        stableMs: stable,
        all,
      })),
    processGroup: oneOf(PROCESS_GROUPS),
  },
  mappingError("must be a mapping of options"),
);

export const settingsSchema = optionsSchema
  .refine(({ broker, store }) => store === undefined || /^amqps?:/.test(broker), {
    path: ["store"],
    message: "is for an amqp: broker; any other keeps its documents itself",
  })
  .transform(
    ({ pidfile, term, signals, spawnDelay, boot, ...same }): Settings => ({
      ...same,
      pidfile: pidfile === false ? undefined : pidfile,
      signals: { ...defaultSignals(term), ...signals },
      spawnDelayMs: spawnDelay,
      bootMs: boot,
    }),
  ) satisfies z.ZodType<Settings, MergedOptions>;
