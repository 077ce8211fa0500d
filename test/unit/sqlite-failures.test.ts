import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import { SqliteBroker } from "../../src/brokers/sqlite/broker.ts";
import { Connection } from "../../src/brokers/sqlite/connection.ts";
import { openDatabase } from "../../src/brokers/sqlite/driver.ts";
import { parseLocation } from "../../src/brokers/sqlite/location.ts";
import { migrate } from "../../src/brokers/sqlite/migrate.ts";
import { SCHEMA_VERSION } from "../../src/brokers/sqlite/schema.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-sqlite-"));
  file = join(folder, "ganger.db");
});

afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

/** To whom nothing is forbidden as it is to root. */
const NOBODY = 65_534;

const job = { queue: "q", name: "n", payload: '"a payload of some length"' };

describe("a SQLite store that cannot be used", () => {
  it.each([
    ["sqlite:", "GANGER_URL_INVALID"],
    ["sqlite::memory:", "GANGER_URL_INVALID"],
    ["sqlite:x.db?sync=full", "GANGER_URL_INVALID"],
    ["sqlite:x.db?synchronous=never", "GANGER_URL_INVALID"],
    ["sqlite:x.db?prefix=1; drop table", "GANGER_URL_INVALID"],
    ["sqlite:/no/such/folder/x.db", "GANGER_BROKER_UNREACHABLE"],
    ["sqlight:x.db", "GANGER_URL_INVALID"],
    ["", "GANGER_URL_INVALID"],
    ["nats://u:secret@h/db", "GANGER_URL_INVALID"],
  ])("%j is refused with %s and a next step", async (url, code) => {
    const error = await openBroker(url).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code, hint: expect.any(String) });
    expect(String(error)).not.toContain("secret");
  });

  it("is no database", async () => {
    writeFileSync(file, "this is a text, and no database, however long one makes it ".repeat(100));

    await expect(openBroker(`sqlite:${file}`)).rejects.toMatchObject({
      code: "GANGER_BROKER_CORRUPT",
      message: expect.stringContaining(file),
      hint: expect.any(String),
    });
  });

  it("cannot be written to", async () => {
    await using broker = await openBroker(`sqlite:${file}`);
    await broker.enqueue([job]);
    const database = await openDatabase(file);
    database.exec("pragma query_only = on");
    const connection = new Connection(database, parseLocation(`sqlite:${file}`));
    await using reader = new SqliteBroker(connection, `sqlite:${file}`);

    await expect(reader.enqueue([job])).rejects.toMatchObject({ code: "GANGER_BROKER_READONLY" });
    expect(await reader.inspect.ready()).toEqual(["q"]);
  });

  it.each([
    ["of another user", "GANGER_BROKER_READONLY", "EACCES"],
    ["that is a folder", "GANGER_BROKER_UNREACHABLE", "EISDIR"],
  ])("has a file for waking others %s, which is named", async (_, code, detail) => {
    const wake = `${file}-wake`;
    await (await openBroker(`sqlite:${file}`))[Symbol.asyncDispose]();
    rmSync(wake);
    if (detail === "EISDIR") mkdirSync(wake);
    else writeFileSync(wake, "", { mode: 0o400 });
    chmodSync(folder, 0o777);
    chmodSync(file, 0o666);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      await expect(openBroker(`sqlite:${file}`)).rejects.toMatchObject({
        code,
        message: `${wake} cannot be written to (${detail})`,
        hint: expect.any(String),
      });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it.each([
    ["that this one cannot work with", "compatible = version"],
    ["of which nothing else is known", "compatible = null"],
  ])("was written by a newer release %s, and is left as it is", async (_, compatible) => {
    await using broker = await openBroker(`sqlite:${file}`);
    await broker.enqueue([job]);
    const database = await openDatabase(file);
    database.exec(`update ganger_schema set version = ${SCHEMA_VERSION + 1};
      update ganger_schema set ${compatible}`);
    database.close();

    await expect(openBroker(`sqlite:${file}`)).rejects.toMatchObject({ code: "GANGER_BROKER_NEWER" });
    expect(await broker.inspect?.ready()).toEqual(["q"]);
  });

  it("has no room left: what was accepted stays, and the rest is refused whole", async () => {
    const database = await openDatabase(file);
    const connection = new Connection(database, parseLocation(`sqlite:${file}`));
    await migrate(connection, true);
    database.exec("pragma max_page_count = 60");
    await using broker = new SqliteBroker(connection, `sqlite:${file}`);
    const accepted: string[] = [];
    const batch = Array.from({ length: 100 }, () => job);
    const fill = async () => {
      for (;;) accepted.push(...(await broker.enqueue(batch)));
    };

    await expect(fill()).rejects.toMatchObject({ code: "GANGER_BROKER_FULL" });

    expect(accepted.length).toBeGreaterThan(0);
    const left = await broker.inspect.list({ limit: 100_000 });
    expect(left.map(({ id }) => id)).toEqual(accepted);
  });
});

describe("a SQLite store that is deleted while it is open", () => {
  it("is noticed at the next heartbeat", async () => {
    await using broker = await openBroker(`sqlite:${file}`);
    const beat = () => broker.heartbeat([{ holder: "h:1:a", queues: "q" }], 1000);
    await beat();
    rmSync(file);

    await expect(beat()).rejects.toMatchObject({
      code: "GANGER_BROKER_UNREACHABLE",
      message: expect.stringContaining("deleted or replaced"),
    });
  });
});

describe("a SQLite store that another program has locked", () => {
  it("can be read, and is written to when the lock is gone", async () => {
    await using broker = await openBroker(`sqlite:${file}`);
    await broker.enqueue([job]);
    const other = await openDatabase(file);
    other.exec("begin immediate");

    const enqueued = broker.enqueue([job]);
    expect(await broker.inspect?.ready()).toEqual(["q"]);
    other.exec("rollback");
    other.close();

    expect(await enqueued).toHaveLength(1);
  });

  it("tells a call that waits when the broker is closed meanwhile", async () => {
    const broker = await openBroker(`sqlite:${file}`);
    const other = await openDatabase(file);
    other.exec("begin immediate");
    const enqueued = broker.enqueue([job]);
    const refusal = enqueued.catch((error: unknown) => error);

    await broker[Symbol.asyncDispose]();

    expect(await refusal).toMatchObject({ code: "GANGER_BROKER_CLOSED" });
    other.close();
  });
});
