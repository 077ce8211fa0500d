import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import type { JobContext } from "../../src/job/context.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { runInline } from "../../src/testing/run-inline.ts";
import type { WorkerOptions } from "../../src/worker/options.ts";
import { poll, Workshop } from "../support/workshop.ts";

let folder: string;
let file: string;
let own: Database.Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-transactions-"));
  file = join(folder, "shop.db");
  own = new Database(file);
  own.pragma("journal_mode = wal");
  own.exec("create table payments (id integer primary key)");
});

afterEach(() => {
  own.close();
  rmSync(folder, { recursive: true, force: true });
});

const paid = () => own.prepare("select count(*) as n from payments").get();
const soon = { type: "fixed", delay: 1 } as const;

/** A worker whose one job is performed like this, and what it announces. */
async function start(perform: (payload: unknown, job: JobContext) => unknown, options: WorkerOptions = {}) {
  const broker = await openBroker(`sqlite:${file}?synchronous=off`);
  const pay = defineJob({ name: "pay", attempts: 2, backoff: soon, grace: 10, perform });
  const workshop = new Workshop([pay], { concurrency: 1, ...options }, broker);
  const told: string[] = [];
  for (const name of ["job:completed", "job:retried", "job:failed", "job:lost", "job:overruled"] as const)
    workshop.worker.events.on(name, () => told.push(name));
  await workshop.worker.start();
  const enqueue = (timeout?: number) => workshop.client.enqueue(pay, null, { timeout });
  return { workshop, told, enqueue };
}

const begin = () => own.exec("begin immediate; insert into payments default values");

