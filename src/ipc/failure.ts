import { isGangerError } from "../errors.ts";
import type { Failure } from "./messages.ts";

/** An error as plain data, for the other side of a process border. */
export function toFailure(error: unknown): Failure {
  if (isGangerError(error)) return { message: error.message, code: error.code, hint: error.hint };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
