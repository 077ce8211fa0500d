import type { WorkerGroup } from "../resolved.ts";
import type { Problem } from "./problems.ts";

/** Entries behind `*`, which has taken all queues before them. */
export function findHidden({ queues, order }: WorkerGroup): readonly Problem[] {
  const entries = entriesOf(queues);
  const star = entries.indexOf("*");
  const hidden = star < 0 || order !== "strict" ? [] : entries.slice(star + 1);
  if (hidden.length === 0) return [];
  return [
    {
      path: ["workers", queues],
      reason: `${hidden.join(",")} has no effect behind *, which matches every queue`,
    },
  ];
}

/** Queues that every worker serves only when it finds nothing in another queue: that may be never. */
export function findStarving(groups: readonly WorkerGroup[]): readonly Problem[] {
  const serving = groups.filter(({ count, exec }) => count > 0 && exec === undefined);
  const safe = new Set(serving.flatMap(safeQueues));
  const told = new Set<string>();
  return serving.flatMap(({ queues, order }) => {
    if (order !== "strict") return [];
    const [first = "", ...others] = visibleOf(queues);
    const starving = others.filter((queue) => !/[*?[]/.test(queue) && !safe.has(queue) && !told.has(queue));
    if (starving.length === 0) return [];
    for (const queue of starving) told.add(queue);
    const reason = `${starving.join(",")} can starve: every worker takes from ${first} first, as long as it has jobs; give one a list that begins otherwise, or order: weighted`;
    return [{ path: ["workers", queues], reason }];
  });
}

/** Without what is behind `*`, which is told of as having no effect. */
function visibleOf(queues: string): readonly string[] {
  const entries = entriesOf(queues);
  return entries.includes("*") ? entries.slice(0, entries.indexOf("*")) : entries;
}

function safeQueues({ queues, order }: WorkerGroup): readonly string[] {
  const entries = entriesOf(queues);
  return order === "strict" ? entries.slice(0, 1) : entries;
}

/** Names and patterns without weights and without what is left out. */
function entriesOf(queues: string): readonly string[] {
  return queues
    .split(",")
    .filter((entry) => !entry.startsWith("!"))
    .map((entry) => entry.replace(/=\d+$/, ""));
}
