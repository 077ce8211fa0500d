import type { PoolStatus } from "../control/messages.ts";

/** What `ps` shows of the manager, in the words of resque-pool. */
export function managerTitle({ app, state, groups }: Pick<PoolStatus, "app" | "state" | "groups">): string {
  const pids = groups.flatMap(({ workers }) =>
    workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
  );
  const doing = { running: "managing", reloading: "reloading", empty: "empty", stopping: "shutting down" }[
    state
  ];
  return `ganger[${app}]: manager ${doing} [${pids.join(", ")}]`;
}
