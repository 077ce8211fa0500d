import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { conformanceCases } from "../../src/testing/conformance/cases.ts";
import { verifyBroker } from "../../src/testing/conformance/run.ts";
import { eventually } from "../support/eventually.ts";
import { runDir } from "../support/run-dir.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { redis } from "../support/servers/redis.ts";
import { freePort } from "../support/servers/server.ts";

const HOLDER = "host:1:a";
const job = { queue: "main", name: "task", payload: "1" };

/** The keys of the default prefix are all in this slot of a cluster. */
const SLOT_OF_GANGER = "{ganger}";

interface Node {
  readonly server: PrivateServer;
  readonly admin: Redis;
}

async function startNode(): Promise<Node> {
  // A node finds others by its port plus 10,000.
  const settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", "700", "--cluster-port"];
  const server = await PrivateServer.start(redis, [...settings, `${await freePort()}`]);
  const admin = new Redis(server.port, { retryStrategy: null });
  admin.on("error", () => {});
  onTestFinished(async () => {
    admin.disconnect();
    await server[Symbol.asyncDispose]();
  });
  return { server, admin };
}

/** Three primaries, and a replica of the one that has the keys of the default prefix. */
async function startCluster(): Promise<{ readonly nodes: readonly Node[]; readonly owner: Node }> {
  const nodes = await Promise.all([startNode(), startNode(), startNode(), startNode()]);
  const [a, b, c, replica] = nodes;
  if (!a || !b || !c || !replica) throw new Error("four nodes were started");
  const ranges: readonly (readonly [Node, number, number])[] = [
    [a, 0, 5460],
    [b, 5461, 10_922],
    [c, 10_923, 16_383],
  ];
  for (const [node, from, to] of ranges) await node.admin.cluster("ADDSLOTSRANGE", from, to);
  for (const { admin } of nodes.slice(1)) {
    const port = await a.admin.config("GET", "cluster-port");
    await admin.call("CLUSTER", "MEET", "127.0.0.1", a.server.port, Object.values(port)[1] ?? "");
  }
  const slot = await a.admin.cluster("KEYSLOT", SLOT_OF_GANGER);
  const owner = ranges.find(([, from, to]) => slot >= from && slot <= to)?.[0] ?? a;
  const id = String(await owner.admin.call("CLUSTER", "MYID"));
  await eventually("the replica knows its primary", async () =>
    replica.admin.cluster("REPLICATE", id).then(
      () => true,
      () => false,
    ),
  );
  await eventually("the cluster stands", async () => {
    const infos = await Promise.all(nodes.map(({ admin }) => admin.cluster("INFO")));
    const replication = await owner.admin.info("replication");
    return infos.every((info) => info.includes("cluster_state:ok")) && replication.includes("online");
  });
  return { nodes, owner };
}

/** Asks until the group has a primary again. */
async function untilTaken(broker: Broker): Promise<readonly string[]> {
  return eventually("a job is accepted again", () => broker.enqueue([job]).catch(() => undefined), BACK_MS);
}

const BACK_MS = 15_000;

async function claimAll(broker: Broker): Promise<number> {
  await broker.heartbeat([{ holder: HOLDER, queues: "main" }], 60_000);
  const claims = await broker.claim({ queues: ["main"], limit: 10, holder: HOLDER });
  const outcomes = claims.map(({ id, token }) => ({ id, token, kind: "completed" as const }));
  expect((await broker.settle(outcomes)).settled).not.toContain(false);
  return claims.length;
}

