import type { HolderInfo } from "../../broker/claim.ts";
import type { Database } from "./database.ts";
import { toText } from "./rows.ts";

/** A heartbeat that is late is worth little: it is tried again soon rather than waited for. */
const ANSWER_MS = 4000;

/** Keeps holders alive: one write for those that are known, another for new ones. */
export async function beat(database: Database, holders: readonly HolderInfo[], ttlMs: number): Promise<void> {
  const timeoutMs = Math.min(ANSWER_MS, database.connections.location.answerMs);
  const names = holders.map(({ holder }) => holder).sort();
  const beats = toParts(names).map((part) => database.statement("beat", ttlMs, part));
  const asks = toParts(names).map((part) => database.statement("beating", part));
  const answers = await database.send([...beats, ...asks], timeoutMs);
  const known = new Map(
    answers.flatMap(({ rows }) => rows.map(([name, queues]) => [toText(name), toText(queues)] as const)),
  );
  const fresh = holders.filter(({ holder, queues }) => known.get(holder) !== queues);
  const until = { raw: `(${database.text("now").replace(/^select /, "")}) + ${ttlMs}` };
  const rows = fresh
    .toSorted((a, b) => Number(a.holder > b.holder) - Number(a.holder < b.holder))
    .map(({ holder, queues }) => [holder, queues, until]);
  await database.send(database.many("addHolders", rows), timeoutMs);
}

function toParts(names: readonly string[]): readonly (readonly string[])[] {
  const parts: (readonly string[])[] = [];
  for (let from = 0; from < names.length; from += PART) parts.push(names.slice(from, from + PART));
  return parts;
}

const PART = 500;
