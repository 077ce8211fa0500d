import { constants } from "node:os";
import { getSystemErrorName } from "node:util";

/** Every failure of this package that a caller may tell apart, by its `code`. */
export class ForkError extends Error {
  constructor(code, message, fields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = "ForkError";
    this.code = code;
    for (const [key, value] of Object.entries(fields)) if (key !== "cause") this[key] = value;
  }
}

const names = new Map(Object.entries(constants.errno).map(([name, errno]) => [errno, name]));

/** EAGAIN for 11, and so on. Neither of Node's two lists is complete: one lacks ECHILD, the other ESHUTDOWN. */
export function errnoName(errno) {
  const name = names.get(errno) ?? getSystemErrorName(-errno);
  return name.startsWith("Unknown") ? `errno ${errno}` : name;
}
