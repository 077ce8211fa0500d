import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Payment, pay } from "../fixtures/jobs-isolation/jobs.ts";
import { eventually } from "../support/eventually.ts";
import { ALL, createFolder, start } from "../support/isolated-worker.ts";

/** A worker with a shop's database as its broker, and what it announces. */
async function open(isolation: "inline" | "thread" | "process") {
  const file = join(createFolder(), "shop.db");
  const shop = new Database(file);
  shop.pragma("journal_mode = wal");
  shop.exec("create table payments (id integer primary key)");
  onTestFinished(() => void shop.close());
  const { worker, client, find } = await start(
    isolation,
    { concurrency: 1 },
    ALL,
    `sqlite:${file}?synchronous=off`,
  );
  const told: string[] = [];
  for (const name of ["completed", "failed", "crashed", "lost", "overruled"] as const)
    worker.events.on(`job:${name}`, () => told.push(name));
  const run = async (ending: Payment["ending"]) => {
    const id = await client.enqueue(pay, { file, ending });
    await eventually(
      () => `${ending} ends: ${told.join()}`,
      () => worker.running === 0 && told.length > 0,
    );
    const { n: paid } = shop.prepare<[], { n: number }>("select count(*) as n from payments").get() ?? {
      n: -1,
    };
    const { state, result, attempts, crashes } = await find(id);
    return { state, result, attempts, crashes, paid, told };
  };
  return { run, told };
}

const completed = { state: "completed", attempts: 0, crashes: 0 };

describe.each(["inline", "thread", "process"] as const)(
  "a job that completes in its transaction, %s",
  (isolation) => {
    it("is completed by the commit", async () => {
      const { run } = await open(isolation);

      expect(await run("commit")).toEqual({
        ...completed,
        result: '"in the transaction"',
        paid: 1,
        told: ["completed"],
      });
    });

    it("is completed by its return after a rollback", async () => {
      const { run } = await open(isolation);

      expect(await run("rollback")).toEqual({
        ...completed,
        result: '"by its return"',
        paid: 0,
        told: ["completed"],
      });
    });

    it("stays completed when it throws after the commit", async () => {
      const { run, told } = await open(isolation);
      const job = await run("commit and throw");
      await eventually("it is overruled", () => told.includes("overruled"));

      expect(job).toMatchObject({ ...completed, paid: 1 });
      expect(told).toEqual(["completed", "overruled"]);
    });

    it("leaves no effect when it was cancelled meanwhile", async () => {
      const { run } = await open(isolation);

      expect(await run("cancelled meanwhile")).toMatchObject({ state: "cancelled", attempts: 0, paid: 0 });
    });
  },
);

describe("a process that dies after the commit of its job", () => {
  it("leaves it completed, without a crash", async () => {
    const { run, told } = await open("process");
    const job = await run("commit and die");
    await eventually("it is overruled", () => told.includes("overruled"));

    expect(job).toMatchObject({ ...completed, paid: 1 });
    expect(told).toEqual(["completed", "overruled"]);
  });
});
