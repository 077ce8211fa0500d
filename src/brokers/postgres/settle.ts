import type { Outcome } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { apply, lockClaims } from "./apply.ts";
import { int8s, texts } from "./binary.ts";
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
  if (outcomes.length === 0) return [];
  const sorted = isSorted(outcomes) ? outcomes : outcomes.toSorted((a, b) => toRowId(a.id) - toRowId(b.id));
  const hasResults = sorted.some(({ result }) => result !== undefined);
  const answer = await run("complete", [
    int8s(sorted.map(({ id }) => toRowId(id))),
    int8s(sorted.map(({ token }) => toToken(token))),
    hasResults ? texts(sorted.map(({ result = null }) => result)) : null,
    outcomes[0]?.keepMs ?? DEFAULT_KEEP_MS.completed,
  ]);
  const held = toTextOrNull(single(answer));
  if (held === null) return outcomes.map(() => true);
  return answersFor(outcomes.map(toKey), held.split(","));
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

function isSorted(outcomes: readonly Outcome[]): boolean {
  return outcomes.every(
    ({ id }, place) => place === 0 || toRowId(outcomes[place - 1]?.id ?? "") <= toRowId(id),
  );
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
