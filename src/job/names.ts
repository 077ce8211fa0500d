import { GangerError } from "../errors.ts";

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,99}$/;

const RULE = "Use 1 to 100 of A-Z a-z 0-9 _ . : / - and start with a letter, a digit or _.";

/** Whether a text can name a queue or a job. A program in JavaScript may hand over anything. */
export function isName(text: unknown): boolean {
  return typeof text === "string" && NAME.test(text);
}

/** @throws `GANGER_QUEUE_INVALID` when a text cannot name a queue. */
export function assertQueueName(queue: string): void {
  if (isName(queue)) return;
  throw new GangerError("GANGER_QUEUE_INVALID", `${JSON.stringify(queue)} cannot name a queue`, {
    hint: RULE,
  });
}

/** @throws `GANGER_JOB_INVALID` when a text cannot name a job. */
export function assertJobName(name: string): void {
  if (isName(name)) return;
  throw new GangerError("GANGER_JOB_INVALID", `${JSON.stringify(name)} cannot name a job`, { hint: RULE });
}
