import { ERROR_CODES, type ErrorCode, GangerError, isGangerError } from "../errors.ts";
import type { Failure } from "./messages.ts";

/** An error as plain data, for the other side of a process border. */
export function toFailure(error: unknown): Failure {
  if (isGangerError(error)) return { message: error.message, code: error.code, hint: error.hint };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** The error again, on the other side. `otherwise` is the code of one that has none of ours. */
export function fromFailure({ message, code, hint }: Failure, otherwise: ErrorCode): GangerError {
  return new GangerError(isCode(code) ? code : otherwise, message, { hint });
}

function isCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code);
}
