import { files, type Ground } from "../ground.ts";
import type { Figure } from "../measure.ts";
import { scoped } from "../scope.ts";
import { mysqlGround } from "../servers/mysql.ts";
import { postgresGround } from "../servers/postgres.ts";
import { rabbitmqGround } from "../servers/rabbitmq.ts";
import { redisGround } from "../servers/redis.ts";
import type { Entry } from "../subject.ts";
import type { Case, Suite } from "../suite.ts";
import { measureSum, type SumPlan, type SumWay } from "../sum/sum.ts";

const INTEGERS = 1_000_000;
const KILL_EVERY = { ms: 2000 };
const DEADLINE_MS = 3_600_000;

const ganger: Entry = {
  name: "ganger",
  key: "",
  role: "ganger",
  contract: "exact, or the run fails; 4 workers, concurrency 10",
  notes: [
    "sum: counted of the results that the store keeps, in a table by transactions that complete the job (in transactions), or of what jobs noted, each integer once (rabbitmq)",
    "sum: a run beyond one a job is one that was killed in the middle, or before its end was on record",
  ],
};

interface Place {
  readonly ground: Ground;
  readonly ways: readonly SumWay[];
}

const SQL: readonly SumWay[] = ["results", "transactions"];
const PLACES: Readonly<Record<string, Place>> = {
  sqlite: { ground: files, ways: SQL },
  redis: { ground: redisGround(), ways: ["results"] },
  postgres: { ground: postgresGround(), ways: SQL },
  mysql: { ground: mysqlGround(), ways: SQL },
  rabbitmq: { ground: rabbitmqGround(), ways: ["tally"] },
};

/** The sum of a million integers, one job each: calm, and with a worker killed every 2 seconds. */
export const sum: Suite = {
  name: "sum",
  entries: [ganger],
  packages: ["better-sqlite3", "ioredis", "pg", "mysql2", "amqplib"],
  cases: (scale) =>
    Object.entries(PLACES).flatMap(([place, { ground, ways }]) =>
      ways.flatMap((way) => {
        const name = way === "transactions" ? `${place} in transactions` : place;
        const plan = { integers: INTEGERS * scale * scale, deadlineMs: DEADLINE_MS, way };
        return [
          sumCase(`${name}, calm`, ground, plan),
          sumCase(`${name}, a worker killed every 2 s`, ground, { ...plan, killEvery: KILL_EVERY }),
        ];
      }),
    ),
};

function sumCase(name: string, ground: Ground, plan: SumPlan): Case {
  const measure = (): Promise<readonly Figure[]> =>
    scoped(async (defer) => {
      await ground.start(defer);
      const address = await ground.open(defer);
      const url = address.includes("://") ? address : `sqlite:${address}`;
      const { ms, kills, reruns } = await measureSum(url, plan);
      return [
        { detail: "time", unit: "s", value: ms / 1000 },
        { detail: "rate", unit: "jobs/s", value: (plan.integers / ms) * 1000 },
        { detail: "kills", unit: "workers", value: kills },
        { detail: "runs beyond one a job", unit: "runs", value: reruns },
      ];
    });
  return { name, contenders: [{ subject: "ganger", note: `${plan.integers} integers`, measure }] };
}
