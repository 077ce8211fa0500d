import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { startKeeper } from "../../src/worker/keeper.ts";
import { type Hooks, interpose } from "../support/interpose.ts";
import { poll } from "../support/workshop.ts";

const KEPT = { holder: "elsewhere:1:a", queues: "mail", ttlMs: 300, isAlone: true, ledger: undefined };

afterEach(() => vi.useRealTimers());

const isAlive = async (broker: Broker) => {
  const holders = (await broker.inspect?.holders()) ?? [];
  return holders.some(({ holder, alive }) => holder === KEPT.holder && alive);
};

describe("the keeper of a worker whose broker is in this process", () => {
  it("keeps its heartbeat until it is stopped", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    let beats = 0;
    const hooks: Hooks = { heartbeat: () => beats++ };
    const broker = await openBroker("memory:");
    const keeper = await startKeeper(interpose(broker, hooks), KEPT);
    await poll(() => isAlive(broker)).toBe(true);
    for (let beat = 2; beat <= 5; beat++) {
      vi.advanceTimersByTime(KEPT.ttlMs / 3);
      await poll(() => beats).toBe(beat);
      await new Promise(setImmediate);
    }
    await keeper.stop();
    vi.advanceTimersByTime(10 * KEPT.ttlMs);

    expect(beats).toBe(5);
  });

  it("makes due jobs ready, and rescues the dead", async () => {
    await using broker = await openBroker("memory:");
    const queues = ["mail"];
    const [due = "", held = ""] = await broker.enqueue([
      { queue: "later", name: "send", payload: "1", delayMs: 20 },
      { queue: "mail", name: "send", payload: "1" },
    ]);
    await broker.heartbeat([{ holder: "elsewhere:2:b", queues: "mail" }], 1);
    await broker.claim({ queues, limit: 1, holder: "elsewhere:2:b" });
    const keeper = await startKeeper(broker, KEPT);

    await poll(async () => (await broker.inspect?.find(due))?.state).toBe("waiting");
    await poll(async () => (await broker.inspect?.find(held))?.state).toBe("waiting");
    await keeper.stop();
  });
});

describe("the keeper of a worker whose broker others can reach", () => {
  it("goes on in the event loop when its thread cannot be had", async () => {
    // Here is no thread: what it would load is there only once the package is built.
    const folder = await mkdtemp(join(tmpdir(), "ganger-keeper-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await using broker = await openBroker(`sqlite:${join(folder, "ganger.db")}?synchronous=off`);
    const keeper = await startKeeper(broker, KEPT);
    await poll(() => isAlive(broker)).toBe(true);
    await keeper.stop();

    await poll(() => isAlive(broker)).toBe(false);
  });
});
