import { setTimeout as delay } from "node:timers/promises";
import { type Client, connect, defineJob, Worker } from "ganger";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Proxy } from "../support/proxy.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { redis } from "../support/servers/redis.ts";

/** Everything that is acknowledged is on disk, so that a killed server has it. */
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];
const IS_LONG = process.env["GANGER_TEST_LONG"] !== undefined;
/** Work must go on within this long after the server is back. */
const BACK_MS = 5000;

/** Jobs that are enqueued and worked off without a break, while the server is made to fail. */
class Traffic implements AsyncDisposable {
  /** How often each job ran, by its number. */
  readonly runs = new Map<number, number>();
  /** Accepted jobs by their id. */
  readonly accepted = new Map<string, number>();
  readonly url: string;
  readonly #client: Client;
  readonly #workers: readonly Worker[];
  readonly #clients: readonly Client[];
  readonly #producing: Promise<void>;
  #next = 0;
  #isOver = false;

  private constructor(url: string, clients: readonly [Client, ...Client[]], workers: readonly Worker[]) {
    this.url = url;
    [this.#client] = clients;
    this.#clients = clients;
    this.#workers = workers;
    this.#producing = this.#produce();
  }

  static async start(server: string, workers = 2): Promise<Traffic> {
    const url = `${server}?timeout=1s`;
    const clients: [Client, ...Client[]] = [await connect(url)];
    const started: Worker[] = [];
    const traffic = new Traffic(url, clients, started);
    for (let n = 0; n < workers; n++) {
      const client = await connect(url);
      clients.push(client);
      const { broker } = client;
      const worker = new Worker(broker, [traffic.job], { queues: "main", concurrency: 5, ttl: "30s" });
      await worker.start();
      started.push(worker);
    }
    await eventually("work is under way", () => traffic.runs.size > 100);
    return traffic;
  }

  readonly job = defineJob({
    name: "count",
    queue: "main",
    perform: async (n: number) => {
      this.runs.set(n, (this.runs.get(n) ?? 0) + 1);
      await delay(1);
    },
  });

  /** Fails unless jobs are accepted and run soon again. */
  async goesOn(): Promise<void> {
    const [runs, accepted] = [this.runs.size, this.accepted.size];
    await eventually(
      () => `work goes on: ${this.runs.size - runs} more ran, ${this.accepted.size - accepted} were accepted`,
      () => this.runs.size > runs + 50 && this.accepted.size > accepted + 50,
      BACK_MS,
    );
  }

  /** Ends the stream of jobs, waits until all are done, and answers with how many ran more than once. */
  async settle(): Promise<number> {
    this.#isOver = true;
    await this.#producing;
    const lost = () => [...this.accepted.values()].filter((n) => !this.runs.has(n));
    await eventually(
      () => `every accepted job ran; ${lost().length} of ${this.accepted.size} did not`,
      () => lost().length === 0,
    );
    const { inspect } = this.#client.broker;
    await eventually("nothing is waiting or held", async () => {
      const [counts] = (await inspect?.queues()) ?? [];
      return counts?.counts.waiting === 0 && counts.counts.running === 0;
    });
    const findings = (await this.#client.broker.maintenance?.doctor()) ?? [];
    const faults = findings.filter(({ level }) => level === "error");
    if (faults.length > 0) throw new Error(JSON.stringify(faults));
    return [...this.runs.values()].filter((times) => times > 1).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#producing;
    for (const worker of this.#workers) await worker[Symbol.asyncDispose]();
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
  }

  async #produce(): Promise<void> {
    while (!this.#isOver) {
      const numbers = Array.from({ length: 20 }, () => this.#next++);
      try {
        const ids = await this.#client.enqueueMany(this.job, numbers);
        for (const [place, id] of ids.entries()) this.accepted.set(id, numbers[place] ?? -1);
      } catch {
        // Not accepted: it may be there all the same, and nobody counts on it.
      }
      await delay(5);
    }
  }
}

describe("a Redis server that fails loses no job, and work goes on when it is back", () => {
  it("when it is restarted", async () => {
    await using server = await PrivateServer.start(redis, DURABLE);
    await using traffic = await Traffic.start(server.url);
    await server.stop();
    await server.start(DURABLE);

    await traffic.goesOn();
    expect(await traffic.settle()).toBe(0);
  });

  it("when it is killed", async () => {
    await using server = await PrivateServer.start(redis, DURABLE);
    await using traffic = await Traffic.start(server.url);
    for (let round = 0; round < 2; round++) {
      await server.kill();
      await server.start(DURABLE);
      await traffic.goesOn();
    }

    expect(await traffic.settle()).toBe(0);
  });

  it(`when it stands still for ${IS_LONG ? 20 : 3} s`, async () => {
    await using server = await PrivateServer.start(redis);
    await using traffic = await Traffic.start(server.url);
    server.pause();
    await delay(IS_LONG ? 20_000 : 3000);
    server.resume();

    await traffic.goesOn();
    expect(await traffic.settle()).toBe(0);
  });

  it("when connections are cut, one by one and all at once", async () => {
    await using server = await PrivateServer.start(redis);
    await using proxy = await Proxy.start(server.port);
    await using traffic = await Traffic.start(`redis://127.0.0.1:${proxy.port}`);
    for (let round = 0; round < 20; round++) {
      proxy.cut(round % 4 === 3 ? undefined : 1);
      const before = traffic.runs.size;
      await eventually("work goes on", () => traffic.runs.size > before + 10, BACK_MS);
    }

    await traffic.goesOn();
    expect(await traffic.settle()).toBe(0);
  });

  it("when connections are half open", async () => {
    await using server = await PrivateServer.start(redis);
    await using proxy = await Proxy.start(server.port);
    await using traffic = await Traffic.start(`redis://127.0.0.1:${proxy.port}`);
    proxy.swallow();
    await delay(2500);
    proxy.pass();

    await traffic.goesOn();
    expect(await traffic.settle()).toBe(0);
  });

  it("when it is made a replica for a while, forgets its scripts, or has no memory", async () => {
    await using server = await PrivateServer.start(redis);
    const admin = new Redis(server.port);
    await using traffic = await Traffic.start(server.url);
    await admin.script("FLUSH");
    await traffic.goesOn();
    await admin.config("SET", "maxmemory", "1mb");
    await delay(300);
    await admin.config("SET", "maxmemory", "0");
    await traffic.goesOn();
    await admin.replicaof("127.0.0.1", "1");
    await delay(300);
    await admin.replicaof("NO", "ONE");
    admin.disconnect();

    await traffic.goesOn();
    expect(await traffic.settle()).toBe(0);
  });

  it("when it comes back with what it had some time ago: what nobody knows to have is run again", async () => {
    await using server = await PrivateServer.start(redis);
    const admin = new Redis(server.port);
    await using traffic = await Traffic.start(server.url);
    await admin.save();
    const ran = traffic.runs.size;
    await eventually("it forgets something", () => traffic.runs.size > ran + 100);
    await server.kill();
    await server.start(["--dbfilename", "dump.rdb"]);
    admin.disconnect();
    await traffic.goesOn();

    // What it had forgotten is lost with it; of the rest nothing is stuck, and what ran since the snapshot runs twice.
    await using client = await connect(server.url);
    await eventually("nothing is left in the books of living holders", async () => {
      const [counts] = (await client.broker.inspect?.queues()) ?? [];
      return (counts?.counts.running ?? 99) <= 12;
    });
  });
});
