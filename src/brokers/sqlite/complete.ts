import type { Outcome } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { type Connection, toRowId } from "./connection.ts";

export type Completed = Extract<Outcome, { kind: "completed" }>;

/** Whether every outcome is that of a job which completed and is kept: then the whole batch takes a few statements. */
export function areCompleted(outcomes: readonly Outcome[]): outcomes is readonly Completed[] {
  return outcomes.every((outcome) => outcome.kind === "completed" && outcome.keepMs !== 0);
}

interface Group {
  readonly token: number;
  readonly keepMs: number;
  readonly hasResult: boolean;
  readonly ids: number[];
  readonly results: string[];
  /** Where in the batch each stands. */
  readonly places: number[];
}

/** Completes jobs by the batch, in the write transaction that is open, and says of which the claim still held. */
export function complete(
  connection: Connection,
  outcomes: readonly Completed[],
  now: number,
): readonly boolean[] {
  const settled: boolean[] = Array.from({ length: outcomes.length }, () => true);
  for (const group of toGroups(outcomes)) {
    const ids = JSON.stringify(group.ids);
    const entered = enter(connection, group, ids, now);
    if (entered < group.ids.length) {
      const held = new Set(
        connection
          .statement("heldOf")
          .all(group.token, ids)
          .map(([id]) => id),
      );
      for (const [place, id] of group.ids.entries()) {
        // An outcome that is reported twice in one batch counts once.
        settled[group.places[place] ?? 0] = held.delete(id);
      }
    }
    connection.statement("endCompleted").run(group.token, ids);
  }
  return settled;
}

function enter(
  connection: Connection,
  { token, keepMs, hasResult, results, ids }: Group,
  list: string,
  now: number,
) {
  if (!hasResult) return connection.statement("complete").run(now, now + keepMs, token, list).changes;
  const rows = JSON.stringify(ids.map((id, place) => [id, results[place]]));
  return connection.statement("completeWithResult").run(now, now + keepMs, rows, token).changes;
}

/** Most batches are one group: what was claimed together ends together. */
function toGroups(outcomes: readonly Completed[]): readonly Group[] {
  const groups: Group[] = [];
  let last: Group | undefined;
  for (const [place, { id, token, result, keepMs = DEFAULT_KEEP_MS.completed }] of outcomes.entries()) {
    const hasResult = result !== undefined;
    const belongs = (group: Group) =>
      group.token === token && group.keepMs === keepMs && group.hasResult === hasResult;
    if (last === undefined || !belongs(last)) last = groups.find(belongs);
    if (last === undefined) {
      last = { token, keepMs, hasResult, ids: [], results: [], places: [] };
      groups.push(last);
    }
    last.ids.push(toRowId(id));
    last.places.push(place);
    if (hasResult) last.results.push(result);
  }
  return groups;
}
