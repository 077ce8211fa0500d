import type { Claim, ClaimRequest } from "../../broker/claim.ts";
import type { Connection } from "./connection.ts";
import type { SqliteRow } from "./driver.ts";
import type { Queues } from "./queues.ts";
import { toClaim, toNumber } from "./rows.ts";

/** Whether a claim may bring anything. A read. */
export function hasWork(connection: Connection, queues: Queues, request: ClaimRequest): boolean {
  const hasWaiting = connection.statement("hasWaiting");
  return request.queues.some((name) => {
    const queue = queues.find(name);
    return queue !== undefined && hasWaiting.get(queue) !== undefined;
  });
}

/** Hands out jobs in the write transaction that is open. All claims of one call share one token. */
export function claim(
  connection: Connection,
  queues: Queues,
  request: ClaimRequest,
  now: number,
): readonly Claim[] {
  const living = connection.statement("livingHolder").get(request.holder, now);
  if (living === undefined) return [];
  const holder = toNumber(living[0]);
  const claimed: Claim[] = [];
  let token: number | undefined;
  for (const name of request.queues) {
    const queue = queues.find(name);
    if (queue === undefined) continue;
    const rows = connection.statement("claimRows").all(queue, request.limit - claimed.length);
    if (rows.length === 0) continue;
    token ??= toNumber(connection.statement("nextToken").get()?.[0]);
    take(connection, rows, { token, queue, holder, now });
    for (const row of rows) claimed.push(toClaim(row, name, token));
    if (claimed.length >= request.limit) break;
  }
  return claimed;
}

interface Taking {
  readonly token: number;
  readonly queue: number;
  readonly holder: number;
  readonly now: number;
}

/** Moves rows from waiting to running. They are the first of their queue, so that ranges say which: one statement for all. */
function take(
  connection: Connection,
  rows: readonly SqliteRow[],
  { token, queue, holder, now }: Taking,
): void {
  const [lastId, lastRank] = (rows.at(-1) ?? []).map(toNumber);
  if (lastId === undefined || lastRank === undefined) return;
  if (rows[0]?.[1] !== lastRank) {
    connection.statement("runBelow").run(token, holder, now, queue, lastRank);
    connection.statement("takeBelow").run(queue, lastRank);
  }
  connection.statement("runUpTo").run(token, holder, now, queue, lastRank, lastId);
  connection.statement("takeUpTo").run(queue, lastRank, lastId);
}
