import assert from "node:assert/strict";
import { type Channel, type ConfirmChannel, type ConsumeMessage, connect, type Options } from "amqplib";
import type { Payload, Placing, Subject } from "../subject.ts";

const QUEUE = "bench";
const MANY = 50;

/**
 * A program of amqplib's own calls, without any of a queue's comfort: persistent messages with publisher confirms, and
 * manual acknowledgements. `argument` is `classic|quorum,PREFETCH[,many|priority]`: with `many`, 50 messages are acknowledged by one frame.
 */
export function createAmqplib(argument: string): Subject {
  const [kind = "quorum", prefetch = "10", mode = ""] = argument.split(",");
  const queueOptions: Options.AssertQueue = {
    durable: true,
    arguments: { "x-queue-type": kind, ...(mode === "priority" ? { "x-max-priority": 10 } : {}) },
  };
  return {
    async create(address) {
      const connection = await open(address);
      const channel = await connection.createChannel();
      await channel.assertQueue(QUEUE, queueOptions);
      await connection.close();
    },
    async openProducer(address) {
      const connection = await open(address);
      const channel = await connection.createConfirmChannel();
      const add = (payload: Payload, placing?: Placing) =>
        new Promise<void>((resolve, reject) => {
          send(channel, payload, placing, (error) => (error ? reject(refusal(error)) : resolve()));
        });
      return {
        add,
        async addMany(payloads, place) {
          for (const payload of payloads) send(channel, payload, place?.(payload), refuse);
          await channel.waitForConfirms();
        },
        async close() {
          await channel.close();
          await connection.close();
        },
      };
    },
    async openConsumer(address, perform) {
      const connection = await open(address);
      const channel = await connection.createChannel();
      const size = Number(prefetch);
      await channel.prefetch(size);
      const acknowledge = mode === "many" ? acknowledgeMany(channel, Math.min(MANY, size)) : each(channel);
      let isStopped = false;
      return {
        async start() {
          await channel.consume(
            QUEUE,
            (message) => {
              if (message === null || isStopped) return;
              perform(JSON.parse(message.content.toString()) as Payload);
              acknowledge(message);
            },
            { consumerTag: QUEUE },
          );
        },
        // Frames of a channel are worked off in order: whoever is answered knows that those before have been read.
        async settled() {
          if (!isStopped) await channel.checkQueue(QUEUE);
        },
        // Not by `cancel`: amqplib closes a channel on which a message comes after it.
        async stop() {
          isStopped = true;
          // Acknowledgements that wait for the end of a burst go first.
          await new Promise(setImmediate);
          await channel.checkQueue(QUEUE);
          await connection.close();
        },
      };
    },
    async openBooks(address) {
      const connection = await open(address);
      const channel = await connection.createChannel();
      const waiting = async () => (await channel.checkQueue(QUEUE)).messageCount;
      return {
        // It counts no messages that were handed out: that those are done is the workers' word.
        isIdle: async () => (await waiting()) === 0,
        async assertCompleted() {
          assert.equal(await waiting(), 0);
        },
        waiting,
        close: () => connection.close(),
      };
    },
  };
}

function send(
  channel: ConfirmChannel,
  payload: Payload,
  placing: Placing | undefined,
  done: (error: unknown) => void,
): void {
  const priority = placing?.priority;
  const options = { persistent: true, ...(priority === undefined ? {} : { priority }) };
  channel.sendToQueue(QUEUE, Buffer.from(JSON.stringify(payload)), options, done);
}

function refuse(error: unknown): void {
  if (error) throw refusal(error);
}

function refusal(error: unknown): Error {
  return new Error("a message was refused", { cause: error });
}

function each(channel: Channel) {
  return (message: ConsumeMessage) => channel.ack(message);
}

/** The last ones of a burst are acknowledged when nothing follows them. */
function acknowledgeMany(channel: Channel, size: number) {
  let [held, last]: [number, ConsumeMessage | undefined] = [0, undefined];
  let isWaiting = false;
  const flush = () => {
    if (last !== undefined) channel.ack(last, true);
    [held, last] = [0, undefined];
  };
  return (message: ConsumeMessage) => {
    [held, last] = [held + 1, message];
    if (held >= size) flush();
    if (isWaiting) return;
    isWaiting = true;
    setImmediate(() => {
      isWaiting = false;
      flush();
    });
  };
}

function open(address: string) {
  return connect(address, { noDelay: true });
}
