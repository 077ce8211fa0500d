import { GangerError } from "../../errors.ts";
import type { Connection } from "./connection.ts";
import { assertNotTooNew, climb, latestOf, readState } from "./schema.ts";
import { STEPS } from "./steps.ts";

/**
 * Brings a database to the newest schema under the write lock, or sees that it is there already.
 *
 * @throws `GANGER_BROKER_NEWER` when a later release has been here whose schema this one cannot work with;
 * `GANGER_BROKER_OLDER` when there is something to be done and it is not to be.
 */
export async function migrate(connection: Connection, isAllowed: boolean, steps = STEPS): Promise<void> {
  const { path } = connection.location;
  const latest = latestOf(steps);
  const found = connection.read(() => readState(connection));
  if (found.version === latest) return;
  if (found.version > latest) return assertNotTooNew(path, found, latest);
  if (!isAllowed) {
    const has = found.version === 0 ? "has no tables of ganger's" : `has schema version ${found.version}`;
    throw new GangerError(
      "GANGER_BROKER_OLDER",
      `${path} ${has}; this release needs version ${latest}, and is not to migrate it`,
      { hint: "Run: ganger migrate --plan, then: ganger migrate" },
    );
  }
  await connection.write(() => {
    // Another process may have been faster.
    assertNotTooNew(path, readState(connection), latest);
    climb(connection, steps);
  });
}
