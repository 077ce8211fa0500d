import { mysqlGround } from "../servers/mysql.ts";
import type { Suite } from "../suite.ts";
import { gangerRivals, type Rival, serverCases } from "./server.ts";

const bare: Rival = {
  entry: {
    name: "bare, 100",
    key: "",
    role: "bare",
    contract:
      "two statements claim 100 jobs in one transaction, one ends them; nothing is ever recovered; done jobs kept",
    notes: ["bare: no queue for Node.js is known that runs on MySQL or MariaDB"],
  },
  key: () => "bare-mysql:100",
  jobs: { bulk: 200_000, process: [100_000, 100_000, 100_000], backlog: 100_000 },
};

const RIVALS: readonly Rival[] = [
  ...gangerRivals(
    "enqueue: its batch of a tick is committed; done: a fenced outcome, committed by the batch; a crash costs no time; done jobs kept for a day",
    {
      coalesced: 100_000,
      bulk: 200_000,
      process: [100_000, 100_000, 100_000],
      latency: [300, 10],
      backlog: 100_000,
      priorities: 40_000,
      delayed: 20_000,
      queues: 20_000,
    },
    ["ganger: everything is its default; the process cases run at the concurrency that they name"],
  ),
  bare,
  {
    ...bare,
    entry: {
      ...bare.entry,
      name: "bare, 1000",
      contract: "as bare, 1000 jobs at a time",
      notes: [],
    },
    key: () => "bare-mysql:1000",
    jobs: { process: [100_000, 100_000, 100_000] },
  },
];

const ground = mysqlGround();

/** ganger on MariaDB (or MySQL) beside the bare statements. */
export const mysql: Suite = {
  name: "mysql",
  entries: RIVALS.map(({ entry }) => entry),
  packages: ["mysql2"],
  ground,
  cases: (scale) => serverCases(ground, RIVALS, scale),
};
