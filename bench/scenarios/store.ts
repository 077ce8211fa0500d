import { setTimeout as delay } from "node:timers/promises";
import { Child } from "../child.ts";
import type { Ground } from "../ground.ts";
import type { Defer } from "../scope.ts";
import { type Books, createPayload, type Payload, type Placing, type Subject } from "../subject.ts";
import { openSubject } from "../subjects/open.ts";

const CONSUMER = new URL("../programs/consumer.ts", import.meta.url);
const PATIENCE_MS = 180_000;
/** Between two questions to the workers how far they are: none of the store's work. */
const ASK_MS = 5;
/** How often the store is asked while jobs are missing: it may have lost some. */
const DOUBT_MS = 1000;

export interface Store {
  readonly ground: Ground;
  readonly key: string;
  readonly subject: Subject;
  readonly address: string;
}

/** An empty store of the subject's own making, which goes with the scope. */
export async function openStore(ground: Ground, key: string, defer: Defer): Promise<Store> {
  const address = await ground.open(defer);
  const subject = await openSubject(key);
  await subject.create(address);
  return { ground, key, subject, address };
}

export async function fill(
  store: Store,
  count: number,
  place?: (payload: Payload) => Placing,
): Promise<void> {
  const { subject, address, ground } = store;
  const producer = await subject.openProducer(address);
  const payloads = Array.from({ length: count }, (_, order) => createPayload(order));
  for (let from = 0; from < count; from += 1000) {
    await producer.addMany(payloads.slice(from, from + 1000), place);
  }
  await producer.close();
  await ground.rest(address);
}

export async function startChild(program: URL, args: readonly string[], defer: Defer): Promise<Child> {
  const child = await Child.start(program, args);
  defer(() => child.end());
  return child;
}

/** So many worker processes, ready and waiting for their signal. */
export async function startConsumers({ key, address }: Store, count: number, defer: Defer) {
  const consumers: Child[] = [];
  while (consumers.length < count) consumers.push(await startChild(CONSUMER, [key, address], defer));
  return consumers;
}

/** How many jobs each has run, and the store knows of. */
export async function countsOf(consumers: readonly Child[]): Promise<readonly number[]> {
  return Promise.all(
    consumers.map(async (consumer) => {
      consumer.tell({ type: "report" });
      return (await consumer.hear("count")).count;
    }),
  );
}

/** Throws unless the jobs of a queue that was filled with so many have been run, each of them once. */
export async function assertRunOnce(consumers: readonly Child[], count: number): Promise<readonly number[]> {
  const told = await Promise.all(
    consumers.map((consumer) => {
      consumer.tell({ type: "report" });
      return consumer.hear("count");
    }),
  );
  const counts = told.map(({ count: own }) => own);
  const total = sum(counts);
  const orders = sum(told.map(({ orders: own = 0 }) => own));
  if (total !== count) throw new Error(`${count} jobs were run ${total} times`);
  if (orders !== (count * (count - 1)) / 2) throw new Error("one job was run twice, and another not at all");
  return counts;
}

export function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** Resolves when so many jobs have been run; not all of them need be on record yet. */
export async function untilRun(count: number, consumers: readonly Child[], books: Books): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  let doubtAt = performance.now() + DOUBT_MS;
  let before = 0;
  for (let total = 0; total < count; await delay(ASK_MS)) {
    total = sum(await countsOf(consumers));
    const now = performance.now();
    if (now > deadline)
      throw new Error(`not done within ${PATIENCE_MS / 1000} s: ${total} of ${count} were run`);
    if (now < doubtAt || total >= count) continue;
    if (total === before && (await books.isIdle())) throw new Error(`${count} jobs were run ${total} times`);
    doubtAt = now + DOUBT_MS;
    before = total;
  }
}

/** Resolves when the store knows of no job that waits or runs. */
export async function untilIdle(books: Books, consumers: readonly Child[]): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await books.isIdle())) {
    for (const consumer of consumers) consumer.assertAlive();
    if (performance.now() > deadline) throw new Error(`not idle within ${PATIENCE_MS / 1000} s`);
    await delay(2);
  }
}
