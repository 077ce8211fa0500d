import type { Claim, ClaimRequest, Outcome } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { DEFAULT_MAX_CRASHES } from "../../job/job.ts";
import { toClaim, toList, toNumber, toText } from "./rows.ts";

type Argument = string | number;
type Completed = Extract<Outcome, { kind: "completed" }>;

/** Outcomes as the script `exchange` takes them: completed ones by the group, the others one by one. */
export interface Groups {
  readonly args: Argument[];
  /** For each group, where its outcomes stand in the batch. */
  readonly places: readonly (readonly number[])[];
  /** There is none but completed ones. */
  readonly areCompleted: boolean;
}

interface Group {
  readonly queue: string;
  readonly token: number;
  readonly keepMs: number;
  readonly hasResults: boolean;
  readonly ids: string[];
  readonly results: string[];
  readonly places: number[];
}

export function toGroups(outcomes: readonly Outcome[]): Groups {
  const args: Argument[] = [0];
  const places: (readonly number[])[] = [];
  const open = new Map<string, Group>();
  let last: Group | undefined;
  let areCompleted = true;
  const flush = () => {
    for (const group of open.values()) {
      args.push("c", group.queue, group.token, group.keepMs, DEFAULT_KEEP_MS.completed);
      args.push(group.hasResults ? 1 : 0, group.ids.length);
      // Not spread: arguments of one call have a bound, and batches none.
      for (const id of group.ids) args.push(id);
      if (group.hasResults) args.push(group.results.length);
      for (const result of group.results) args.push(result);
      places.push(group.places);
    }
    open.clear();
    last = undefined;
  };
  for (const [place, outcome] of outcomes.entries()) {
    if (outcome.kind === "completed") {
      last = addTo(open, last, outcome, place);
      continue;
    }
    // The first of two outcomes of one job counts: what comes before this one is settled before it.
    flush();
    areCompleted = false;
    const [letter, ...values] = toVerdict(outcome);
    args.push(letter, outcome.id, outcome.token, values.length, ...values);
    places.push([place]);
  }
  flush();
  args[0] = places.length;
  return { args, places, areCompleted };
}

/** Most batches are one group: what was claimed together ends together. */
function addTo(
  groups: Map<string, Group>,
  last: Group | undefined,
  { id, token, result, keepMs = DEFAULT_KEEP_MS.completed }: Completed,
  place: number,
): Group {
  const queue = id.slice(id.indexOf("-") + 1);
  const hasResults = result !== undefined;
  const belongs =
    last?.token === token && last.queue === queue && last.keepMs === keepMs && last.hasResults === hasResults;
  const group = belongs ? last : groupOf(groups, { queue, token, keepMs, hasResults });
  group.ids.push(id);
  group.places.push(place);
  // Its length goes before it, in the units of JavaScript, which reads it back.
  if (result !== undefined) group.results.push(`${result.length}\n${result}`);
  return group;
}

function groupOf(
  groups: Map<string, Group>,
  common: Pick<Group, "queue" | "token" | "keepMs" | "hasResults">,
): Group {
  const key = Object.values(common).join(" ");
  let group = groups.get(key);
  if (group === undefined) {
    group = { ...common, ids: [], results: [], places: [] };
    groups.set(key, group);
  }
  return group;
}

/** The letter of an outcome, and what the script is told beside it, as lua/settle.lua says. */
function toVerdict(outcome: Exclude<Outcome, Completed>): readonly [string, ...Argument[]] {
  switch (outcome.kind) {
    case "retry":
      return ["r", outcome.delayMs, ...toFault(outcome)];
    case "failed":
      return ["f", outcome.keepMs ?? DEFAULT_KEEP_MS.failed, ...toFault(outcome)];
    case "released":
      return ["l", outcome.started ? 1 : 0];
    case "crashed":
      return ["k", toDetail(outcome.detail), DEFAULT_MAX_CRASHES, DEFAULT_KEEP_MS.failed];
    case "cancelled":
      return ["x", DEFAULT_KEEP_MS.cancelled];
    case "advanced": {
      const { queue, payload, delayMs = 0 } = outcome;
      return ["a", queue, toDetail(queue), delayMs, payload === undefined ? 0 : 1, payload ?? ""];
    }
  }
}

function toFault({ counts = true, error }: Extract<Outcome, { kind: "retry" | "failed" }>): Argument[] {
  return [counts ? 1 : 0, JSON.stringify(error), toDetail(error.message)];
}

/** A detail of the history as JSON, in one line; empty when there is none. */
export function toDetail(text = ""): string {
  return text === "" ? "" : JSON.stringify(text.slice(0, MAX_DETAIL));
}

const MAX_DETAIL = 500;

/** Which claims still held, in the order of the outcomes. */
export function toSettled(answers: unknown, { places }: Groups, amount: number): readonly boolean[] {
  const settled: boolean[] = Array.from({ length: amount }, () => true);
  for (const [group, answer] of toList(answers).entries()) {
    const text = toText(answer);
    if (!text.includes("0")) continue;
    for (const [n, place] of (places[group] ?? []).entries()) settled[place] = text.charAt(n) === "1";
  }
  return settled;
}

/** A claim as the script takes it, with what the holder knows that it has where the server may think otherwise. */
export function toRequest(
  { holder, limit, queues }: ClaimRequest,
  { session, epoch, known }: Knowledge,
): Argument[] {
  const ids = known === undefined ? [0] : [1, known.size, ...known];
  return [holder, limit, session, epoch, ...ids, queues.length, ...queues];
}

/** What this side of a connection knows of its claims. */
export interface Knowledge {
  /** Of which broker object. */
  readonly session: string;
  /** Of which connection, or after which lost answer. */
  readonly epoch: number;
  readonly known: ReadonlySet<string> | undefined;
}

/** The jobs of an answer; each list ends with the place of its queue in the request. */
export function toClaims(token: unknown, lists: unknown, { queues }: ClaimRequest): readonly Claim[] {
  const claims: Claim[] = [];
  const number = toNumber(token);
  for (const list of toList(lists)) {
    const items = toList(list);
    const queue = queues[toNumber(items.at(-1))] ?? "";
    for (let n = 0; n < items.length - 1; n++) claims.push(toClaim(items[n], queue, number));
  }
  return claims;
}
