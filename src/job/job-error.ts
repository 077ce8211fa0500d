import type { JobError } from "./job.ts";

const MAX_MESSAGE = 2000;
const MAX_STACK = 8000;

/** Anything that was thrown, as bounded plain data. */
export function toJobError(thrown: unknown): JobError {
  if (!(thrown instanceof Error)) return { name: "Error", message: describe(thrown).slice(0, MAX_MESSAGE) };
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
  return {
    name: thrown.name,
    message: thrown.message.slice(0, MAX_MESSAGE),
    ...(code === undefined ? {} : { code }),
    ...(typeof thrown.stack === "string" ? { stack: thrown.stack.slice(0, MAX_STACK) } : {}),
  };
}

function describe(thrown: unknown): string {
  try {
    return typeof thrown === "string" ? thrown : (JSON.stringify(thrown) ?? typeof thrown);
  } catch {
    return typeof thrown;
  }
}
