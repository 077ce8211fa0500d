import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { Coordinator, type CoordinatorOptions } from "../../src/coordinator/coordinator.ts";
import { Ledger, readLedger } from "../../src/ipc/ledger.ts";
import type { NewJob } from "../../src/job/job.ts";
import { Gate, type Hooks, interpose, unreachable } from "../support/interpose.ts";

const TTL_MS = 3000;
const HOLDER = "elsewhere:1:a";

let ledger: string;

beforeEach(() => {
  ledger = mkdtempSync(join(tmpdir(), "ganger-coordinator-"));
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"],
  });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(ledger, { recursive: true });
});

/** A coordinator of a real broker, both under a clock that a test moves. */
function create(hooks: Hooks = {}, options: Partial<CoordinatorOptions> = {}) {
  const broker = guarded(createMemoryBroker({ now: () => Date.now() }));
  const coordinator = new Coordinator(interpose(broker, hooks), { ttlMs: TTL_MS, ledger, ...options });
  const find = async (id: string) => broker.inspect?.find(id);
  const put = async (job: Partial<NewJob> = {}) =>
    (await broker.enqueue([{ queue: "mail", name: "send", payload: "1", ...job }]))[0] ?? "";
  return { broker, coordinator, find, put };
}

/** Lets time pass, and all that is to happen meanwhile. */
async function pass(ms: number): Promise<void> {
  await new Promise(setImmediate);
  await vi.advanceTimersByTimeAsync(ms);
  await new Promise(setImmediate);
}

async function claimAs(broker: Broker, holder: string, limit = 10) {
  await broker.heartbeat([{ holder, queues: "mail" }], TTL_MS);
  return broker.claim({ queues: ["mail"], limit, holder });
}

describe("the heartbeat of a coordinator", () => {
  it("keeps its holders alive, and rescues whoever is dead", async () => {
    const { broker, coordinator, find, put } = create();
    const [kept, lost] = [await put(), await put()];
    await claimAs(broker, "elsewhere:1:kept", 1);
    await claimAs(broker, "elsewhere:2:lost", 1);
    coordinator.add({ holder: "elsewhere:1:kept", queues: "mail" });
    coordinator.start();
    await pass(20 * TTL_MS);

    expect(await find(kept)).toMatchObject({ state: "running", holder: "elsewhere:1:kept" });
    expect(await find(lost)).toMatchObject({ state: "waiting", crashes: 1 });
    await coordinator.stop();
  });

  it("ends for a holder that is taken from it", async () => {
    const { broker, coordinator } = create();
    coordinator.add({ holder: HOLDER, queues: "mail" });
    coordinator.start();
    await pass(TTL_MS);
    coordinator.delete(HOLDER);
    await pass(2 * TTL_MS);

    expect(await broker.inspect?.holders()).toEqual([]);
    await coordinator.stop();
  });

  it("ends when it is stopped, after what is under way", async () => {
    const gate = new Gate();
    let beats = 0;
    const { coordinator } = create({ heartbeat: () => (beats++, gate.opened) });
    coordinator.add({ holder: HOLDER, queues: "mail" });
    coordinator.start();
    let isStopped = false;
    const stopped = coordinator.stop().then(() => (isStopped = true));
    await pass(10 * TTL_MS);
    expect([beats, isStopped]).toEqual([1, false]);

    gate.open();
    await stopped;
    await pass(10 * TTL_MS);
    expect(beats).toBe(1);
  });

  it("outlives the broker's absence, and tells of it once each way", async () => {
    const told: string[] = [];
    const onTrouble = (error: unknown) => void told.push(error === undefined ? "back" : "away");
    const hooks: Hooks = { heartbeat: unreachable };
    const { broker, coordinator } = create(hooks, { onTrouble });
    coordinator.add({ holder: HOLDER, queues: "mail" });
    coordinator.start();
    await pass(3 * TTL_MS);
    expect(told).toEqual(["away"]);

    hooks["heartbeat"] = undefined;
    await pass(TTL_MS);
    expect(told).toEqual(["away", "back"]);
    expect(await broker.inspect?.holders()).toMatchObject([{ holder: HOLDER, alive: true }]);
    await coordinator.stop();
  });
});

