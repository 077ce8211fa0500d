import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Client, connect } from "../../src/client/client.ts";
import { defineJob } from "../../src/job/define-job.ts";

const receipt = defineJob({
  name: "receipt",
  queue: "mail",
  input: z.object({ order: z.number() }),
  perform: () => undefined,
});

let folder: string;
let file: string;
let client: Client;
let own: Database.Database;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ganger-transactions-"));
  file = join(folder, "shop.db");
  client = await connect(`sqlite:${file}?synchronous=off`);
  own = new Database(file);
  own.exec("create table orders (id integer primary key)");
});

afterEach(async () => {
  own.close();
  await client.close();
  rmSync(folder, { recursive: true, force: true });
});

const find = async (id: string) => client.broker.inspect?.find(id);
const invalid = (message: string) =>
  expect.objectContaining({
    code: "GANGER_TRANSACTION_INVALID",
    message: expect.stringContaining(message),
    hint: expect.any(String),
  });

describe("a job that is enqueued in a transaction", () => {
  it("exists with what the transaction did", async () => {
    own.exec("begin immediate; insert into orders (id) values (7)");
    const id = await client.enqueue(
      receipt,
      { order: 7 },
      { transaction: own, priority: 3, delay: "1m", tags: ["a"] },
    );
    expect(await find(id)).toBeUndefined();
    own.exec("commit");

    expect(await find(id)).toMatchObject({
      queue: "mail",
      state: "scheduled",
      payload: '{"order":7}',
      priority: 3,
      tags: ["a"],
    });
  });

  it("is gone with what the transaction did", async () => {
    own.exec("begin immediate; insert into orders (id) values (7)");
    const ids = await client.enqueueMany(receipt, [{ order: 7 }, { order: 8 }], { transaction: own });
    own.exec("rollback");

    expect(ids).toHaveLength(2);
    expect(await Promise.all(ids.map(find))).toEqual([undefined, undefined]);
    expect(own.prepare("select * from orders").all()).toEqual([]);
  });

  it("does not join the others of its tick", async () => {
    own.exec("begin immediate");
    const inside = client.enqueue(receipt, { order: 1 }, { transaction: own });
    const outside = client.enqueue(receipt, { order: 2 });
    const gone = await inside;
    own.exec("rollback");

    expect(await find(gone)).toBeUndefined();
    expect(await find(await outside)).toMatchObject({ payload: '{"order":2}' });
  });

  it("is written before the call returns, so that a synchronous transaction may hold it", async () => {
    let enqueued: Promise<string> | undefined;
    own.transaction(() => {
      enqueued = client.enqueue(receipt, { order: 1 }, { transaction: own });
    })();

    expect(await find((await enqueued) ?? "")).toMatchObject({ state: "waiting" });
  });

  it("that does not fit leaves the transaction as it was", async () => {
    own.exec("begin immediate; insert into orders (id) values (7)");
    const bad = { order: "seven" } as never;
    await expect(client.enqueue(receipt, bad, { transaction: own })).rejects.toMatchObject({
      code: "GANGER_PAYLOAD_INVALID",
    });
    own.exec("commit");

    expect(own.prepare("select * from orders").all()).toEqual([{ id: 7 }]);
    expect(await client.broker.inspect?.list({ limit: 10 })).toEqual([]);
  });

  it("leaves nothing of itself when it fails half-way and the user commits all the same", async () => {
    own.exec(
      `create trigger refuse before insert on ganger_waiting begin select raise(abort, 'no room'); end`,
    );
    own.exec("begin immediate; insert into orders (id) values (7)");
    await expect(client.enqueue(receipt, { order: 7 }, { transaction: own })).rejects.toThrow("no room");
    own.exec("commit");

    expect(own.prepare("select * from orders").all()).toEqual([{ id: 7 }]);
    expect(own.prepare("select id from ganger_jobs").all()).toEqual([]);
  });

  it("may be of a connection that reads whole numbers as BigInt", async () => {
    own.defaultSafeIntegers(true);
    own.exec("begin immediate");
    const [id = "", next = ""] = await client.enqueueMany(receipt, [{ order: 1 }, { order: 2 }], {
      transaction: own,
    });
    own.exec("commit");

    expect(Number(next) - Number(id)).toBe(1);
    expect(await find(next)).toMatchObject({ payload: '{"order":2}' });
  });

  it("waits for its turn when the transaction has not written yet", async () => {
    const other = new Database(file);
    other.exec("begin immediate");
    own.pragma("busy_timeout = 0");
    own.exec("begin");
    const enqueued = client.enqueue(receipt, { order: 1 }, { transaction: own });
    await new Promise((resolve) => setTimeout(resolve, 20));
    other.exec("commit");
    other.close();
    const id = await enqueued;
    own.exec("commit");

    expect(await find(id)).toMatchObject({ state: "waiting" });
  });
});

