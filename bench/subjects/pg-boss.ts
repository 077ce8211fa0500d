import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { importPeer, isNode } from "../peers.ts";
import type { Payload, Placing, Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";

const QUEUE = "bench";
const POLL_MS = 500;

type PgBossClass = new (options: object) => PgBoss;

interface PgBoss {
  start(): Promise<unknown>;
  stop(options?: object): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): void;
  createQueue(name: string): Promise<unknown>;
  send(name: string, data: Payload, options?: object): Promise<unknown>;
  insert(...args: unknown[]): Promise<unknown>;
  fetch(
    name: string,
    options: object,
  ): Promise<readonly { readonly id: string; readonly data: Payload }[] | null>;
  complete(name: string, ids: readonly string[]): Promise<unknown>;
  work(
    name: string,
    options: object,
    work: (jobs: readonly { readonly data: Payload }[]) => Promise<void>,
  ): Promise<unknown>;
}

const IS_12 = isNode(22, 12);
/** The newest pg-boss that this Node can run. */
export const PG_BOSS = IS_12 ? "pg-boss-12" : "pg-boss";

/**
 * pg-boss; `argument` is `BATCH`, or `BATCH,work`. Its `work` takes one batch per polling interval of at least half a
 * second, so that unless told otherwise its `fetch` and `complete` are called in a loop, as fast as they answer.
 */
export function createPgBoss(argument: string): Subject {
  const [batch = "1", mode = ""] = argument.split(",");
  return {
    async create(address) {
      const boss = await open(address);
      await boss.createQueue(QUEUE);
      await close(boss);
    },
    async openProducer(address) {
      const boss = await open(address);
      const notify = IS_12 ? { notify: true } : {};
      return {
        add: (payload, placing) => boss.send(QUEUE, payload, { ...toOptions(placing), ...notify }),
        addMany(payloads, place) {
          const name = IS_12 ? {} : { name: QUEUE };
          const jobs = payloads.map((data) => Object.assign(toOptions(place?.(data)), { data }, name));
          return IS_12 ? boss.insert(QUEUE, jobs) : boss.insert(jobs);
        },
        close: () => close(boss),
      };
    },
    async openConsumer(address, perform) {
      const boss = await open(address, true);
      const batchSize = Number(batch);
      const stopping = new AbortController();
      let loop: Promise<void> = Promise.resolve();
      const run = async () => {
        while (!stopping.signal.aborted) {
          const jobs = (await boss.fetch(QUEUE, { batchSize })) ?? [];
          if (jobs.length === 0) await delay(POLL_MS);
          for (const { data } of jobs) perform(data);
          if (jobs.length > 0)
            await boss.complete(
              QUEUE,
              jobs.map(({ id }) => id),
            );
        }
      };
      return {
        async start() {
          const options = { batchSize, pollingIntervalSeconds: POLL_MS / 1000 };
          if (mode === "work")
            await boss.work(QUEUE, options, async (jobs) => {
              for (const { data } of jobs) perform(data);
            });
          else loop = run();
        },
        async stop() {
          stopping.abort();
          await loop;
          await close(boss);
        },
      };
    },
    async openBooks(address) {
      const client = new pg.Client(address);
      await client.connect();
      const count = async (where: string) =>
        Number(
          (
            await client.query<{ count: string }>(
              `select count(*) from pgboss.job where name = $1 and ${where}`,
              [QUEUE],
            )
          ).rows[0]?.count,
        );
      return {
        async isIdle() {
          const { rows } = await client.query(
            "select 1 from pgboss.job where name = $1 and state < 'completed' limit 1",
            [QUEUE],
          );
          return rows.length === 0;
        },
        async assertCompleted(expected) {
          assertCounts(
            { completed: await count("state = 'completed'"), other: await count("state <> 'completed'") },
            { completed: expected, other: 0 },
          );
        },
        waiting: () => count("state < 'active'"),
        close: () => client.end(),
      };
    },
  };
}

function toOptions({ priority, dueAt }: Placing = {}) {
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(dueAt === undefined ? {} : { startAfter: new Date(dueAt) }),
  };
}

async function open(address: string, supervise = false) {
  const loaded = await importPeer<PgBossClass & { readonly PgBoss?: PgBossClass }>(PG_BOSS);
  const Boss = loaded.PgBoss ?? loaded;
  const boss = new Boss({
    connectionString: address,
    supervise,
    schedule: false,
    ...(IS_12 ? { useListenNotify: true } : {}),
  });
  boss.on("error", (error) => console.error(error.message));
  await boss.start();
  return boss;
}

async function close(boss: PgBoss) {
  return void (await boss.stop({ graceful: false, wait: true, close: true }));
}
