import { z } from "zod";
import { isGangerError } from "../../errors.ts";
import { QueueList } from "../../job/queue-list.ts";
import { QUEUE_ORDERS } from "../options.ts";
import type { WorkerGroup } from "../resolved.ts";
import { duration, mappingError, oneOf, size, whole } from "./atoms.ts";
import { execSchema } from "./exec.ts";
import { isolationSchema } from "./isolation.ts";

/** How much more than `memory` a worker may take for a moment. */
const HARD_FACTOR = 1.25;

export const workerSchema = z.strictObject(
  {
    count: whole(0, 1000),
    concurrency: whole(1, 1000),
    order: oneOf(QUEUE_ORDERS),
    isolation: isolationSchema,
    stop: duration,
    grace: duration,
    memory: size.optional(),
    memoryHard: size.optional(),
    maxJobs: whole(1, 1_000_000_000).optional(),
    maxAge: duration.refine((ms) => ms >= 1000, "must be 1s at least").optional(),
    exec: execSchema.optional(),
  },
  mappingError(
    "must be a whole number, or a mapping with count, concurrency, order, isolation, stop, grace, memory, memoryHard, maxJobs, maxAge or exec",
  ),
);

const queueList = z.string().superRefine((list, context) => {
  try {
    QueueList.parse(list);
  } catch (error) {
    if (!isGangerError(error, "GANGER_QUEUE_INVALID")) throw error;
    context.addIssue({ code: "custom", message: [error.message, error.hint ?? ""].join(". ").trim() });
  }
});

const checkedWorker = workerSchema.superRefine(({ memory, memoryHard }, context) => {
  if (memoryHard === undefined) return;
  const message =
    memory === undefined
      ? "needs memory, above which a worker is replaced in peace"
      : memoryHard <= memory && "must be more than memory, above which a worker is replaced in peace";
  if (message !== false) context.addIssue({ code: "custom", path: ["memoryHard"], message });
});

export const workersSchema = z
  .record(queueList, checkedWorker, "must be a mapping of queue lists to numbers of workers")
  .superRefine((groups, context) => {
    for (const [list, twin] of twins(Object.keys(groups))) {
      context.addIssue({ code: "custom", path: [list], message: `is the same queue list as "${twin}"` });
    }
  })
  .transform((groups) => Object.entries(groups).map(([list, group]) => toGroup(list, group)));

function toGroup(list: string, options: z.output<typeof workerSchema>): WorkerGroup {
  const { stop, grace, memory, memoryHard, maxAge, maxJobs, exec, ...same } = options;
  return {
    queues: QueueList.parse(list).label,
    ...same,
    stopMs: stop,
    graceMs: grace,
    ...(memory !== undefined && {
      memory: { soft: memory, hard: memoryHard ?? Math.floor(memory * HARD_FACTOR) },
    }),
    ...(maxJobs !== undefined && { maxJobs }),
    ...(maxAge !== undefined && { maxAgeMs: maxAge }),
    ...(exec !== undefined && { exec }),
  };
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
