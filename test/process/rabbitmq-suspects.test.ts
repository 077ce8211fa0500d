import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Broker, openBroker } from "ganger";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Proxy } from "../support/proxy.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { service } from "../support/services.ts";

const { url: server, unavailable } = await service("rabbitmq");
const PROGRAM = new URL("../fixtures/killer.ts", import.meta.url).pathname;
const REGISTER = new URL("../../dist/worker/modules/register.js", import.meta.url).href;
const INNOCENT = 150;

test.skipIf(unavailable !== undefined).each([
  ["quorum", 3],
  ["quorum", 1],
  ["classic", 3],
])(
  "of all jobs that a process held when two killed it, those alone are given up, on %s queues and after %i crashes",
  { timeout: 60_000 },
  async (type, maxCrashes) => {
    const folder = mkdtempSync(join(tmpdir(), "ganger-suspects-"));
    const notes = join(folder, "notes");
    writeFileSync(notes, "");
    const prefix = `suspects${process.pid}${type}${maxCrashes}`;
    const url = `${server}?prefix=${prefix}&type=${type}`;
    const begun = () => readFileSync(notes, "utf8").trim().split("\n").map(Number);
    const innocent = () => new Set(begun().filter((n) => n > 0)).size;
    await using broker = await openBroker(url);
    // Those that kill are behind some that have made the worker ask for many.
    const numbers = Array.from({ length: INNOCENT }, (_, n) => n + 1).toSpliced(60, 0, 0, -1);
    await broker.enqueue(
      numbers.map((n) => {
        const queue = n > 0 && n % 3 === 0 ? "other" : "work";
        return { queue, name: "task", payload: JSON.stringify({ n }), maxCrashes };
      }),
    );
    let deaths = 0;
    const start = () =>
      spawn(process.execPath, ["--no-warnings", "--import", REGISTER, PROGRAM, url, notes], {
        stdio: "inherit",
      });
    let program = start();
    const onExit = () => {
      deaths++;
      program = start().once("exit", onExit);
    };
    program.once("exit", onExit);
    const failed = async () => {
      const findings = (await broker.maintenance?.doctor()) ?? [];
      return Number.parseInt(findings.find(({ check }) => check === "failed")?.message ?? "0", 10);
    };
    try {
      await eventually(
        () => `all ran: ${innocent()}, after ${deaths} deaths`,
        async () => innocent() === INNOCENT && (await failed()) >= 2,
        40_000,
      );
      expect(await failed()).toBe(2);
      const guilty = begun().filter((n) => n <= 0);
      expect(guilty).toHaveLength(deaths);
      for (const one of [0, -1]) {
        const runs = guilty.filter((n) => n === one).length;
        expect(runs).toBeGreaterThanOrEqual(1);
        // Where the queue for them is new, they run where they are for a second, which proves nothing against one.
        expect(runs).toBeLessThanOrEqual(maxCrashes + 4);
      }
    } finally {
      program.removeAllListeners("exit");
      program.kill("SIGKILL");
      await once(program, "exit");
      await deleteQueues(server, prefix);
      rmSync(folder, { recursive: true });
    }
  },
);

const claim = (broker: Broker, holder: string) =>
  broker.claim({ queues: ["work", "other"], limit: 10, holder });

test.skipIf(unavailable !== undefined)(
  "of what is suspected a process holds one, whichever queue it is of",
  async () => {
    const prefix = `suspects${process.pid}one`;
    const direct = new URL(server);
    await using proxy = await Proxy.start(Number(direct.port) || 5672);
    const far = new URL(direct);
    far.host = `127.0.0.1:${proxy.port}`;
    for (const url of [direct, far]) url.searchParams.set("prefix", prefix);
    await using near = await openBroker(direct.href);
    await using cutOff = await openBroker(far.href);
    const holders = ["near", "far"].map((holder) => ({ holder, queues: "*" }));
    await near.heartbeat(holders, 60_000);
    const ids = await near.enqueue(
      ["work", "other"].map((queue) => ({ queue, name: "task", payload: "1", maxCrashes: 1 })),
    );
    expect(await claim(cutOff, "far")).toHaveLength(2);
    proxy.swallow();
    proxy.cut();

    const seen: string[] = [];
    while (seen.length < ids.length) {
      const held = await eventually("one is handed out", async () => {
        const claims = await claim(near, "near");
        return claims.length > 0 && claims;
      });
      expect(held).toMatchObject([{ crashes: 1 }]);
      expect(await claim(near, "near")).toEqual([]);
      seen.push(...held.map(({ id }) => id));
      await near.settle(held.map(({ id, token }) => ({ id, token, kind: "completed" })));
    }
    expect(seen.sort()).toEqual([...ids].sort());
    proxy.pass();
    await deleteQueues(server, prefix);
  },
);
