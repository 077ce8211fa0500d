import { QueueList } from "../../job/queue-list.ts";
import type { WorkerGroup } from "../resolved.ts";
import type { Problem } from "./problems.ts";

type Group = Pick<WorkerGroup, "queues" | "count">;

/** The queues, of those given, that no worker serves. */
export function findUnserved(queues: readonly string[], groups: readonly Group[]): readonly string[] {
  const lists = groups.filter(({ count }) => count > 0).map((group) => QueueList.parse(group.queues));
  return [...new Set(queues)].filter((queue) => !lists.some((list) => list.includes(queue)));
}

/** Patterns of queue lists that match none of the queues given. */
export function findIdlePatterns(queues: readonly string[], groups: readonly Group[]): readonly Problem[] {
  return groups.flatMap((group) =>
    group.queues
      .split(",")
      .filter((entry) => /[*?[]/.test(entry) && !/^!?\*(?:=\d+)?$/.test(entry))
      .filter((entry) => !QueueList.parse(entry.replace(/^!/, "")).resolve(queues).length)
      .map((entry) => ({
        path: ["workers", group.queues],
        reason: `${entry} matches none of the queues that are known: ${queues.join(", ")}`,
      })),
  );
}
