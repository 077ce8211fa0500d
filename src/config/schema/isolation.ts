import { z } from "zod";
import { ISOLATIONS, MIN_MEMORY, resolveIsolation } from "../../job/isolation.ts";
import { formatBytes } from "../../job/size.ts";
import { oneOf, size, whole } from "./atoms.ts";

const types = `must be one of ${ISOLATIONS.join(", ")}, or a mapping with type, memory and maxJobs`;

export const isolationFields = {
  type: oneOf(ISOLATIONS),
  memory: size
    .refine((bytes) => bytes >= MIN_MEMORY, `must be ${formatBytes(MIN_MEMORY)} at least`)
    .optional(),
  maxJobs: whole(1, 1_000_000_000).optional(),
};

const bounded = z
  .strictObject(isolationFields)
  .refine(
    ({ type, memory, maxJobs }) => type !== "inline" || (memory === undefined && maxJobs === undefined),
    "cannot have memory or maxJobs of its own when it is inline: those of the worker hold",
  );

export const isolationSchema = z
  .union([oneOf(ISOLATIONS), bounded], types)
  .transform((isolation) => resolveIsolation(isolation, "The worker"));
