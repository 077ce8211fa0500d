import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as jobs from "../fixtures/jobs-isolation/jobs.ts";
import { eventually } from "../support/eventually.ts";
import { createFolder, isGone, lines, start } from "../support/isolated-worker.ts";

describe.each(["inline", "thread", "process"] as const)("a job that runs %s", (isolation) => {
  it("runs there", async () => {
    const { client, finished } = await start(isolation);
    const { result } = await finished(await client.enqueue(jobs.where, null));

    const { pid, isMainThread } = JSON.parse(result ?? "");
    expect({ isHere: pid === process.pid, isMainThread }).toEqual({
      isHere: isolation !== "process",
      isMainThread: isolation !== "thread",
    });
  });

  it("may be TypeScript", async () => {
    const modules = new URL("../fixtures/jobs-isolation", import.meta.url).pathname;
    const { client, finished } = await start(isolation, { modules });

    expect(await finished(await client.enqueue(jobs.echo, 1))).toMatchObject({ state: "completed" });
  });

  it.each([
    ["nothing", null],
    ["a tree", { a: [1, "ü", { b: null }] }],
    ["half a megabyte", "x".repeat(500_000)],
  ])("is given its payload, and gives back its result: %s", async (_, payload) => {
    const { client, finished } = await start(isolation);
    const { state, result } = await finished(await client.enqueue(jobs.echo, payload));

    expect([state, JSON.parse(result ?? "")]).toEqual(["completed", payload]);
  });

  it("knows itself", async () => {
    const { client, finished } = await start(isolation);
    const id = await client.enqueue(jobs.self, null, { priority: 3, queue: "own" });

    const told = { id, queue: "own", name: "self", priority: 3, attempt: 1, attempts: 3 };
    const result = JSON.parse((await finished(id)).result ?? "");
    expect(result).toEqual({ ...told, interruptions: 0, crashes: 0 });
  });

  it("is retried after its own backoff, and fails with its own error", async () => {
    const { client, finished } = await start(isolation);
    const job = await finished(await client.enqueue(jobs.broken, null));

    expect(job).toMatchObject({
      state: "failed",
      attempts: 2,
      crashes: 0,
      error: { name: "OddError", message: "It is odd" },
    });
    expect(job.error?.stack).toContain("jobs.");
  });

  it("may throw what is no error", async () => {
    const { client, finished } = await start(isolation);
    const { error } = await finished(await client.enqueue(jobs.throwsText, null));

    expect(error?.message).toContain("no error at all");
  });

  it("fails when its result is no JSON", async () => {
    const { client, finished } = await start(isolation);

    expect(await finished(await client.enqueue(jobs.returnsFunction, null))).toMatchObject({
      state: "failed",
      error: { name: "GangerError" },
    });
  });

  it("has its payload checked, and made what its schema makes of it", async () => {
    const { client, finished } = await start(isolation);
    const good = await finished(await client.enqueue(jobs.picky, 21));
    const [bad = ""] = await client.broker.enqueue([{ queue: "default", name: "picky", payload: '"no"' }]);

    expect(good.result).toBe("42");
    expect(await finished(bad)).toMatchObject({ state: "failed", attempts: 0 });
  });

  it("reports its progress, and its lines in order", async () => {
    const { client, find, finished } = await start(isolation);
    const file = join(createFolder(), "go");
    const id = await client.enqueue(jobs.talks, { file });
    await eventually("it says how far it is", async () => {
      await new Promise(setImmediate);
      return (await find(id)).progress === 0.75;
    });
    writeFileSync(file, "");

    expect((await finished(id)).logs.map(({ line }) => line)).toEqual(["first", "Größe: 日本語 🎉"]);
  });

  it("has its signal aborted when its time is up, and may still end well", async () => {
    const { client, finished } = await start(isolation);

    expect(await finished(await client.enqueue(jobs.heeds, null))).toMatchObject({
      state: "completed",
      result: '"TimeoutError: The run took longer than 100 ms"',
    });
  });

  it("fails when it throws for its time-out as often as it may", async () => {
    const { client, finished } = await start(isolation);

    expect(await finished(await client.enqueue(jobs.obeys, null))).toMatchObject({
      state: "failed",
      attempts: 2,
      error: { name: "TimeoutError", message: "The run took longer than 50 ms" },
    });
  });

  it("is given up when it goes on after its time-out and its grace", async () => {
    const { client, finished } = await start(isolation);

    expect(await finished(await client.enqueue(jobs.deaf, null))).toMatchObject({
      state: "failed",
      attempts: 1,
      crashes: 0,
      error: { name: "TimeoutError" },
    });
  });

  it("fails when an operator cuts it off", async () => {
    const { client, worker, finished } = await start(isolation);
    const file = join(createFolder(), "held");
    const id = await client.enqueue(jobs.holds, { file, heed: true }, { attempts: 1 });
    await eventually("it holds", () => lines(file).length === 1);
    worker.cut();

    expect(await finished(id)).toMatchObject({ state: "failed", attempts: 1, error: { name: "AbortError" } });
  });

  it.each([true, false])("goes back at no cost when its worker stops, if it heeds that: %s", async (heed) => {
    const { client, worker, find } = await start(isolation);
    const file = join(createFolder(), "held");
    const id = await client.enqueue(jobs.holds, { file, heed });
    await eventually("it holds", () => lines(file).length === 1);
    await worker.drain({ timeout: 0, grace: 100 });

    expect(await find(id)).toMatchObject({ state: "waiting", attempts: 0, interruptions: 1, crashes: 0 });
    expect(isolation !== "process" || (await isGone(Number(lines(file)[0])))).toBe(true);
  });

  it("has its signal aborted when it is cancelled", async () => {
    const { client, worker, find } = await start(isolation);
    const file = join(createFolder(), "held");
    const id = await client.enqueue(jobs.holds, { file, heed: true });
    await eventually("it holds", () => lines(file).length === 1);
    await client.broker.edit?.cancel([id]);
    await eventually("it has ended", () => worker.running === 0);

    expect((await find(id)).state).toBe("cancelled");
  });

  it("may log more than anybody reads", async () => {
    const { client, finished } = await start(isolation);
    const job = await finished(await client.enqueue(jobs.shouts, null));

    expect(job).toMatchObject({ state: "completed", crashes: 0, result: '"said"' });
    expect(job.logs.map(({ line }) => line.length)).toEqual([2000]);
  });

  it("keeps its claim while it blocks its event loop for three times the time to live", async () => {
    const { client, finished } = await start(isolation, { ttl: 400 });

    expect(await finished(await client.enqueue(jobs.blocks, { ms: 1200 }))).toMatchObject({
      state: "completed",
      interruptions: 0,
      crashes: 0,
    });
  });

  it("runs beside others", async () => {
    const { client, finished } = await start(isolation, { concurrency: 4 });
    const ids = await client.enqueueMany(
      jobs.echo,
      Array.from({ length: 12 }, (_, n) => ({ n })),
    );
    const results = await Promise.all(ids.map(async (id) => JSON.parse((await finished(id)).result ?? "")));

    expect(results).toEqual(Array.from({ length: 12 }, (_, n) => ({ n })));
  });
});
