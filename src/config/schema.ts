import { z } from "zod";
import { isGangerError } from "../errors.ts";
import { type Duration, toMs } from "../job/duration.ts";
import { QueueList } from "../job/queue-list.ts";
import {
  ISOLATIONS,
  LOG_FORMATS,
  LOG_LEVELS,
  QUEUE_ORDERS,
  type Section,
  type WorkerOptions,
} from "./options.ts";
import type { Settings } from "./resolved.ts";

/** All options, after the layers are merged: nothing is left out and no worker entry is a bare number. */
export interface MergedOptions extends Required<Omit<Section, "workers">> {
  readonly workers: Readonly<Record<string, Required<WorkerOptions>>>;
}

const DURATION_RULE = 'must be milliseconds or a text such as "500ms", "30s", "5m", "2h" or "7d"';

const duration = z
  .union([z.number(), z.templateLiteral([z.number(), z.enum(["ms", "s", "m", "h", "d"])])], DURATION_RULE)
  .refine(isDuration, DURATION_RULE)
  .transform((value) => toMs(value));

const whole = (min: number, max: number) => {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z.int(rule).min(min, rule).max(max, rule);
};

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(", ")}`);

const filled = z
  .string("must be a text")
  .trim()
  .min(1, "must not be empty")
  .max(1000, "must have 1000 characters at most");

export const workerSchema = z.strictObject(
  {
    count: whole(0, 1000),
    concurrency: whole(1, 1000),
    order: oneOf(QUEUE_ORDERS),
    isolation: oneOf(ISOLATIONS)
      .refine(
        (value) => value === "inline",
        "comes with copy-on-write forks, not in this version; use inline",
      )
      .transform(() => "inline" as const),
    stop: duration,
  },
  mappingError("must be a whole number, or a mapping with count, concurrency, order, isolation or stop"),
);

const queueList = z.string().superRefine((list, context) => {
  try {
    QueueList.parse(list);
  } catch (error) {
    if (!isGangerError(error, "GANGER_QUEUE_INVALID")) throw error;
    context.addIssue({ code: "custom", message: [error.message, error.hint ?? ""].join(". ").trim() });
  }
});

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
  { level: oneOf(LOG_LEVELS), format: oneOf(LOG_FORMATS) },
  mappingError("must be a mapping with level and format"),
);

export const settingsSchema = z.strictObject(
  {
    app: filled.regex(/^\P{Cc}*$/u, "must have no control characters"),
    broker: filled.regex(/^[a-z]+:/, "must be a URL such as sqlite:./ganger.db"),
    jobs: z
      .union(
        [filled, z.array(filled).min(1, "must name one path at least")],
        "must be a path or a list of paths",
      )
      .transform((paths) => (typeof paths === "string" ? [paths] : paths)),
    workers: z
      .record(queueList, workerSchema, "must be a mapping of queue lists to numbers of workers")
      .superRefine((groups, context) => {
        for (const [list, twin] of twins(Object.keys(groups))) {
          context.addIssue({ code: "custom", path: [list], message: `is the same queue list as "${twin}"` });
        }
      })
      .transform((groups) =>
        Object.entries(groups).map(([list, { count, concurrency, order, isolation, stop }]) => ({
          queues: QueueList.parse(list).label,
          count,
          concurrency,
          order,
          isolation,
          stopMs: stop,
        })),
      ),
    retention: retentionSchema,
    heartbeat: heartbeatSchema
      .refine(({ every, ttl }) => every * 3 <= ttl, {
        path: ["every"],
        message: "must fit into heartbeat.ttl three times, or one slow report makes a worker count as dead",
      })
      .transform(({ every, ttl }) => ({ everyMs: every, ttlMs: ttl })),
    log: logSchema,
  },
  mappingError("must be a mapping of options"),
) satisfies z.ZodType<Settings, MergedOptions>;

/** The message where there is something else than a mapping. Unknown keys have messages of their own. */
function mappingError(rule: string) {
  return {
    error: ({ code }: { readonly code: string }) => (code === "invalid_type" ? rule : undefined),
  };
}

function isDuration(value: Duration): boolean {
  try {
    toMs(value);
    return true;
  } catch {
    return false;
  }
}

/** Lists that another one before it says already; they differ in blanks only. */
function twins(lists: readonly string[]): readonly (readonly [string, string])[] {
  const seen = new Map<string, string>();
  return lists.flatMap((list) => {
    const { label } = QueueList.parse(list);
    const twin = seen.get(label);
    seen.set(label, list);
    return twin === undefined ? [] : [[list, twin] as const];
  });
}
