import { type ErrorCode, GangerError, isGangerError } from "../../errors.ts";
import { resultCodeOf } from "./rows.ts";

/** SQLite's result codes that an operator can do something about, https://sqlite.org/rescode.html. */
const FAILURES: Readonly<Record<string, readonly [ErrorCode, string, string]>> = {
  SQLITE_BUSY: [
    "GANGER_BROKER_LOCKED",
    "is locked by another program",
    "End the program that has it open for writing.",
  ],
  SQLITE_BUSY_SNAPSHOT: [
    "GANGER_TRANSACTION_INVALID",
    "was written to since the transaction read from it",
    "Begin the transaction with: begin immediate",
  ],
  SQLITE_LOCKED: [
    "GANGER_BROKER_LOCKED",
    "is locked by another program",
    "End the program that has it open for writing.",
  ],
  SQLITE_READONLY: [
    "GANGER_BROKER_READONLY",
    "cannot be written to",
    "Let this user write to the file and to its folder.",
  ],
  SQLITE_PERM: [
    "GANGER_BROKER_READONLY",
    "cannot be written to",
    "Let this user write to the file and to its folder.",
  ],
  SQLITE_CANTOPEN: [
    "GANGER_BROKER_UNREACHABLE",
    "cannot be opened",
    "Make its folder, or let this user write to it.",
  ],
  SQLITE_CORRUPT: [
    "GANGER_BROKER_CORRUPT",
    "is damaged",
    "Put it aside, and restore a backup or recover it with: sqlite3 FILE .recover",
  ],
  SQLITE_NOTADB: [
    "GANGER_BROKER_CORRUPT",
    "is no SQLite database",
    "Name another file, or put this one aside.",
  ],
  SQLITE_FULL: [
    "GANGER_BROKER_FULL",
    "has no room left on its disk",
    "Free space; nothing that was accepted is lost.",
  ],
  SQLITE_IOERR: [
    "GANGER_BROKER_UNREACHABLE",
    "cannot be read or written",
    "Look at the disk and its messages in the system log.",
  ],
};

/** Whether another connection held the write lock. */
export function isBusy(error: unknown): boolean {
  return resultCodeOf(error) === "SQLITE_BUSY";
}

/** Says what befell the store in words; an error that is not SQLite's passes as it is. */
export function toFailure(error: unknown, path: string): unknown {
  if (isGangerError(error)) return error;
  const [code, what, hint] = FAILURES[resultCodeOf(error) ?? ""] ?? [];
  if (code === undefined) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new GangerError(code, `${path} ${what} (${detail})`, { cause: error, hint });
}

/** The same for a file beside the database, which the operating system refuses. */
export function toFileFailure(error: unknown, file: string): GangerError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const [result, , hint] = FAILURES[SYSTEM_ERRORS[code] ?? "SQLITE_CANTOPEN"] ?? [];
  const detail = code === "" ? String(error) : code;
  return new GangerError(result ?? "GANGER_BROKER_UNREACHABLE", `${file} cannot be written to (${detail})`, {
    cause: error,
    hint,
  });
}

/** Like what of SQLite's an error of the operating system is. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: "SQLITE_READONLY",
  EPERM: "SQLITE_READONLY",
  EROFS: "SQLITE_READONLY",
  ENOSPC: "SQLITE_FULL",
  EDQUOT: "SQLITE_FULL",
};
