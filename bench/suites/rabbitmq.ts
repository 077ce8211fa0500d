import { rabbitmqGround } from "../servers/rabbitmq.ts";
import type { Suite } from "../suite.ts";
import { gangerRivals, rival, serverCases } from "./server.ts";

const RIVALS = [
  ...gangerRivals(
    "enqueue: confirmed by a quorum queue; done: acknowledged; at least once",
    {
      coalesced: 60_000,
      bulk: 60_000,
      process: [120_000, 120_000, 120_000],
      latency: [300, 10],
      backlog: 120_000,
      priorities: 60_000,
      delayed: 20_000,
      queues: 20_000,
    },
    ["ganger: everything is its default; the process cases run at the concurrency that they name"],
  ),
  rival(
    ["amqplib, quorum", "amqplib:quorum,C"],
    "enqueue: confirmed by a quorum queue; done: acknowledged one by one, prefetch = concurrency; at least once",
    {
      coalesced: 60_000,
      bulk: 60_000,
      process: [6000, 40_000, 120_000],
      latency: [300, 10],
      backlog: 40_000,
    },
    [
      "amqplib: a program of its own calls without retries, delays or supervision, on one connection with noDelay; that an acknowledgement arrived is known by a later answer on its channel",
    ],
  ),
  rival(
    ["amqplib, quorum, 200 ahead", "amqplib:quorum,200,many"],
    "the same, prefetch 200, up to 50 acknowledged by one frame",
    { process: [160_000, 160_000, 160_000], backlog: 160_000 },
  ),
  rival(
    ["amqplib, classic", "amqplib:classic,C"],
    "enqueue: confirmed by a durable classic queue, persistent; done: acknowledged one by one, prefetch = concurrency; at least once",
    {
      coalesced: 60_000,
      bulk: 60_000,
      process: [30_000, 80_000, 120_000],
      latency: [300, 10],
      backlog: 80_000,
    },
  ),
  rival(
    ["amqplib, classic, 200 ahead", "amqplib:classic,200,many"],
    "the same, prefetch 200, up to 50 acknowledged by one frame",
    { process: [160_000, 160_000, 160_000], backlog: 160_000 },
  ),
  rival(
    ["amqplib, classic with priorities", "amqplib:classic,C,priority"],
    "as classic, with x-max-priority 10",
    { priorities: 60_000 },
  ),
];

const ground = rabbitmqGround();

/** ganger on RabbitMQ beside plain programs of amqplib. */
export const rabbitmq: Suite = {
  name: "rabbitmq",
  entries: RIVALS.map(({ entry }) => entry),
  packages: ["amqplib"],
  ground,
  cases: (scale) => serverCases(ground, RIVALS, scale),
};