describe("a job that completes in a transaction", () => {
  it("is completed by its commit, with its result, and once", async () => {
    let stateInside: string | undefined;
    const { workshop, told, enqueue } = await start(async (_, job) => {
      begin();
      await job.completeIn(own, { sum: 3 });
      stateInside = await workshop.stateOf(job.id);
      own.exec("commit");
      return "not this";
    });
    await using _ = workshop;
    const id = await enqueue();

    expect(await workshop.finished(id)).toMatchObject({
      state: "completed",
      result: '{"sum":3}',
      attempts: 0,
    });
    expect(stateInside).toBe("running");
    await poll(() => told).toEqual(["job:completed"]);
    expect(paid()).toEqual({ n: 1 });
  });

  it("is completed by its return when the transaction was rolled back", async () => {
    const { workshop, told, enqueue } = await start(async (_, job) => {
      begin();
      await job.completeIn(own);
      own.exec("rollback");
      return 7;
    });
    await using _ = workshop;
    const id = await enqueue();

    expect(await workshop.finished(id)).toMatchObject({ state: "completed", result: "7" });
    await poll(() => told).toEqual(["job:completed"]);
    expect(paid()).toEqual({ n: 0 });
  });

  it("is run again when it throws and the transaction was rolled back", async () => {
    const { workshop, told, enqueue } = await start(async (_, job) => {
      begin();
      await job.completeIn(own);
      if (job.attempt > 1) return own.exec("commit");
      own.exec("rollback");
      throw new Error("no paper");
    });
    await using _ = workshop;
    const id = await enqueue();

    expect(await workshop.finished(id)).toMatchObject({ state: "completed", attempts: 1 });
    await poll(() => told).toEqual(["job:retried", "job:completed"]);
    expect(paid()).toEqual({ n: 1 });
  });

  it("stays completed when it throws after the commit, and that is told", async () => {
    const { workshop, told, enqueue } = await start(async (_, job) => {
      begin();
      await job.completeIn(own);
      own.exec("commit");
      throw new Error("too late");
    });
    await using _ = workshop;
    const errors: string[] = [];
    workshop.worker.events.on("job:overruled", ({ error }) => errors.push(error.message));
    const id = await enqueue();
    await poll(() => told).toEqual(["job:completed", "job:overruled"]);

    expect(errors).toEqual(["too late"]);
    expect(await workshop.find(id)).toMatchObject({ state: "completed", attempts: 0, error: undefined });
    expect(paid()).toEqual({ n: 1 });
  });

  it.each(["commit", "rollback"])("keeps what it has logged before, after a %s", async (ending) => {
    const { workshop, enqueue } = await start(async (_, job) => {
      job.log("pays");
      job.progress(0.5);
      begin();
      job.log("has paid");
      await job.completeIn(own);
      own.exec(ending);
    });
    await using _ = workshop;
    const { logs } = await workshop.finished(await enqueue());

    expect(logs.map(({ line }) => line)).toEqual(["pays", "has paid"]);
  });

  it("may go on for a while after the commit, without being told that it lost its claim", async () => {
    let isAborted: boolean | undefined;
    const { workshop, told, enqueue } = await start(async (_, job) => {
      begin();
      await job.completeIn(own);
      own.exec("commit");
      await new Promise((resolve) => setTimeout(resolve, 900));
      isAborted = job.signal.aborted;
    });
    await using _ = workshop;
    await enqueue();
    await poll(() => told).toEqual(["job:completed"]);

    expect(isAborted).toBe(false);
  });

  it("stays completed when its time is up after the commit", async () => {
    const { workshop, told, enqueue } = await start(async (_, job) => {
      begin();
      await job.completeIn(own);
      own.exec("commit");
      await new Promise(() => undefined);
    });
    await using _ = workshop;
    const id = await enqueue(20);
    await poll(() => told).toEqual(["job:completed", "job:overruled"]);

    expect(await workshop.find(id)).toMatchObject({ state: "completed", attempts: 0 });
  });

  it("is refused when its claim was lost, so that its effect does not happen twice", async () => {
    const errors: unknown[] = [];
    const { workshop, told, enqueue } = await start(async (_, job) => {
      await workshop.broker.edit?.cancel([job.id]);
      begin();
      try {
        await job.completeIn(own);
        own.exec("commit");
      } catch (error) {
        own.exec("rollback");
        errors.push(error);
        throw error;
      }
    });
    await using _ = workshop;
    const id = await enqueue();
    await poll(() => told).toContain("job:lost");

    expect(errors).toEqual([
      expect.objectContaining({
        code: "GANGER_CLAIM_LOST",
        message: expect.stringContaining(`Job ${id} cannot be completed by this run`),
      }),
    ]);
    expect(await workshop.find(id)).toMatchObject({ state: "cancelled" });
    expect(paid()).toEqual({ n: 0 });
  });

  it("is refused a second time, and after its run was given up", async () => {
    const errors: unknown[] = [];
    const { workshop, enqueue } = await start(async (_, job) => {
      begin();
      await job.completeIn(own);
      await job.completeIn(own).catch((error: unknown) => errors.push(error));
      own.exec("rollback");
      await new Promise((resolve) => setTimeout(resolve, 100));
      begin();
      await job.completeIn(own).catch((error: unknown) => errors.push(error));
      own.exec("rollback");
    });
    await using _ = workshop;
    await enqueue(20);
    await poll(() => errors.length).toBeGreaterThanOrEqual(2);

    const lost = expect.objectContaining({ code: "GANGER_CLAIM_LOST" });
    expect(errors.slice(0, 2)).toEqual([lost, lost]);
    expect(paid()).toEqual({ n: 0 });
  });

  it("may try again in another transaction when the first one failed", async () => {
    const { workshop, told, enqueue } = await start(async (_, job) => {
      begin();
      await job.completeIn(own);
      own.exec("rollback");
      begin();
      await job.completeIn(own, "second");
      own.exec("commit");
    });
    await using _ = workshop;
    const id = await enqueue();

    expect(await workshop.finished(id)).toMatchObject({ state: "completed", result: '"second"' });
    await poll(() => told).toEqual(["job:completed"]);
    expect(paid()).toEqual({ n: 1 });
  });

  it("is refused a result that cannot be kept, and nothing is written", async () => {
    const { workshop, enqueue } = await start(async (_, job) => {
      begin();
      await job.completeIn(own, 1n).catch(() => undefined);
      own.exec("commit");
      throw new Error("no result");
    });
    await using _ = workshop;
    const id = await enqueue();

    expect(await workshop.finished(id)).toMatchObject({ state: "failed", error: { message: "no result" } });
  });

  it("is kept for no longer than it says", async () => {
    const broker = await openBroker(`sqlite:${file}?synchronous=off`);
    const brief = defineJob({
      name: "brief",
      retention: { completed: 0 },
      async perform(_: unknown, { completeIn }) {
        begin();
        await completeIn(own);
        own.exec("commit");
        throw new Error("too late");
      },
    });
    await using workshop = await Workshop.start([brief], { concurrency: 1 }, broker);
    const overruled = new Promise((resolve) => workshop.worker.events.once("job:overruled", resolve));
    const id = await workshop.client.enqueue(brief, null);
    await overruled;

    expect(await broker.inspect?.find(id)).toBeUndefined();
  });

  it("is not, with a broker that has no transactions, which says what to do", async () => {
    const pay = defineJob({ name: "pay", attempts: 1, perform: (_: unknown, job) => job.completeIn(own) });
    await using workshop = await Workshop.start([pay]);
    const id = await workshop.client.enqueue(pay, null);

    expect(await workshop.finished(id)).toMatchObject({
      state: "failed",
      error: { code: "GANGER_FACET_MISSING", message: expect.stringContaining("The memory broker") },
    });
  });
});

describe("the context of a job", () => {
  it("may be taken apart", async () => {
    const apart = defineJob({
      name: "apart",
      async perform(_: unknown, { id, log, progress, signal, completeIn }) {
        log(`job ${id}`);
        progress(0.5);
        begin();
        await completeIn(own, "apart");
        own.exec("commit");
        return signal.aborted;
      },
    });
    const broker = await openBroker(`sqlite:${file}?synchronous=off`);
    await using workshop = await Workshop.start([apart], { concurrency: 1 }, broker);
    const id = await workshop.client.enqueue(apart, null);

    expect(await workshop.finished(id)).toMatchObject({ state: "completed", result: '"apart"' });
  });

  it("may be taken apart where there is no broker, in a test", async () => {
    const apart = defineJob({
      name: "apart",
      async perform(_: unknown, { log, progress, completeIn }) {
        log("a line");
        progress(0.5);
        await completeIn(own);
      },
    });

    expect(await runInline(apart, null)).toMatchObject({
      state: "completed",
      logs: ["a line"],
      progress: 0.5,
    });
  });
});
