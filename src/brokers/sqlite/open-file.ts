import { closeSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { GangerError } from "../../errors.ts";
import { openDatabase, type SqliteDatabase } from "./driver.ts";
import { isBusy, toFailure, toFileFailure } from "./failure.ts";
import type { SqliteLocation } from "./location.ts";

/** Opens a database for reading and writing, which is made when it is not there. */
export async function openFile({ path, synchronous }: SqliteLocation): Promise<SqliteDatabase> {
  assertFolder(path);
  let database: SqliteDatabase | undefined;
  try {
    database = await openDatabase(path);
    prepare(database, synchronous);
    touch(`${path}-wake`);
    return database;
  } catch (error) {
    database?.close();
    throw toFailure(error, path);
  }
}

/** Makes the file that wakes others, now, so that one that cannot be written to is found out. */
function touch(file: string): void {
  try {
    closeSync(openSync(file, "a"));
  } catch (error) {
    throw toFileFailure(error, file);
  }
}

function assertFolder(path: string): void {
  const folder = dirname(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new GangerError("GANGER_BROKER_UNREACHABLE", `${path} cannot be made: there is no folder ${folder}`, {
    hint: `mkdir -p ${folder}`,
  });
}

/** Changing to WAL needs the file for itself: of several openers at once all but one are told to wait. */
function prepare(database: SqliteDatabase, synchronous: string): void {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      database.exec(`pragma busy_timeout = 0; pragma journal_mode = wal; pragma synchronous = ${synchronous};
        pragma cache_size = -16000; pragma temp_store = memory; pragma foreign_keys = off`);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      Atomics.wait(sleeper, 0, 0, 1 + 4 * Math.random());
    }
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const PATIENCE_MS = 5000;
