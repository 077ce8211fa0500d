import type { Ground } from "../ground.ts";
import type { Contender, Figure } from "../measure.ts";
import { measureDelayed } from "../scenarios/delayed.ts";
import { measureEnqueue, type Way } from "../scenarios/enqueue.ts";
import { measureLatency } from "../scenarios/latency.ts";
import { measureBacklog, measureProcessing } from "../scenarios/process.ts";
import type { Entry, Payload, Placing } from "../subject.ts";
import type { Case } from "../suite.ts";

/** One row of the cases of a server: who, and in how many jobs it is measured, so that a run takes a few seconds. */
export interface Rival {
  readonly entry: Entry;
  /** Its subject with so much concurrency. */
  readonly key: (concurrency: number) => string;
  readonly jobs: Jobs;
}

/** Where a number is missing it does not take part: it cannot, or it would say nothing new. */
export interface Jobs {
  readonly coalesced?: number;
  readonly bulk?: number;
  /** At concurrency 1, 10 and 100. */
  readonly process?: readonly [number, number, number];
  /** At concurrency 10. */
  readonly backlog?: number;
  readonly priorities?: number;
  readonly delayed?: number;
  readonly queues?: number;
  readonly latency?: readonly [samples: number, spreadMs: number];
}

const CONCURRENCIES = [1, 10, 100] as const;
const WORKERS = [1, 2, 4] as const;
const BACKLOGS = [10_000, 1_000_000] as const;
const USUAL = 10;
const QUEUES = 1000;
const LEAD_MS = 5000;

/** Each case that all servers have. */
export function serverCases(ground: Ground, rivals: readonly Rival[], scale: number): readonly Case[] {
  const of = (count: number) => Math.ceil(count * scale);
  const contenders = (
    pick: (jobs: Jobs) => number | undefined,
    measure: (rival: Rival, count: number) => Promise<readonly Figure[]>,
  ) =>
    rivals.flatMap((one): readonly Contender[] => {
      const planned = pick(one.jobs);
      if (planned === undefined) return [];
      const count = of(planned);
      return [{ subject: one.entry.name, note: `${count} jobs`, measure: () => measure(one, count) }];
    });
  const enqueue = (name: string, way: Way, pick: (jobs: Jobs) => number | undefined): Case => ({
    name,
    contenders: contenders(pick, ({ key }, count) => measureEnqueue(ground, key(USUAL), way, count)),
  });
  const work = (
    name: string,
    pick: (jobs: Jobs) => number | undefined,
    { workers = 2, concurrency = USUAL, place }: Working = {},
  ): Case => ({
    name,
    contenders: contenders(pick, ({ key }, count) =>
      measureProcessing(ground, key(concurrency), { workers, count, place }),
    ),
  });
  const cases: Case[] = [
    enqueue("enqueue, 100 calls in flight", "coalesced", ({ coalesced }) => coalesced),
    enqueue("enqueue 1000 a call", "bulk", ({ bulk }) => bulk),
    ...CONCURRENCIES.flatMap((concurrency, place) =>
      WORKERS.map((workers) =>
        work(
          `process no-op jobs, concurrency ${concurrency}, ${workers} worker${workers === 1 ? "" : "s"}`,
          ({ process }) => process?.[place],
          { workers, concurrency },
        ),
      ),
    ),
    latencyCase(ground, rivals, scale),
    work("queues: 1, 2 workers", ({ queues }) => queues),
    work(`queues: ${QUEUES} behind *, 2 workers`, ({ queues }) => queues, {
      place: ({ order }) => ({ queue: `bench${order % QUEUES}` }),
    }),
    work("priorities 1 to 10, 2 workers", ({ priorities }) => priorities, {
      place: ({ order }) => ({ priority: (order % 10) + 1 }),
    }),
    {
      name: "delayed jobs, all due at once, 2 workers",
      contenders: contenders(
        ({ delayed }) => delayed,
        ({ key }, count) => measureDelayed(ground, key(USUAL), { workers: 2, count, leadMs: LEAD_MS }),
      ),
    },
    ...BACKLOGS.map((planned): Case => {
      const backlog = of(planned);
      return {
        name: `backlog of ${backlog.toLocaleString("en")} behind those measured, 2 workers`,
        contenders: contenders(
          ({ backlog: count }) => count,
          ({ key }, count) => measureBacklog(ground, key(USUAL), { workers: 2, count, backlog }),
        ),
      };
    }),
  ];
  return cases.filter((one) => one.contenders.length > 0);
}

interface Working {
  readonly workers?: number;
  readonly concurrency?: number;
  readonly place?: (payload: Payload) => Placing;
}

function latencyCase(ground: Ground, rivals: readonly Rival[], scale: number): Case {
  return {
    name: "latency of pick-up on an idle queue",
    isLowerBetter: true,
    contenders: rivals.flatMap(({ entry, key, jobs }): readonly Contender[] => {
      if (jobs.latency === undefined) return [];
      const [planned, spreadMs] = jobs.latency;
      const samples = Math.ceil(planned * Math.max(scale, 0.5));
      return [
        {
          subject: entry.name,
          note: `${samples} samples a run`,
          measure: () => measureLatency(ground, key(USUAL), samples, spreadMs),
        },
      ];
    }),
  };
}

/** ganger as it comes, and as peers work: with claims of no more jobs than it can start at once. */
export function gangerRivals(contract: string, jobs: Jobs, notes: readonly string[] = []): readonly Rival[] {
  const entry: Entry = { name: "ganger", key: "", role: "ganger", contract, notes };
  return [
    { entry, key: (concurrency) => `ganger:concurrency=${concurrency}`, jobs },
    {
      entry: {
        ...entry,
        name: "ganger, ahead 0",
        contract: "the same; claims no more than its concurrency",
        notes: [],
      },
      key: (concurrency) => `ganger:concurrency=${concurrency}&ahead=0`,
      jobs: jobs.process === undefined ? {} : { process: narrow(jobs.process) },
    },
  ];
}

/** With one job a claim there are fewer to be had. */
function narrow([one, ten, hundred]: readonly [number, number, number]): readonly [number, number, number] {
  return [Math.ceil(one / 10), Math.ceil(ten / 4), hundred];
}

export function rival(
  [name, subject]: readonly [name: string, subject: string],
  contract: string,
  jobs: Jobs,
  notes: readonly string[] = [],
): Rival {
  const [module, argument = ""] = subject.split(":");
  const entry: Entry = { name, key: subject, role: "peer", contract, notes };
  return { entry, key: (concurrency) => `${module}:${argument.replace("C", String(concurrency))}`, jobs };
}