describe("a cluster", () => {
  it("keeps the contract, and goes on with the replica of a node that dies", async () => {
    const { nodes, owner } = await startCluster();
    const seed = nodes.find((node) => node !== owner);
    await using broker = await openBroker(`${seed?.server.url}?timeout=1s`);
    let isWoken = false;
    await using _listening = await broker.wakeups?.subscribe(() => {
      isWoken = true;
    });
    // A part, for its time: what differs from one server is where keys are, and that is one slot.
    const suited = conformanceCases.filter(({ requires, slow }) => requires === undefined && slow !== true);
    const cases = suited.filter((_, n) => n % 4 === 0);
    const { results, passed } = await verifyBroker(broker, { cases });
    expect(results.filter(({ status }) => status === "failed")).toEqual([]);
    expect(passed).toBeGreaterThan(35);
    // A node that has none of our keys may do as it likes with its own.
    await seed?.admin.config("SET", "maxmemory-policy", "allkeys-lru");
    const hasEviction = async () =>
      (await broker.maintenance?.doctor())?.some(({ check }) => check === "eviction");
    for (let look = 0; look < 8; look++) expect(await hasEviction()).toBe(false);
    await owner.admin.config("SET", "maxmemory-policy", "allkeys-lru");
    for (let look = 0; look < 8; look++) expect(await hasEviction()).toBe(true);
    isWoken = false;
    await broker.enqueue([job]);
    await eventually("the other side is woken", () => isWoken);
    await owner.admin.wait(1, 1000);

    await owner.server.kill();
    await untilTaken(broker);
    expect(await claimAll(broker)).toBe(2);
    expect(await broker.maintenance?.doctor()).toContainEqual(
      expect.objectContaining({ check: "version", message: expect.stringContaining("cluster") }),
    );
  });
});

describe("Sentinels", () => {
  it("name the primary, and the next one after it died", async () => {
    await using primary = await PrivateServer.start(redis);
    await using replica = await PrivateServer.start(redis, ["--replicaof", `127.0.0.1 ${primary.port}`]);
    const port = await startSentinel(primary.port);
    const admin = new Redis(replica.port);
    await eventually("the replica has all", async () =>
      (await admin.info("replication")).includes("master_link_status:up"),
    );
    const sentinel = new Redis(port);
    await eventually("the Sentinel knows the replica", async () =>
      String(await sentinel.call("SENTINEL", "REPLICAS", "main")).includes(`${replica.port}`),
    );
    sentinel.disconnect();
    await using broker = await openBroker(`redis://127.0.0.1:${port}?sentinel=main&timeout=1s`);
    await broker.enqueue([job]);
    await eventually("the replica has the job", async () => (await admin.exists("{ganger}:1:wait")) === 1);
    admin.disconnect();

    await primary.kill();
    await untilTaken(broker);
    expect(await claimAll(broker)).toBe(2);
  });

  it("are trusted by the authority that the URL names, as the server is", async () => {
    const dir = mkdtempSync(join(runDir(), "tls-"));
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", [...args, "-days", "2", "-keyout", key, "-out", cert, ...names], {
      stdio: "ignore",
    });
    const [port, sentinelPort] = [await freePort(), await freePort()];
    const tls = [
      ["tls-auth-clients", "no"],
      ["tls-replication", "yes"],
      ["tls-cert-file", cert],
      ["tls-key-file", key],
      ["tls-ca-cert-file", cert],
    ];
    const settings = [["tls-port", `${port}`], ...tls].flatMap(([name, value = ""]) => [`--${name}`, value]);
    await using _primary = await PrivateServer.start(redis, settings);
    await startSentinel(port, [`tls-port ${sentinelPort}`, ...tls.map((line) => line.join(" "))]);

    await using broker = await openBroker(`rediss://127.0.0.1:${sentinelPort}?sentinel=main&ca=${cert}`);
    expect(await broker.enqueue([job])).toHaveLength(1);
  });
});

async function startSentinel(primary: number, more: readonly string[] = []): Promise<number> {
  const dir = mkdtempSync(join(runDir(), "sentinel-"));
  const port = await freePort();
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${dir}`,
    `sentinel monitor main 127.0.0.1 ${primary} 1`,
    "sentinel down-after-milliseconds main 400",
    "sentinel failover-timeout main 3000",
    ...more,
  ];
  writeFileSync(join(dir, "sentinel.conf"), `${lines.join("\n")}\n`);
  const child = spawn(redis.binary() ?? "redis-server", [join(dir, "sentinel.conf"), "--sentinel"], {
    stdio: "ignore",
  });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const client = new Redis(port, { lazyConnect: true, retryStrategy: () => 50 });
  client.on("error", () => {});
  await eventually("the Sentinel answers", () =>
    client.connect().then(
      () => true,
      () => client.status === "ready",
    ),
  );
  client.disconnect();
  return port;
}
