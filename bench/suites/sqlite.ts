import { files } from "../ground.ts";
import type { Contender } from "../measure.ts";
import { measureEnqueue, type Way } from "../scenarios/enqueue.ts";
import { measureLatency } from "../scenarios/latency.ts";
import { measureProcessing } from "../scenarios/process.ts";
import type { Entry } from "../subject.ts";
import type { Case, Suite } from "../suite.ts";

const PEER_NOTES = {
  plainjob: [
    "plainjob: its worker runs one job at a time, with two write transactions before each and one after; its logger is silenced",
    "plainjob: enqueues are synchronous, so that nothing can be coalesced",
  ],
  liteque: [
    "liteque: its worker throws with better-sqlite3 11.10 and later (an async function in a transaction); restored here to what it did before",
    "liteque: no bulk call; a claim reads all that waits, so that its rate falls with the backlog, which is kept to 2,000 jobs here",
    "liteque: settings of its README (concurrency 1, poll 1 s); it names no defaults",
  ],
};

const ganger: Entry = {
  name: "ganger",
  key: "ganger:synchronous=normal",
  role: "ganger",
  synchronous: "NORMAL",
  contract: "commit per enqueue or batch of a tick; fenced claims, outcomes by the batch; done jobs kept",
  notes: ["ganger: the default is FULL and concurrency 10; everything else is its default in all rows"],
};
const gangerOne: Entry = {
  ...ganger,
  name: "ganger, c=1",
  key: "ganger:synchronous=normal&concurrency=1",
  notes: [],
};
const gangerFull: Entry = {
  ...ganger,
  name: "ganger, FULL",
  key: "ganger:synchronous=full",
  synchronous: "FULL",
  notes: [],
};
const plainjob: Entry = {
  name: "plainjob",
  key: "plainjob",
  role: "peer",
  synchronous: "NORMAL",
  contract: "commit per enqueue or bulk; commits per claim and outcome, no fencing; done jobs kept",
  notes: PEER_NOTES.plainjob,
};
const plainjobFast: Entry = { ...plainjob, name: "plainjob, poll 10 ms", key: "plainjob:10", notes: [] };
const liteque: Entry = {
  name: "liteque",
  key: "liteque",
  role: "peer",
  synchronous: "NORMAL",
  contract: "commit per enqueue; commits per claim and outcome, fenced; done jobs deleted",
  notes: PEER_NOTES.liteque,
};
const bare: Entry = {
  name: "bare",
  key: "bare:normal,keep",
  role: "bare",
  synchronous: "NORMAL",
  contract: "two statements per 100 jobs in one transaction; nothing is ever recovered; done jobs kept",
  notes: [
    "bare: no retries, delays, priorities, fencing, parsing or history; the ratio is to the one that keeps done jobs, as ganger does",
  ],
};
const bareDeleting: Entry = {
  ...bare,
  name: "bare, deleting",
  key: "bare:normal,delete",
  contract: "as bare; done jobs deleted",
  notes: [],
};
const bareFull: Entry = {
  ...bare,
  name: "bare, FULL",
  key: "bare:full,keep",
  synchronous: "FULL",
  notes: [],
};

/** ganger on SQLite beside other queues on SQLite, and beside the bare statements. */
export const sqlite: Suite = {
  name: "sqlite",
  entries: [ganger, gangerOne, gangerFull, plainjob, plainjobFast, liteque, bare, bareDeleting, bareFull],
  packages: ["plainjob", "liteque", "better-sqlite3"],
  cases: (scale) => [
    enqueueCase("enqueue one by one", scale, [
      [ganger, "single", 20_000],
      [gangerFull, "single", 10_000],
      [plainjob, "single", 20_000],
      [liteque, "single", 5000],
      [bare, "single", 50_000],
      [bareFull, "single", 10_000],
    ]),
    enqueueCase("enqueue, 100 calls in flight", scale, [
      [ganger, "coalesced", 100_000],
      [gangerFull, "coalesced", 100_000],
      [plainjob, "coalesced", 20_000],
      [liteque, "coalesced", 5000],
      [bare, "hundreds", 100_000],
      [bareFull, "hundreds", 100_000],
    ]),
    enqueueCase("enqueue 1000 a call", scale, [
      [ganger, "bulk", 200_000],
      [gangerFull, "bulk", 200_000],
      [plainjob, "bulk", 100_000],
      [liteque, "bulk", 5000],
      [bare, "bulk", 200_000],
      [bareFull, "bulk", 200_000],
    ]),
    ...[1, 2, 4].map((workers) => processCase(workers, scale)),
    latencyCase(scale),
  ],
};

function enqueueCase(name: string, scale: number, plans: readonly (readonly [Entry, Way, number])[]): Case {
  return {
    name,
    contenders: plans.map(([{ name: subject, key }, way, jobs]): Contender => {
      const count = Math.ceil(jobs * scale);
      const note = way === "hundreds" ? `${count} jobs, 100 a transaction` : `${count} jobs`;
      return { subject, note, measure: () => measureEnqueue(files, key, way, count) };
    }),
  };
}

function processCase(workers: number, scale: number): Case {
  const plans: readonly (readonly [Entry, number])[] = [
    [ganger, 200_000],
    [gangerOne, 200_000],
    [gangerFull, 200_000],
    [plainjob, 20_000],
    [liteque, 2000],
    [bare, 200_000],
    ...(workers === 1 ? [[bareDeleting, 200_000] as const] : []),
    [bareFull, 200_000],
  ];
  return {
    name: `process no-op jobs, ${workers} worker${workers === 1 ? "" : "s"}`,
    contenders: plans.map(([{ name: subject, key }, jobs]): Contender => {
      const count = Math.ceil(jobs * scale);
      return {
        subject,
        note: `${count} jobs`,
        measure: () => measureProcessing(files, key, { workers, count }),
      };
    }),
  };
}

function latencyCase(scale: number): Case {
  const plans: readonly (readonly [entry: Entry, samples: number, spreadMs: number])[] = [
    [ganger, 300, 10],
    [gangerFull, 300, 10],
    [plainjob, 6, 1000],
    [plainjobFast, 100, 10],
    [liteque, 6, 1000],
  ];
  return {
    name: "pick-up latency on an idle queue",
    isLowerBetter: true,
    contenders: plans.map(([{ name: subject, key }, planned, spreadMs]): Contender => {
      const samples = Math.ceil(planned * Math.max(scale, 0.5));
      return {
        subject,
        note: `${samples} samples a run`,
        measure: () => measureLatency(files, key, samples, spreadMs),
      };
    }),
  };
}
