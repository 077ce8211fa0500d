import type { Outcome } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { apply, lockClaims } from "./apply.ts";
import { int8s } from "./binary.ts";
import { answersFor, toRowId, toToken } from "./ids.ts";
import type { Run } from "./lanes.ts";
import { crash, type Move, toMove } from "./moves.ts";
import type { Queues } from "./queues.ts";
import { single, toTextOrNull } from "./rows.ts";

type Completed = Extract<Outcome, { kind: "completed" }>;
type Crashed = Extract<Outcome, { kind: "crashed" }>;

export interface Settled {
  readonly settled: readonly boolean[];
  /** The lowest id of a job that may be waiting or scheduled again. */
  readonly requeued: number | undefined;
}

/** Opens a transaction for those outcomes that need one. */
export type Transact = <T>(work: (run: Run) => Promise<T>) => Promise<T>;

/** Applies outcomes: by one statement where all completed, by another for what else there is, and in a transaction for crashes. */
export async function settle(
  { run, transact, queues }: { readonly run: Run; readonly transact: Transact; readonly queues: Queues },
  outcomes: readonly Outcome[],
): Promise<Settled> {
  if (areCompleted(outcomes)) return { settled: await complete(run, outcomes), requeued: undefined };
  const targets = outcomes.flatMap((outcome) => (outcome.kind === "advanced" ? [outcome.queue] : []));
  await queues.ensure(targets);
  const work = (each: Run) => settleAny(each, outcomes, (name) => queues.known(name));
  const changed = outcomes.some(isCrashed) ? await transact(work) : await work(run);
  const settled = answersFor(outcomes.map(toKey), changed);
  return { settled, requeued: lowestRequeued(outcomes) };
}

/** Whether the batch takes one statement, and brings nothing back that a claim could find. */
export function areCompleted(outcomes: readonly Outcome[]): outcomes is readonly Completed[] {
  const [first] = outcomes;
  const keepMs = first?.kind === "completed" ? first.keepMs : undefined;
  return outcomes.every(
    (outcome) => outcome.kind === "completed" && outcome.keepMs === keepMs && keepMs !== 0,
  );
}

async function complete(run: Run, outcomes: readonly Completed[]): Promise<readonly boolean[]> {
  const [first] = outcomes;
  if (first === undefined) return [];
  const isOfOne = outcomes.every(({ token }) => token === first.token);
  const answer = await run(
    "complete",
    [
      int8s(outcomes.map(({ id }) => toRowId(id))),
      isOfOne ? toToken(first.token) : null,
      isOfOne ? null : toTokens(outcomes),
      first.keepMs ?? DEFAULT_KEEP_MS.completed,
      toResults(outcomes),
    ],
    outcomes.length,
  );
  const held = toTextOrNull(single(answer));
  if (held === null) return outcomes.map(() => true);
  return answersFor(outcomes.map(toKey), held.split(","));
}

/** The token of each id; of several the highest, for no other can hold. */
function toTokens(outcomes: readonly Completed[]): string {
  const tokens: Record<string, number> = {};
  for (const { id, token } of outcomes) {
    const row = toRowId(id);
    tokens[row] = Math.max(toToken(token), tokens[row] ?? -1);
  }
  return JSON.stringify(tokens);
}

/** The result of each id; of several that of the first outcome with the highest token. */
function toResults(outcomes: readonly Completed[]): string | null {
  if (outcomes.every(({ result }) => result === undefined)) return null;
  const tokens = new Map<number, number>();
  const results: Record<string, string | undefined> = {};
  for (const { id, token, result } of outcomes) {
    const row = toRowId(id);
    if (token <= (tokens.get(row) ?? -1)) continue;
    tokens.set(row, token);
    results[row] = result;
  }
  return JSON.stringify(results);
}

async function settleAny(
  run: Run,
  outcomes: readonly Outcome[],
  queueOf: (name: string) => number | undefined,
): Promise<readonly string[]> {
  const crashed = new Map<string, Crashed>();
  const moves: Move[] = [];
  const seen = new Set<string>();
  for (const outcome of outcomes) {
    const key = toKey(outcome);
    // The first of several outcomes of one claim counts.
    if (seen.has(key)) continue;
    seen.add(key);
    if (outcome.kind === "crashed") crashed.set(key, outcome);
    else moves.push(toMove(outcome, queueOf));
  }
  if (crashed.size > 0) {
    const locked = await lockClaims(
      run,
      [...crashed.values()].map(({ id }) => toRowId(id)),
    );
    for (const claim of locked) {
      const outcome = crashed.get(`${claim.id}:${claim.token}`);
      if (outcome !== undefined) moves.push(crash(claim, outcome.detail));
    }
  }
  return apply(run, moves);
}

function isCrashed(outcome: Outcome): boolean {
  return outcome.kind === "crashed";
}

function toKey({ id, token }: Outcome): string {
  return `${toRowId(id)}:${toToken(token)}`;
}

function lowestRequeued(outcomes: readonly Outcome[]): number | undefined {
  let lowest: number | undefined;
  for (const { id, kind } of outcomes) {
    if (kind === "completed" || kind === "failed" || kind === "cancelled") continue;
    lowest = Math.min(lowest ?? Number.POSITIVE_INFINITY, toRowId(id));
  }
  return lowest;
}