describe("a transaction that cannot be used", () => {
  it("is refused by a broker without the facet, which says what to do", async () => {
    await using other = await connect("memory:");

    await expect(other.enqueue(receipt, { order: 1 }, { transaction: own })).rejects.toMatchObject({
      code: "GANGER_FACET_MISSING",
      message: "The memory broker cannot take part in a transaction",
      hint: expect.stringContaining("after the commit"),
    });
    await expect(other.enqueueMany(receipt, [{ order: 1 }], { transaction: own })).rejects.toMatchObject({
      code: "GANGER_FACET_MISSING",
    });
  });

  it.each<[string, () => unknown, string]>([
    ["null", () => null, "The transaction is null"],
    ["a text", () => "begin", "The transaction is a string"],
    ["another object", () => ({ exec: () => undefined }), "no connection of better-sqlite3 or node:sqlite"],
    ["a connection without a transaction", () => own, "No transaction is open"],
    ["a closed connection", () => own.close(), "cannot be used"],
  ])("%s is refused", async (_, transaction, message) => {
    const options = { transaction: transaction() as object };

    await expect(client.enqueue(receipt, { order: 1 }, options)).rejects.toEqual(invalid(message));
  });

  it.each([
    ["another file", () => join(folder, "other.db"), "other.db, and the jobs are in"],
    ["memory", () => ":memory:", "a database in memory, and the jobs are in"],
  ])("of %s is refused", async (_, path, message) => {
    const other = new Database(path());
    other.exec("begin");

    await expect(client.enqueue(receipt, { order: 1 }, { transaction: other })).rejects.toEqual(
      invalid(message),
    );
    other.close();
  });

  it("after it has ended is refused, also on a connection that was used before", async () => {
    own.exec("begin immediate");
    await client.enqueue(receipt, { order: 1 }, { transaction: own });
    own.exec("commit");
    await expect(client.enqueue(receipt, { order: 2 }, { transaction: own })).rejects.toEqual(
      invalid("No transaction is open"),
    );
    own.close();

    await expect(client.enqueue(receipt, { order: 3 }, { transaction: own })).rejects.toEqual(
      invalid("No transaction is open"),
    );
  });

  it("on a connection that cannot write is told so, and the next step", async () => {
    const reader = new Database(file, { readonly: true });
    reader.exec("begin");
    const enqueuing = client.enqueue(receipt, { order: 1 }, { transaction: reader });
    await expect(enqueuing).rejects.toEqual(invalid("cannot write"));
    await expect(enqueuing).rejects.toMatchObject({ hint: expect.stringContaining("without readonly") });
    reader.close();

    own.exec("pragma query_only = 1; begin");
    const again = client.enqueue(receipt, { order: 1 }, { transaction: own });
    await expect(again).rejects.toEqual(invalid("cannot write"));
  });

  it("that has read what others have changed since is told to begin otherwise", async () => {
    own.exec("begin");
    own.prepare("select count(*) from orders").get();
    await client.enqueue(receipt, { order: 1 });

    await expect(client.enqueue(receipt, { order: 2 }, { transaction: own })).rejects.toMatchObject({
      code: "GANGER_TRANSACTION_INVALID",
      hint: "Begin the transaction with: begin immediate",
    });
  });
});

describe("the end of a transaction", () => {
  it("wakes workers also when another has begun on the same connection", async () => {
    let heard = 0;
    own.exec("begin immediate");
    await client.enqueue(receipt, { order: 1 }, { transaction: own });
    await new Promise(setImmediate);
    await client.broker.wakeups?.subscribe(() => {
      heard++;
    });
    own.exec("commit; begin");

    await expect.poll(() => heard, { timeout: 900 }).toBeGreaterThan(0);
    own.exec("commit");
  });

  it("need not come before the broker is closed", async () => {
    own.exec("begin immediate");
    const id = await client.enqueue(receipt, { order: 1 }, { transaction: own });
    await client.close();
    own.exec("commit");
    client = await connect(`sqlite:${file}?synchronous=off`);

    expect(await find(id)).toMatchObject({ state: "waiting" });
  });
});
