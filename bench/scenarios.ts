import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Database from "better-sqlite3";
import { Child } from "./child.ts";
import { type Figure, quantile } from "./measure.ts";
import { type Defer, scoped } from "./scope.ts";
import { type Books, createPayload, type Subject, wallClock } from "./subject.ts";
import { openSubject } from "./subjects/open.ts";

const PRODUCER = new URL("./programs/producer.ts", import.meta.url);
const CONSUMER = new URL("./programs/consumer.ts", import.meta.url);
const PATIENCE_MS = 180_000;

export type Way = "single" | "coalesced" | "hundreds" | "bulk";

/** Jobs per second of one process that enqueues. */
export function measureEnqueue(key: string, way: Way, count: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const store = await openStore(key, defer);
    const producer = await startChild(PRODUCER, [key, store.file, way, String(count)], defer);
    producer.tell({ type: "start" });
    const { ms } = await producer.hear("produced");
    return [{ unit: "jobs/s", value: (count / ms) * 1000 }];
  });
}

/**
 * Jobs per second of so many worker processes, from the signal that starts all
 * of them, ready and waiting, until the store knows of no job that waits or
 * runs. Every job must be on record as done, and have been run once.
 */
export function measureProcessing(key: string, workers: number, count: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const store = await openStore(key, defer);
    await fill(store, count);
    const consumers: Child[] = [];
    while (consumers.length < workers) consumers.push(await startChild(CONSUMER, [key, store.file], defer));
    const books = await store.subject.openBooks(store.file);
    defer(() => books.close());
    const start = performance.now();
    for (const consumer of consumers) consumer.tell({ type: "start" });
    await untilIdle(books, consumers);
    const ms = performance.now() - start;
    await books.assertCompleted(count);
    const counts = await Promise.all(consumers.map(reportedCount));
    const total = counts.reduce((sum, one) => sum + one, 0);
    if (total !== count) throw new Error(`${count} jobs were run ${total} times`);
    const rate = { unit: "jobs/s", value: (count / ms) * 1000 };
    if (workers === 1) return [rate];
    const share = (Math.min(...counts) * workers) / count;
    return [rate, { detail: "smallest share", unit: "of fair", value: share }];
  });
}

async function reportedCount(consumer: Child): Promise<number> {
  consumer.tell({ type: "report" });
  return (await consumer.hear("count")).count;
}

async function untilIdle(books: Books, consumers: readonly Child[]): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await books.isIdle())) {
    for (const consumer of consumers) consumer.assertAlive();
    if (performance.now() > deadline) throw new Error(`not done within ${PATIENCE_MS / 1000} s`);
    await delay(2);
  }
}

/**
 * From before the call that enqueues, in this process, to the first line of the
 * job, in another that had nothing to do. `spreadMs` is by how much, at
 * random, the pauses between jobs differ: where workers poll, a fixed pause would always meet the same phase.
 */
export function measureLatency(key: string, samples: number, spreadMs: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const store = await openStore(key, defer);
    const consumer = await startChild(CONSUMER, [key, store.file], defer);
    const producer = await store.subject.openProducer(store.file);
    defer(() => producer.close());
    consumer.tell({ type: "start" });
    const latencies: number[] = [];
    for (let sample = -WARM_UP; sample < samples; sample++) {
      await delay(15 + spreadMs * Math.random());
      await producer.add({ ...createPayload(1), at: wallClock() });
      const { latencyMs } = await consumer.hear("picked-up");
      if (sample >= 0) latencies.push(latencyMs);
    }
    latencies.sort((a, b) => a - b);
    return [
      { detail: "p50", unit: "ms", value: quantile(latencies, 0.5) },
      { detail: "p99", unit: "ms", value: quantile(latencies, 0.99) },
    ];
  });
}

const WARM_UP = 1;

interface Store {
  readonly subject: Subject;
  readonly file: string;
}

/** A database in a folder of its own, which goes with it. */
async function openStore(key: string, defer: Defer): Promise<Store> {
  const subject = await openSubject(key);
  const folder = mkdtempSync(join(tmpdir(), "ganger-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Whoever stops a benchmark in the middle must not find its files next year.
  process.once("exit", remove);
  defer(() => {
    process.off("exit", remove);
    remove();
  });
  const file = join(folder, "bench.db");
  await subject.create(file);
  return { subject, file };
}

async function fill({ subject, file }: Store, count: number): Promise<void> {
  const producer = await subject.openProducer(file);
  const payloads = Array.from({ length: count }, (_, order) => createPayload(order));
  for (let from = 0; from < count; from += 1000) await producer.addMany(payloads.slice(from, from + 1000));
  await producer.close();
  // What filling left to be copied is not the workers' work.
  const database = new Database(file);
  database.pragma("wal_checkpoint(truncate)");
  database.close();
}

async function startChild(program: URL, args: readonly string[], defer: Defer): Promise<Child> {
  const child = await Child.start(program, args);
  defer(() => child.end());
  return child;
}
