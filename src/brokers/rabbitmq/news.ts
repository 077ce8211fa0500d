import type { Channel } from "amqplib";
import type { Word } from "./excuses.ts";
import { fromJson, toNews } from "./rows.ts";
import type { Topology } from "./topology.ts";
import type { Wire } from "./wire.ts";

export interface News {
  /** Of jobs whose connection was lost while their process lives: their return is no crash. Then it is of nothing else. */
  readonly word?: Word | undefined;
  /** Whether there are jobs that came back. */
  readonly areReturned?: boolean | undefined;
  /** Queues that have jobs to claim; `undefined` among them stands for any. */
  readonly queues: readonly (string | undefined)[];
}

/** Listens to what is told to everybody, for as long as the connection lives. */
export async function listen(wire: Wire, topology: Topology, heard: (news: News) => void): Promise<void> {
  const channel = await wire.model.createChannel();
  channel.on("error", (error) => wire.fail(error));
  const { queue } = await channel.assertQueue("", {
    exclusive: true,
    autoDelete: true,
    arguments: { "x-queue-type": "classic" },
  });
  await channel.bindQueue(queue, topology.news, "");
  await channel.consume(
    queue,
    (message) => {
      if (message === null) return;
      // A job that became due comes here where an earlier version has bound it so; its payload is no news.
      const isJob = message.properties.messageId !== undefined;
      heard(isJob ? { queues: [undefined] } : toNews(fromJson(message.content)));
    },
    { noAck: true },
  );
  await listenToDue(wire, channel, topology, () => heard({ queues: [undefined] }));
}

/**
 * What became due comes as a copy of itself: that it came is the news. Thousands may be due at once, of which the
 * server keeps the last for us until we have looked at one.
 */
async function listenToDue(
  wire: Wire,
  channel: Channel,
  { came }: Topology,
  heard: () => void,
): Promise<void> {
  const { queue } = await channel.assertQueue("", {
    exclusive: true,
    autoDelete: true,
    arguments: { "x-queue-type": "classic", "x-max-length": 1 },
  });
  await channel.bindQueue(queue, came, "");
  await channel.prefetch(1);
  await channel.consume(queue, (message) => {
    if (message === null) return;
    heard();
    setTimeout(() => wire.isOpen && channel.ack(message), DUE_GAP_MS).unref();
  });
}

const DUE_GAP_MS = 5;
