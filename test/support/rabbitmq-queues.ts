import { connect } from "amqplib";
import { Book } from "../../src/brokers/rabbitmq/book.ts";
import { parseLocation } from "../../src/brokers/rabbitmq/location.ts";
import { Names } from "../../src/brokers/rabbitmq/names.ts";
import { Topology } from "../../src/brokers/rabbitmq/topology.ts";
import { Wire } from "../../src/brokers/rabbitmq/wire.ts";

/** Deletes everything of one prefix on a RabbitMQ server. */
export async function deleteQueues(server: string, prefix: string): Promise<void> {
  const lanes = await lanesOf(server, prefix);
  const levels = Array.from({ length: 32 }, (_, level) => `${prefix}.delay.${level}`);
  const connection = await connect(server);
  const channel = await connection.createChannel();
  const queues = [...lanes, ...levels, `${prefix}.names`, `${prefix}.failed`];
  for (const queue of queues) await channel.deleteQueue(queue);
  const exchanges = [...levels, `${prefix}.delay`, `${prefix}.due`, `${prefix}.came`, `${prefix}.news`];
  for (const exchange of exchanges) await channel.deleteExchange(exchange);
  await connection.close();
}

/** A queue for each queue and rank, by the book of names. */
async function lanesOf(server: string, prefix: string): Promise<readonly string[]> {
  const location = parseLocation(`${server}?prefix=${prefix}`);
  const topology = new Topology(location);
  const book = new Book();
  const wire = await Wire.open(location, 0);
  try {
    await Names.open(wire, topology, book);
  } finally {
    await wire.close();
  }
  return book.all().map((lane) => topology.lane(lane)[0]);
}
