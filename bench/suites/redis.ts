import type { Ground } from "../ground.ts";
import { redisGround } from "../servers/redis.ts";
import type { Suite } from "../suite.ts";
import { gangerRivals, rival, serverCases } from "./server.ts";

const RIVALS = [
  ...gangerRivals(
    "enqueue: the server's answer to its batch of a tick; done: a fenced outcome, by the batch; at least once, a lease per worker; done jobs kept for a day",
    {
      coalesced: 500_000,
      bulk: 1_000_000,
      process: [400_000, 400_000, 400_000],
      latency: [300, 10],
      backlog: 400_000,
      priorities: 100_000,
      delayed: 100_000,
      queues: 100_000,
    },
    ["ganger: everything is its default; the process cases run at the concurrency that they name"],
  ),
  rival(
    ["BullMQ", "bullmq:C"],
    "enqueue: a script per job is answered; done: a script per job, under a lock per job of 30 s; at least once; done jobs kept",
    {
      coalesced: 100_000,
      bulk: 60_000,
      process: [20_000, 60_000, 60_000],
      latency: [300, 10],
      backlog: 60_000,
      priorities: 40_000,
      delayed: 20_000,
    },
    ["BullMQ: its addBulk is one script call a job"],
  ),
  rival(["Bull", "bull:C"], "as BullMQ, with a lock per job of 30 s; done jobs kept", {
    coalesced: 100_000,
    bulk: 60_000,
    process: [15_000, 50_000, 60_000],
    latency: [300, 10],
    priorities: 20_000,
    delayed: 20_000,
  }),
  rival(
    ["bee-queue", "bee-queue:C"],
    "enqueue: a script per job is answered; done: one transaction per job; at least once, by checks for stalled jobs; done jobs kept",
    {
      coalesced: 200_000,
      bulk: 200_000,
      process: [10_000, 50_000, 60_000],
      latency: [300, 10],
      delayed: 20_000,
    },
    ["bee-queue: it has no priorities; its worker activates delayed jobs 1000 at a time"],
  ),
  rival(
    ["rsmq", "rsmq:C"],
    "enqueue: a transaction per message; done: a delete per message; at least once, hidden for 30 s; done messages deleted",
    { coalesced: 100_000, process: [10_000, 60_000, 80_000], latency: [100, 10] },
    [
      "rsmq: no worker, no bulk call: lanes receive, run and delete, and look again 10 ms after an empty answer",
    ],
  ),
  rival(
    ["node-resque", "node-resque:C,*"],
    "enqueue: three commands per job; done: a command per job, and the counter; a job that was popped is lost with its process; done jobs deleted",
    { coalesced: 40_000, process: [10_000, 30_000, 20_000], queues: 10_000 },
    [
      "node-resque: looks for jobs every 5 s on an idle queue, so that its latency is not measured; a MultiWorker beyond concurrency 1",
    ],
  ),
  rival(
    ["Kue", "kue:C"],
    "enqueue: several commands per job; done: several per job; jobs that run are lost with their process; done jobs kept",
    { coalesced: 20_000, process: [5000, 15_000, 15_000], latency: [300, 10], priorities: 10_000 },
  ),
];

/** ganger on Redis beside other queues on Redis. */
export const redis: Suite = create("redis", redisGround());

/** The same with an append-only file. */
export const redisAof: Suite = create(
  "redis-aof",
  redisGround(["--appendonly", "yes", "--appendfsync", "everysec"]),
);

function create(name: string, ground: Ground): Suite {
  return {
    name,
    entries: RIVALS.map(({ entry }) => entry),
    packages: ["ioredis"],
    peers: ["bullmq", "bull", "bee-queue", "rsmq", "node-resque", "kue"],
    ground,
    cases: (scale) => serverCases(ground, RIVALS, scale),
  };
}
