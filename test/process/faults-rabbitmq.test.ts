import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { Worker as Thread } from "node:worker_threads";
import { connect, defineJob, isGangerError, openBroker, Worker } from "ganger";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { BACK_MS } from "../support/common-faults.ts";
import { eventually } from "../support/eventually.ts";
import { PoolFolder } from "../support/pool-folder.ts";
import { Proxy } from "../support/proxy.ts";
import { RabbitmqLine } from "../support/rabbitmq-line.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { rabbitmq } from "../support/servers/rabbitmq.ts";
import { service } from "../support/services.ts";

const { unavailable } = await service("rabbitmq");
const LONG = process.env["GANGER_TEST_LONG"] !== undefined;
/** A server has a new queue on disk half a second after it made it; what is newer it loses when it is killed, whatever it confirmed. */
const REGISTERED_MS = 2000;

let server: PrivateServer;
const folder = new PoolFolder();

beforeAll(async () => {
  if (unavailable === undefined) server = await PrivateServer.start(rabbitmq);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

function at(user: string, rest = ""): string {
  return `amqp://${user}@127.0.0.1:${server.port}${rest}`;
}

function portOf(other: Server): number {
  return (other.address() as AddressInfo).port;
}

describe.skipIf(unavailable !== undefined)("RabbitMQ", () => {
  it("goes on when connections are cut one by one, and all at once", async () => {
    await using line = await RabbitmqLine.open(server.port);
    for (let cuts = 0; cuts < 4; cuts++) {
      line.proxy.cut(1);
      expect(await line.goesOn()).toBeLessThan(BACK_MS);
    }
    line.proxy.cut();
    expect(await line.goesOn()).toBeLessThan(BACK_MS);

    // What ran and was not acknowledged before a cut runs again: less than is claimed at once.
    const { twice } = await line.drain();
    expect(twice).toBeLessThan(line.ran.size / 2);
  });

  it("goes on when a network that swallowed everything lets it through again", async () => {
    await using line = await RabbitmqLine.open(server.port);
    line.proxy.swallow();
    const before = line.accepted.size;
    const client = await connect(line.url).catch((error: unknown) => error);
    expect(isGangerError(client, "GANGER_BROKER_UNREACHABLE")).toBe(true);
    expect(line.accepted.size).toBeLessThanOrEqual(before + 1);
    line.proxy.pass();

    expect(await line.goesOn()).toBeLessThan(BACK_MS);
    await line.drain();
  });

  it(`goes on when the server stood still for ${LONG ? 20 : 3} s`, { timeout: 90_000 }, async () => {
    await using line = await RabbitmqLine.open(server.port);
    server.pause();
    await new Promise((resolve) => setTimeout(resolve, LONG ? 20_000 : 3000));
    server.resume();

    expect(await line.goesOn()).toBeLessThan(BACK_MS);
    await line.drain();
  });

  it("loses nothing that it accepted when the server is killed", { timeout: 90_000 }, async () => {
    await using line = await RabbitmqLine.open(server.port);
    await line.lives(REGISTERED_MS);
    await server.kill();
    await server.start();

    expect(await line.goesOn()).toBeLessThan(BACK_MS);
    await line.drain();
  });

  it("goes on after a restart", { timeout: 90_000 }, async () => {
    await using line = await RabbitmqLine.open(server.port);
    await server.stop();
    await server.start();

    expect(await line.goesOn()).toBeLessThan(BACK_MS);
    await line.drain();
  });

  it("goes by no client's clock", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    try {
      await using line = await RabbitmqLine.open(server.port);
      const late = await line.enqueueLater(60_000);

      expect(await line.goesOn()).toBeLessThan(BACK_MS);
      await line.drain();
      expect(line.ran.has(late)).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it("moves the jobs of a host that is cut off, and refuses what it says of them later", async () => {
    const parameters = "?prefix=cutoff&heartbeat=1";
    await using own = await Proxy.start(server.port);
    await using near = await openBroker(`${server.url}${parameters}`);
    await using far = await openBroker(`amqp://guest:guest@127.0.0.1:${own.port}${parameters}`);
    const [id = ""] = await near.enqueue([{ queue: "alone", name: "count", payload: "1" }]);
    await far.heartbeat([{ holder: "far", queues: "alone" }], 60_000);
    const [held] = await eventually("it is claimed", async () => {
      const claims = await far.claim({ queues: ["alone"], limit: 1, holder: "far" });
      return claims.length > 0 && claims;
    });
    expect(held?.id).toBe(id);
    own.swallow();

    await near.heartbeat([{ holder: "near", queues: "alone" }], 60_000);
    await eventually("another has it", async () => {
      const [moved] = await near.claim({ queues: ["alone"], limit: 1, holder: "near" });
      return moved?.id === id;
    });
    own.pass();
    own.cut();
    const outcome = { id, token: held?.token ?? 0, kind: "completed" as const };
    const settled = await eventually("the late outcome is answered", () =>
      far.settle([outcome]).then(
        (answer) => answer.settled,
        () => undefined,
      ),
    );
    expect(settled).toEqual([false]);
  });

  it("counts no crash for what a process that lives lost with its connection", async () => {
    await using proxy = await Proxy.start(server.port);
    const url = `amqp://guest:guest@127.0.0.1:${proxy.port}?prefix=excused`;
    await using client = await connect(url);
    const { broker } = client;
    await broker.heartbeat([{ holder: "living", queues: "work" }], 60_000);
    await broker.enqueue(
      Array.from({ length: 20 }, () => ({ queue: "work", name: "once", payload: "1", maxCrashes: 1 })),
    );
    const request = { queues: ["work"], limit: 20, holder: "living" };
    const ids: string[] = [];
    await eventually("all are claimed", async () => {
      ids.push(...(await broker.claim(request)).map(({ id }) => id));
      return ids.length === 20;
    });
    for (let cuts = 1; cuts <= 3; cuts++) {
      proxy.cut();
      const again = new Map<string, number>();
      await eventually(
        () => `all come again after cut ${cuts}: ${again.size} did`,
        async () => {
          const claims = await broker.claim(request).catch((error: unknown) => {
            if (isGangerError(error, "GANGER_BROKER_UNREACHABLE")) return [];
            throw error;
          });
          for (const { id, crashes } of claims) again.set(id, crashes);
          return again.size === 20;
        },
      );
      expect([...again.keys()].sort()).toEqual(ids.toSorted());
      expect([...again.values()]).toEqual(Array.from({ length: 20 }, () => 0));
    }
  });

  it("goes on with another thread when the one that claims has ended", async () => {
    const threads: Thread[] = [];
    const note = (message: unknown) => void threads.push((message as { readonly worker: Thread }).worker);
    subscribe("worker_threads", note);
    onTestFinished(() => void unsubscribe("worker_threads", note));
    await using broker = await openBroker(`${server.url}?prefix=thread`);
    await broker.heartbeat([{ holder: "living", queues: "work" }], 60_000);
    const [id = ""] = await broker.enqueue([{ queue: "work", name: "once", payload: "1" }]);
    const claim = async () => {
      const claims = await broker.claim({ queues: ["work"], limit: 1, holder: "living" }).catch(() => []);
      return claims[0];
    };
    const first = await eventually("it is claimed", claim);
    expect(threads).toHaveLength(1);
    await threads[0]?.terminate();

    expect(await eventually("it is claimed again", claim)).toMatchObject({ id, crashes: 0 });
    const outcome = { id, token: first.token, kind: "completed" } as const;
    expect((await broker.settle([outcome])).settled).toEqual([false]);
  });

  it("keeps a claim while a job blocks the event loop for three times the heartbeat", async () => {
    const url = `${server.url}?prefix=busy&heartbeat=1`;
    await using client = await connect(url);
    let runs = 0;
    const lost: string[] = [];
    const block = defineJob({
      name: "block",
      queue: "busy",
      perform() {
        runs++;
        const until = performance.now() + 4000;
        while (performance.now() < until);
      },
    });
    await using worker = new Worker(client.broker, [block], { queues: "busy", concurrency: 1 });
    worker.events.on("job:lost", ({ id }) => lost.push(id));
    const done = new Promise<string>((resolve) => worker.events.on("job:completed", ({ id }) => resolve(id)));
    await worker.start();
    const id = await client.enqueue(block, null);

    expect(await done).toBe(id);
    await worker.drain();
    expect({ runs, lost }).toEqual({ runs: 1, lost: [] });
  });

  it("says in one error what is wrong with a URL, and never its password", async () => {
    const other = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(
      0,
      "127.0.0.1",
    );
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const urls: readonly (readonly [string, string])[] = [
      [at("guest:s3cret"), "GANGER_BROKER_REFUSED"],
      [at("guest:guest", "/nowhere"), "GANGER_BROKER_REFUSED"],
      ["amqp://guest:s3cret@127.0.0.1:1", "GANGER_BROKER_UNREACHABLE"],
      [at("guest:guest", "?prefix=S"), "GANGER_URL_INVALID"],
      [at("guest:guest", "?typ=classic"), "GANGER_URL_INVALID"],
      ["amqp://guest:s3cret%zz@127.0.0.1", "GANGER_URL_INVALID"],
      [`amqp://guest:s3cret@127.0.0.1:${portOf(other)}`, "GANGER_BROKER_UNSUITED"],
    ];
    for (const [url, code] of urls) {
      const error: unknown = await connect(url).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(isGangerError(error) && [error.code, typeof error.hint]).toEqual([code, "string"]);
      expect(String(error)).not.toContain("s3cret");
    }
  });

  it("has a pool that runs jobs of named queues and of all, and commands that look at them", async () => {
    const broker = `${server.url}?prefix=pool`;
    folder.write("ganger.json", JSON.stringify({ app: "shop", broker, workers: { work: 1, "*": 1 } }));
    await using client = await connect(broker);
    await client.broker.enqueue(
      Array.from({ length: 40 }, (_, n) => {
        return { queue: n % 2 === 0 ? "work" : "else", name: "noop", payload: `{"n":${n}}` };
      }),
    );
    const before = await folder.run(["queues", "-c", "ganger.json"]);
    expect(before.out).toMatch(/else +20 .*\n.*work +20 /);
    const pool = folder.start(["start", "-c", "ganger.json"]);
    await eventually(
      () => `nothing waits: ${pool.log}`,
      async () => (await client.broker.counts?.queues())?.every(({ counts }) => counts.waiting === 0),
    );
    const status = await folder.run(["status", "-c", "ganger.json"]);
    pool.child.kill("SIGTERM");

    expect(await pool.ended()).toBe(0);
    expect([status.code, status.out]).toEqual([0, expect.stringContaining("does not say which workers")]);
    const doctor = await folder.run(["doctor", "-c", "ganger.json"]);
    expect([doctor.code, doctor.out]).toEqual([0, expect.stringContaining("consumer-timeout")]);
    expect(doctor.out).not.toContain("failed jobs");
    // The pool has said it, too, of a server that cannot be told by its clients.
    expect(pool.log.includes("after 30 minutes")).toBe(doctor.out.includes("after 30 minutes"));
  });
});
