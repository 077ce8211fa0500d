import { BARE, HEAVY, prepareHeavy } from "../fork/application.ts";
import { type JobPlan, measureJobs, measurePools } from "../fork/end-to-end.ts";
import { measureFirstLines, measureMemory, measureStarts } from "../fork/lives.ts";
import { type Open, openForks, openProcesses, openThreads } from "../fork/ways.ts";
import type { Contender, Figure } from "../measure.ts";
import type { Entry } from "../subject.ts";
import type { Suite } from "../suite.ts";

const entry = (name: string, role: Entry["role"], contract: string, ...notes: readonly string[]): Entry => ({
  name,
  key: "",
  role,
  contract,
  notes,
});

const forks = entry(
  "ganger-fork",
  "ganger",
  "copy-on-write forks of a process that has the application; it counts as well",
  "the heavy application: 150 modules of 27 KB written for the run, zod, yaml, commander, fast-check, liteque with drizzle-orm, and 300,000 objects",
  "a life: request, first line with the application loaded, end; memory is PSS, in which what is shared counts once",
  "of isolation: process, c is the concurrency of the one worker; the process per job by hand is a job of the same pool that calls child_process.fork",
);
const processes = entry("child_process.fork", "peer", "new processes that load the application");
const threads = entry("worker_threads", "peer", "new threads that load it, in a process of their own");
const pool = entry("pool", "ganger", "ganger start, workers forked; all processes of the pool count");
const poolAnew = entry("pool, fork: never", "peer", "the same, workers are new processes");

const byFork = (c: number) => entry(`process, c=${c}`, "ganger", "isolation: process, forks");
const byWarm = entry("process, fork: never", "ganger", "isolation: process, c=1: new processes kept warm");
const byHand = (c: number) => entry(`by hand, c=${c}`, "peer", "child_process.fork in each job, same store");
const inline = entry("inline, c=1", "ganger", "in the worker itself, for scale");

/** What forks are worth against what Node.js has. */
export const fork: Suite = {
  name: "fork",
  entries: [
    forks,
    processes,
    threads,
    pool,
    poolAnew,
    byFork(1),
    byFork(2),
    byWarm,
    byHand(1),
    byHand(2),
    inline,
  ],
  packages: ["ganger-fork", "better-sqlite3"],
  cases: (scale) => {
    prepareHeavy();
    const counts = scale < 1 ? [2, 4] : [10, 50];
    const jobs = Math.ceil(1000 * scale);
    const scaled = (count: number) => Math.ceil(count * scale);
    return [
      ...APPLICATIONS.flatMap(([name, module, many, few]) => [
        { name: `starts, ${name}`, contenders: starts(measureStarts, module, [scaled(many), scaled(few)]) },
        {
          name: `first line, ${name}`,
          isLowerBetter: true,
          contenders: starts(measureFirstLines, module, [scaled(many), scaled(few)]),
        },
      ]),
      ...APPLICATIONS.map(([name, module]) => ({
        name: `memory, ${name}`,
        isLowerBetter: true,
        contenders: LIVES.map(([who, open]) => of(who, () => measureMemory(open, module, counts, jobs))),
      })),
      {
        name: "memory of a pool, heavy application",
        isLowerBetter: true,
        contenders: [
          of(pool, () => measurePools("auto", counts, jobs)),
          of(poolAnew, () => measurePools("never", counts, jobs)),
        ],
      },
      {
        name: "jobs of the heavy application, one worker, SQLite",
        contenders: [
          jobsOf(byFork(1), { isolation: "process", concurrency: 1, count: scaled(2000) }),
          jobsOf(byFork(2), { isolation: "process", concurrency: 2, count: scaled(2000) }),
          jobsOf(byWarm, { isolation: "process", fork: "never", concurrency: 1, count: scaled(50) }),
          jobsOf(byHand(1), { isolation: "inline", concurrency: 1, isByHand: true, count: scaled(50) }),
          jobsOf(byHand(2), { isolation: "inline", concurrency: 2, isByHand: true, count: scaled(50) }),
          jobsOf(inline, { isolation: "inline", concurrency: 1, count: scaled(20_000) }),
        ],
      },
    ];
  },
};

const LIVES = [
  [forks, openForks],
  [processes, openProcesses],
  [threads, openThreads],
] as const;

/** Name, module, and how many forks and how many others a run has: those take long. */
const APPLICATIONS = [
  ["bare application", BARE, 400, 100],
  ["heavy application", HEAVY, 400, 30],
] as const;

type Measure = (open: Open, module: string, count: number) => Promise<readonly Figure[]>;

function starts(
  measure: Measure,
  module: string,
  [many, few]: readonly [number, number],
): readonly Contender[] {
  return LIVES.map(([who, open]) => {
    const count = open === openForks ? many : few;
    return of(who, () => measure(open, module, count), `${count} samples a run`);
  });
}

function jobsOf(who: Entry, plan: JobPlan): Contender {
  return of(who, () => measureJobs(plan), `${plan.count} jobs`);
}

function of({ name }: Entry, measure: () => Promise<readonly Figure[]>, note?: string): Contender {
  return { subject: name, measure, note };
}
