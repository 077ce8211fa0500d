import { byBytes } from "../../broker/counts.ts";
import type { HolderStatus, Inspect, JobFilter, QueueCounts } from "../../broker/inspect.ts";
import type { JobDetails, JobRecord } from "../../job/job.ts";
import type { Connection } from "./connection.ts";
import { find } from "./find.ts";
import { list } from "./list.ts";
import { toList, toNumber, toRecord, toText, toTexts } from "./rows.ts";

export class RedisInspect implements Inspect {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async queues(): Promise<readonly QueueCounts[]> {
    const names = [...(await this.numbers())].sort(([a], [b]) => byBytes(a, b));
    const counts: QueueCounts[] = [];
    for (let from = 0; from < names.length; from += CHUNK) {
      const part = names.slice(from, from + CHUNK);
      const answer = await this.#connection.run(
        "counts",
        part.map(([, number]) => number),
      );
      for (const [n, row] of toList(answer).entries()) counts.push(toCounts(part[n]?.[0] ?? "", row));
    }
    return counts;
  }

  async ready(): Promise<readonly string[]> {
    return toTexts(await this.#connection.call("ZRANGE", "ready", 0, -1));
  }

  async find(id: string): Promise<JobDetails | undefined> {
    const [job] = await find(this.#connection, [id]);
    return job;
  }

  async list(filter: JobFilter): Promise<readonly JobRecord[]> {
    const numbers = await this.numbers();
    const { queue } = filter;
    const wanted = queue === undefined ? [...numbers.values()] : [numbers.get(queue) ?? []].flat();
    return list(this.#connection, wanted, filter);
  }

  async peek(queue: string, limit: number): Promise<readonly JobRecord[]> {
    const ids = toTexts(await this.#connection.run("peek", [queue, limit]));
    const jobs = await find(this.#connection, ids);
    return jobs.flatMap((job) => (job === undefined ? [] : [toRecord(job)]));
  }

  async holders(): Promise<readonly HolderStatus[]> {
    const rows = toList(await this.#connection.run("holders", [])).map(toList);
    const holders = rows.map(([holder, queues, until, alive, held]) => ({
      holder: toText(holder),
      queues: toText(queues),
      aliveUntil: new Date(toNumber(until)),
      alive: alive === 1,
      held: toNumber(held),
    }));
    return holders.sort((a, b) => byBytes(a.holder, b.holder));
  }

  /** The number of each queue by its name. */
  async numbers(): Promise<ReadonlyMap<string, string>> {
    const pairs = toTexts(await this.#connection.call("HGETALL", "queues"));
    const numbers = new Map<string, string>();
    for (let n = 0; n < pairs.length; n += 2) numbers.set(pairs[n] ?? "", pairs[n + 1] ?? "");
    return numbers;
  }
}

const CHUNK = 1000;

function toCounts(queue: string, row: unknown): QueueCounts {
  const [waiting = 0, scheduled = 0, running = 0, completed = 0, failed = 0, cancelled = 0] =
    toList(row).map(toNumber);
  return { queue, counts: { waiting, scheduled, blocked: 0, running, completed, failed, cancelled } };
}
