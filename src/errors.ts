/** Every failure this package raises on purpose. `docs/reference/errors.md` and `errors-of-brokers.md` have one section per key. */
export const ERROR_CODES = {
  GANGER_CONFIG_INVALID: "The configuration does not match its schema",
  GANGER_CONFIG_MISSING: "There is no configuration to read",
  GANGER_URL_INVALID: "The URL of the broker cannot be used",
  GANGER_DRIVER_MISSING: "The client library of the broker is not installed",
  GANGER_DRIVER_UNSUITED: "The client library of the broker cannot run on this Node.js",
  GANGER_BROKER_UNREACHABLE: "The broker did not answer in time",
  GANGER_BROKER_REFUSED: "The broker's server does not let us in",
  GANGER_BROKER_UNSUITED: "The server is too old, or not what the URL says",
  GANGER_BROKER_LOCKED: "The store is locked by another program",
  GANGER_BROKER_READONLY: "The store cannot be written to",
  GANGER_BROKER_CORRUPT: "The store is damaged or not a store of ganger's",
  GANGER_BROKER_NEWER: "The store was written by a newer version",
  GANGER_BROKER_OLDER: "The store has an older schema, and is not to be migrated",
  GANGER_BROKER_FULL: "The store has no room left",
  GANGER_BROKER_CLOSED: "The broker was used after it was closed",
  GANGER_TRANSACTION_INVALID: "A connection is not one of the broker's with a transaction open",
  GANGER_CLAIM_LOST: "A job is no longer that of the run which would complete it",
  GANGER_FACET_MISSING: "The broker cannot do what was asked of it",
  GANGER_DURATION_INVALID: "A duration cannot be read",
  GANGER_QUEUE_INVALID: "A queue name or queue list cannot be used",
  GANGER_OPTION_INVALID: "An option is unknown or out of its bounds",
  GANGER_JOB_INVALID: "A job definition cannot be used",
  GANGER_JOB_DUPLICATE: "Two job definitions have one name",
  GANGER_JOB_UNKNOWN: "No job definition has this name",
  GANGER_JOB_MISSING: "No job has this id",
  GANGER_MODULE_BROKEN: "A module of the application cannot be loaded",
  GANGER_ISOLATION_FAILED: "A thread or process for a job could not be started",
  GANGER_PAYLOAD_INVALID: "A payload does not fit the schema of its job",
  GANGER_PAYLOAD_UNSERIALIZABLE: "A payload or result cannot be written as JSON",
  GANGER_PAYLOAD_LARGE: "A payload or result is larger than allowed",
  GANGER_POOL_FAILED: "The pool could not be started",
  GANGER_POOL_MISSING: "No pool is running here",
  GANGER_CONTROL_FAILED: "The manager cannot be reached",
  GANGER_RELOAD_REFUSED: "The running pool cannot take up the change",
  GANGER_ROLLOUT_FAILED: "New workers did not come up",
  GANGER_PIDFILE_TAKEN: "Another process holds the pidfile",
  GANGER_LOCK_FAILED: "The lock file cannot be locked",
  GANGER_LOG_FAILED: "A log file cannot be opened",
  GANGER_DAEMON_FAILED: "The pool could not be started in the background",
  GANGER_CONFORMANCE_FAILED: "A broker does not keep the contract",
  GANGER_FILE_EXISTS: "A file that would be written is there already",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

const brand = Symbol.for("ganger.error");

export interface ErrorDetails {
  readonly cause?: unknown;
  /** What to try next, phrased as an instruction. The CLI prints it below the message. */
  readonly hint?: string | undefined;
}

/** The one error class of this package. Tell failures apart by `code`, or with `isGangerError`. */
export class GangerError extends Error {
  static {
    Object.defineProperty(this.prototype, "name", { value: "GangerError" });
  }

  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, { cause, hint }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** Like `instanceof`, but true across two installed copies of this package. */
export function isGangerError(value: unknown, code?: ErrorCode): value is GangerError {
  if (!(value instanceof Error) || !(brand in value)) return false;
  return code === undefined || ("code" in value && value.code === code);
}