describe("a heartbeat that failed", () => {
  it("is sent again soon, as without it nothing can be claimed", async () => {
    const hooks: Hooks = { heartbeat: unreachable };
    const { broker, coordinator } = create(hooks, { ttlMs: 60_000 });
    coordinator.add({ holder: HOLDER, queues: "mail" });
    coordinator.start();
    await pass(100);
    hooks["heartbeat"] = undefined;
    await pass(500);

    expect(await broker.inspect?.holders()).toMatchObject([{ holder: HOLDER, alive: true }]);
    await coordinator.stop();
  });

  it("is not sent again by a coordinator that was stopped meanwhile", async () => {
    let beats = 0;
    const { coordinator } = create({ heartbeat: () => (beats++, unreachable()) });
    coordinator.add({ holder: HOLDER, queues: "mail" });
    coordinator.start();
    await pass(100);
    await coordinator.stop();
    const before = beats;
    await pass(10 * TTL_MS);

    expect(beats).toBe(before);
  });
});

describe("a neighbour", () => {
  const dead = `${hostname()}:${spawnSync(process.execPath, ["--version"]).pid}:a`;

  it("that is found dead twice is released, by what its ledger says", async () => {
    const { broker, coordinator, find, put } = create();
    const [started, unstarted] = [await put(), await put()];
    await claimAs(broker, dead);
    const left = Ledger.open(ledger, dead, 1);
    left.mark(0, started);
    left.flush();
    coordinator.start();
    await pass(1);
    // Its manager may be about to say more than is known here.
    expect(await find(started)).toMatchObject({ state: "running" });
    await pass(TTL_MS / 3);

    expect(await find(started)).toMatchObject({ state: "waiting", crashes: 1 });
    expect(await find(unstarted)).toMatchObject({ state: "waiting", crashes: 0 });
    expect(readLedger(ledger, dead)).toBeUndefined();
    await coordinator.stop();
  });

  it.each([
    ["lives", `${hostname()}:${process.pid}:a`, true],
    ["is on another host", dead.replace(hostname(), "elsewhere"), true],
    ["left no ledger here", dead, false],
    ["has a name that says nothing", "somebody", true],
  ])("that %s is left until its heartbeat ends", async (_, holder, leaves) => {
    const { broker, coordinator, find, put } = create();
    const id = await put();
    await claimAs(broker, holder);
    if (leaves) Ledger.open(ledger, holder, 1);
    coordinator.start();
    await pass(TTL_MS / 2);
    expect(await find(id)).toMatchObject({ state: "running" });

    await pass(TTL_MS);
    expect(await find(id)).toMatchObject({ state: "waiting", crashes: 1 });
    await coordinator.stop();
  });

  it("that is the coordinator's own is left to its manager", async () => {
    const { broker, coordinator, find, put } = create();
    const id = await put();
    await claimAs(broker, dead);
    Ledger.open(ledger, dead, 1);
    coordinator.add({ holder: dead, queues: "mail" });
    coordinator.start();
    await pass(3 * TTL_MS);

    expect(await find(id)).toMatchObject({ state: "running" });
    await coordinator.stop();
  });
});

describe("a release", () => {
  it("is tried again until the broker has answered", async () => {
    const hooks: Hooks = { release: unreachable };
    const { broker, coordinator, find, put } = create(hooks);
    const id = await put();
    await claimAs(broker, HOLDER);
    coordinator.add({ holder: HOLDER, queues: "mail" });
    const released = coordinator.release(HOLDER, { kind: "interrupted", started: [id] });
    await pass(60_000);
    expect(await find(id)).toMatchObject({ state: "running" });

    hooks["release"] = undefined;
    await pass(2000);
    expect(await released).toEqual({ waiting: [id], poisoned: [] });
    expect(await find(id)).toMatchObject({ interruptions: 1, crashes: 0 });
  });
});

