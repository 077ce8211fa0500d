import { type Client, connect, defineJob, Worker } from "ganger";
import type { Books, Payload, Placing, Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";
import { inHundreds } from "./many.ts";

/**
 * Built `dist` by its public names, with default settings but for what `argument` says, as the query of a URL:
 * `concurrency` and `ahead` of the worker; everything else goes into the broker's URL.
 */
export function createGanger(argument: string): Subject {
  const { worker, toUrl } = read(argument);
  const open = (address: string) => connect(toUrl(address));
  return {
    async create(address) {
      const client = await open(address);
      await client[Symbol.asyncDispose]();
    },
    async openProducer(address) {
      const client = await open(address);
      const job = defineJob({ name: "bench", queue: "bench", async perform(_payload: Payload) {} });
      return {
        add: (payload, placing) => client.enqueue(job, payload, placing && toOptions(placing)),
        async addMany(payloads, place) {
          if (place === undefined) await client.enqueueMany(job, payloads);
          // Its call for many has one place for all of them; calls of one tick are one batch.
          else
            await inHundreds(payloads, (payload) => client.enqueue(job, payload, toOptions(place(payload))));
        },
        close: () => client[Symbol.asyncDispose](),
      };
    },
    async openConsumer(address, perform) {
      const client = await open(address);
      const job = defineJob({
        name: "bench",
        queue: "bench",
        async perform(payload: Payload) {
          perform(payload);
        },
      });
      const consumer = new Worker(client.broker, [job], worker);
      return {
        start: () => consumer.start(),
        async stop() {
          await consumer.drain();
          // What a broker has fetched ahead goes back with its end.
          await client[Symbol.asyncDispose]();
        },
      };
    },
    openBooks: async (address) => openBooks(await open(address)),
  };
}

function read(argument: string) {
  const { concurrency, ahead, ...rest } = Object.fromEntries(new URLSearchParams(argument));
  const query = new URLSearchParams(rest).toString();
  return {
    worker: {
      concurrency: Number(concurrency ?? 10),
      ...(ahead === undefined ? {} : { ahead: Number(ahead) }),
    },
    toUrl: (address: string) => {
      const url = address.includes("://") ? address : `sqlite:${address}`;
      return query === "" ? url : `${url}?${query}`;
    },
  };
}

function toOptions({ queue, priority, dueAt }: Placing) {
  return { queue, priority, runAt: dueAt === undefined ? undefined : new Date(dueAt) };
}

function openBooks(client: Client): Books {
  const { inspect } = client.broker;
  const close = () => client[Symbol.asyncDispose]();
  if (inspect === undefined) return { ...openCounts(client.broker), close };
  const counts = async () => {
    const all = { waiting: 0, scheduled: 0, blocked: 0, running: 0, failed: 0, cancelled: 0, completed: 0 };
    for (const { counts: own } of await inspect.queues()) {
      for (const state of Object.keys(all) as (keyof typeof all)[]) all[state] += own[state];
    }
    return all;
  };
  return {
    async isIdle() {
      if ((await inspect.ready()).length > 0) return false;
      return (await inspect.holders()).every(({ held }) => held === 0);
    },
    // Each queue keeps 10,000 completed jobs for good, and what is beyond until somebody prunes: by default, every minute.
    async assertCompleted(count) {
      const { completed, ...rest } = await counts();
      const left = { waiting: 0, scheduled: 0, blocked: 0, running: 0, failed: 0, cancelled: 0 };
      const kept = completed <= count && completed >= Math.min(count, KEPT) ? completed : count;
      assertCounts({ ...rest, completed }, { ...left, completed: kept });
    },
    waiting: async () => (await counts()).waiting,
    close,
  };
}

/** The books of a broker that can count its queues and cannot look into them. */
function openCounts(broker: Client["broker"]): Omit<Books, "close"> {
  const { counts } = broker as { readonly counts?: Counts | undefined };
  if (counts === undefined) throw new TypeError(`the ${broker.name} broker counts nothing`);
  const left = async (states: readonly ("waiting" | "scheduled" | "running")[]) => {
    let total = 0;
    for (const { counts: own } of await counts.queues()) for (const state of states) total += own[state] ?? 0;
    return total;
  };
  const all = ["waiting", "scheduled", "running"] as const;
  return {
    isIdle: async () => (await left(all)) === 0,
    assertCompleted: async () => assertCounts({ left: await left(all) }, { left: 0 }),
    waiting: () => left(["waiting"]),
  };
}

/** What brokers without `inspect` have. */
interface Counts {
  queues(): Promise<
    readonly {
      readonly counts: Partial<Readonly<Record<"waiting" | "scheduled" | "running", number>>>;
    }[]
  >;
}

const KEPT = 10_000;
