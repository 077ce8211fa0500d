import { connect } from "amqplib";

/** Deletes everything of one prefix on a RabbitMQ server. */
export async function deleteQueues(server: string, prefix: string): Promise<void> {
  const lanes = await lanesOf(server, prefix);
  const levels = Array.from({ length: 32 }, (_, level) => `${prefix}.delay.${level}`);
  const connection = await connect(server);
  const channel = await connection.createChannel();
  const queues = [...lanes, ...levels, `${prefix}.names`, `${prefix}.failed`];
  for (const queue of queues) await channel.deleteQueue(queue);
  const exchanges = [...levels, `${prefix}.delay`, `${prefix}.due`, `${prefix}.news`];
  for (const exchange of exchanges) await channel.deleteExchange(exchange);
  await connection.close();
}

/** A queue for each queue and priority, by the stream that has their names. */
async function lanesOf(server: string, prefix: string): Promise<readonly string[]> {
  const connection = await connect(server);
  const channel = await connection.createChannel();
  await channel.prefetch(1000);
  const lanes: string[] = [];
  await channel.consume(
    `${prefix}.names`,
    (message) => {
      if (message === null) return;
      channel.ack(message);
      const [queue, priority]: readonly [string, number] = JSON.parse(message.content.toString());
      lanes.push(`${prefix}.q.${queue}${priority === 0 ? "" : `~${priority}`}`);
    },
    { arguments: { "x-stream-offset": "first" } },
  );
  for (let known = -1; lanes.length > known; ) {
    known = lanes.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await connection.close();
  return lanes;
}
