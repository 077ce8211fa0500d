import pg from "pg";
import type { Contender } from "../measure.ts";
import { type Minute, measureMinute } from "../scenarios/minute.ts";
import type { Defer } from "../scope.ts";
import { postgresGround } from "../servers/postgres.ts";
import { GRAPHILE } from "../subjects/graphile.ts";
import { PG_BOSS } from "../subjects/pg-boss.ts";
import type { Case, Suite } from "../suite.ts";
import { gangerRivals, rival, serverCases } from "./server.ts";

const RIVALS = [
  ...gangerRivals(
    "enqueue: its batch of a tick is committed; done: a fenced outcome, committed by the batch; a crash costs no time; done jobs kept for a day",
    {
      coalesced: 200_000,
      bulk: 300_000,
      process: [200_000, 200_000, 200_000],
      latency: [300, 10],
      backlog: 200_000,
      priorities: 100_000,
      delayed: 50_000,
      queues: 50_000,
    },
    ["ganger: everything is its default; the process cases run at the concurrency that they name"],
  ),
  rival(
    ["graphile, batched", "graphile:C,batched"],
    "enqueue: committed per job; done: committed by the batch, claimed 500 at a time; a crash locks what was claimed for 4 hours; done jobs deleted",
    {
      coalesced: 5000,
      bulk: 200_000,
      process: [100_000, 100_000, 100_000],
      latency: [300, 10],
      backlog: 100_000,
      priorities: 60_000,
      delayed: 40_000,
    },
    [
      "graphile-worker, batched: localQueue of 500 and completeJobBatchDelay 0; it logs a line a job, silenced here",
    ],
  ),
  rival(
    ["graphile", "graphile:C"],
    "enqueue and done: committed per job; a crash locks what ran for 4 hours; done jobs deleted",
    {
      process: [5000, 15_000, 15_000],
      latency: [300, 10],
      backlog: 10_000,
      priorities: 10_000,
      delayed: 10_000,
    },
  ),
  rival(
    ["pg-boss, 1000", "pg-boss:1000"],
    "enqueue: committed per job or call; done: committed by the batch of 1000; a crash locks what was fetched for 15 minutes; done jobs kept",
    {
      coalesced: 8000,
      bulk: 100_000,
      process: [60_000, 60_000, 60_000],
      backlog: 60_000,
      priorities: 40_000,
      delayed: 20_000,
    },
    [
      "pg-boss: fetch and complete in a loop, because its work() takes one batch per half second at most; concurrency is its batch",
    ],
  ),
  rival(
    ["pg-boss, batch = concurrency", "pg-boss:C"],
    "the same, fetched and completed as many at a time as the concurrency says",
    { process: [4000, 15_000, 40_000] },
  ),
  rival(["pg-boss, work", "pg-boss:C,work"], "the same, by its work(), which looks every half second", {
    latency: [10, 500],
  }),
  rival(
    ["BullMQ on PostgreSQL", "bullmq:C"],
    "enqueue and done: committed per job, under a lock per job of 30 s; done jobs kept",
    {
      coalesced: 8000,
      bulk: 60_000,
      process: [4000, 8000, 8000],
      latency: [300, 10],
      priorities: 6000,
      delayed: 6000,
    },
  ),
];

const ground = postgresGround();

/** ganger on PostgreSQL beside other queues on PostgreSQL. */
export const postgres: Suite = {
  name: "postgres",
  entries: RIVALS.map(({ entry }) => entry),
  packages: ["pg"],
  peers: [GRAPHILE, PG_BOSS, "bullmq"],
  ground,
  cases: (scale) => [
    ...serverCases(ground, RIVALS, scale),
    minuteCase("a minute", scale),
    minuteCase("a minute with an old snapshot open", scale, openSnapshot),
  ],
};

/** With a million waiting all the time, so that what was deleted and updated gathers at the head of the queue. */
function minuteCase(name: string, scale: number, disturb?: Minute["disturb"]): Case {
  const backlog = Math.ceil(1_000_000 * scale);
  const seconds = Math.ceil(60 * scale);
  return {
    name: `${name}, ${backlog.toLocaleString("en")} waiting, 2 workers`,
    contenders: RIVALS.filter(({ entry }) => ["ganger", "graphile, batched"].includes(entry.name)).map(
      ({ entry, key }): Contender => ({
        subject: entry.name,
        note: `${seconds} s`,
        measure: () => measureMinute(ground, key(10), { workers: 2, backlog, seconds, disturb }),
      }),
    ),
  };
}

/** What a report that somebody forgot does: nothing that is deleted from now on can be cleaned up. */
async function openSnapshot(address: string, defer: Defer): Promise<void> {
  const client = new pg.Client(address);
  await client.connect();
  defer(() => client.end());
  await client.query("begin isolation level repeatable read");
  await client.query("select count(*) from pg_class");
}