describe("a scheduled job", () => {
  it("is ready when it is due, not before and hardly after", async () => {
    const { coordinator, find, put } = create();
    coordinator.start();
    const id = await put({ delayMs: 5000 });
    await pass(4990);
    expect(await find(id)).toMatchObject({ state: "scheduled" });

    await pass(11);
    expect(await find(id)).toMatchObject({ state: "waiting" });
    await coordinator.stop();
  });

  it("is ready in time though another was scheduled before it for later", async () => {
    const { coordinator, find, put } = create();
    await put({ delayMs: 900 });
    coordinator.start();
    await pass(10);
    const id = await put({ delayMs: 20 });
    await pass(40);

    expect(await find(id)).toMatchObject({ state: "waiting" });
    await coordinator.stop();
  });

  it.each([0, 100])(
    "is ready in time though it came during a look that had missed it, %i ms long",
    async (ms) => {
      const gate = new Gate();
      const { coordinator, find, put } = create({ "after maintenance.due": () => gate.opened });
      coordinator.start();
      await pass(ms);
      const id = await put({ delayMs: 20 });
      await pass(0);
      gate.open();
      await pass(40);

      expect(await find(id)).toMatchObject({ state: "waiting" });
      await coordinator.stop();
    },
  );

  it("is looked for when something is scheduled, and not for news of jobs that can be claimed", async () => {
    let looks = 0;
    const { coordinator, put } = create({ "maintenance.due": () => looks++ });
    coordinator.start();
    await pass(10);
    const before = looks;
    await put();
    await pass(10);
    expect(looks).toBe(before);

    await put({ delayMs: 5000 });
    await pass(10);
    expect(looks).toBe(before + 1);
    await coordinator.stop();
  });

  it("is ready when the broker is back", async () => {
    const hooks: Hooks = { "maintenance.due": unreachable };
    const { coordinator, find, put } = create(hooks);
    const id = await put({ delayMs: 20 });
    coordinator.start();
    await pass(5000);
    expect(await find(id)).toMatchObject({ state: "scheduled" });

    hooks["maintenance.due"] = undefined;
    await pass(1000);
    expect(await find(id)).toMatchObject({ state: "waiting" });
    await coordinator.stop();
  });
});

const BOUNDS = { completed: 2, failed: 1, cancelled: 1 };

/** Three finished jobs, of which the first is to be kept for a second. */
async function finish({ broker, put }: ReturnType<typeof create>) {
  const ids = [await put(), await put(), await put()];
  const claims = await claimAs(broker, HOLDER);
  await broker.settle(
    claims.map(({ id, token }) => ({
      id,
      token,
      kind: "completed",
      keepMs: id === ids[0] ? 1000 : undefined,
    })),
  );
  return ids;
}

describe("a finished job", () => {
  it.each([
    ["past its time", 10, [false, true, true]],
    ["one too many", 1, [false, false, true]],
  ])("is deleted when it is %s", async (_, completed, kept) => {
    const created = create({}, { bounds: { ...BOUNDS, completed } });
    const ids = await finish(created);
    created.coordinator.start();
    await pass(60_000);

    const jobs = await Promise.all(ids.map(created.find));
    expect(jobs.map((job) => job !== undefined)).toEqual(kept);
    await created.coordinator.stop();
  });

  it("is left to others where they see to it, and after the end", async () => {
    for (const bounds of [false, BOUNDS] as const) {
      const created = create({}, { bounds });
      const ids = await finish(created);
      created.coordinator.start();
      if (bounds !== false) await created.coordinator.stop();
      await pass(60_000);

      expect(await created.find(ids[0] ?? "")).toBeDefined();
      await created.coordinator.stop();
    }
  });
});
