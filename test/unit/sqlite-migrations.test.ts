import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker, openMigrations } from "../../src/broker/connect.ts";
import { Connection } from "../../src/brokers/sqlite/connection.ts";
import { openDatabase } from "../../src/brokers/sqlite/driver.ts";
import { parseLocation } from "../../src/brokers/sqlite/location.ts";
import { migrate } from "../../src/brokers/sqlite/migrate.ts";
import { SqliteMigrations } from "../../src/brokers/sqlite/migrations.ts";
import { SCHEMA_VERSION } from "../../src/brokers/sqlite/schema.ts";
import { STEPS, type Step } from "../../src/brokers/sqlite/steps.ts";

let folder: string;
let file: string;
let url: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-migrations-"));
  file = join(folder, "ganger.db");
  url = `sqlite:${file}?synchronous=off`;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NEXT = SCHEMA_VERSION + 1;
const job = { queue: "q", name: "n", payload: "1" };

function stepTo(compatible: number): Step {
  return {
    version: NEXT,
    compatible,
    up: () => "alter table ganger_jobs add column note text; create table ganger_notes (id integer) strict;",
    down: () => "drop table ganger_notes; alter table ganger_jobs drop column note;",
  };
}

/** The schema as a release knows it that is one version ahead. */
function ahead(compatible: number): SqliteMigrations {
  const migrations = new SqliteMigrations(parseLocation(url), [...STEPS, stepTo(compatible)]);
  onTestFinished(() => migrations[Symbol.asyncDispose]());
  return migrations;
}

async function ours() {
  const migrations = await openMigrations(url);
  if (migrations === undefined) throw new Error("SQLite has a schema");
  onTestFinished(() => migrations[Symbol.asyncDispose]());
  return migrations;
}

async function exec(sql: string): Promise<void> {
  const database = await openDatabase(file);
  database.exec(sql);
  database.close();
}

async function tables(): Promise<readonly unknown[]> {
  const database = await openDatabase(file);
  const rows = database
    .prepare("select name from sqlite_schema where type = 'table' and name like 'ganger%'")
    .all();
  database.close();
  return rows.map(([name]) => name);
}

/** Takes a job from its beginning to its end. */
async function works(broker: Broker): Promise<void> {
  const [id] = await broker.enqueue([job]);
  await broker.heartbeat([{ holder: "h", queues: "q" }], 60_000);
  const [claim] = await broker.claim({ queues: ["q"], limit: 1, holder: "h" });
  expect(claim?.id).toBe(id);
  if (claim === undefined) return;
  const { settled } = await broker.settle([{ id: claim.id, token: claim.token, kind: "completed" }]);
  expect(settled).toEqual([true]);
}

describe("the schema of a SQLite store", () => {
  it("is planned without a file, and made", async () => {
    const migrations = await ours();
    const plan = await migrations.plan();
    expect([await migrations.current(), existsSync(file)]).toEqual([0, false]);

    expect(plan.map(({ version }) => version)).toEqual(STEPS.map(({ version }) => version));
    expect(plan[0]?.statements).toContain("create table ganger_jobs");
    expect(await migrations.up()).toEqual(plan);
    expect([await migrations.current(), await migrations.plan(), await migrations.up()]).toEqual([
      SCHEMA_VERSION,
      [],
      [],
    ]);
    await using broker = await openBroker(url, { migrate: false });
    await works(broker);
  });

  it("has the prefix of the URL", async () => {
    url = `${url}&prefix=shop`;
    const [first] = await (await ours()).up();

    expect(first?.statements).toContain("create table shop_jobs");
    expect(await tables()).toEqual([]);
  });

  it("is made once by many that start together", async () => {
    const brokers = await Promise.all([1, 2, 3, 4, 5].map(() => openBroker(url)));
    for (const broker of brokers) await broker[Symbol.asyncDispose]();

    expect(await (await ours()).current()).toBe(SCHEMA_VERSION);
  });

  it("is left alone with migrate: false", async () => {
    const older = { code: "GANGER_BROKER_OLDER", hint: "Run: ganger migrate --plan, then: ganger migrate" };
    await expect(openBroker(url, { migrate: false })).rejects.toMatchObject({
      ...older,
      message: expect.stringContaining("has no tables of ganger's"),
    });
    await (await ours()).up();
    const database = await openDatabase(file);
    const connection = new Connection(database, parseLocation(url));

    await expect(migrate(connection, false, [...STEPS, stepTo(SCHEMA_VERSION)])).rejects.toMatchObject({
      ...older,
      message: expect.stringContaining(`has schema version ${SCHEMA_VERSION}; this release needs`),
    });
    connection.close();
  });

  it("is taken back to nothing, with all jobs, and leaves what is not ours", async () => {
    const broker = await openBroker(url);
    await broker.enqueue([job]);
    await broker[Symbol.asyncDispose]();
    await exec("create table orders (id integer)");
    const migrations = await ours();
    const undone = await migrations.down(0);

    expect(undone.map(({ version }) => version)).toEqual(STEPS.map(({ version }) => version).toReversed());
    expect(await tables()).toEqual([]);
    await exec("insert into orders values (1)");
    expect(await migrations.current()).toBe(0);
    await using again = await openBroker(url);
    await works(again);
  });

  it("of a release that kept no more than its version goes on", async () => {
    await (await ours()).up();
    await exec(`drop table ganger_schema; create table ganger_schema (version integer not null) strict;
      insert into ganger_schema values (${SCHEMA_VERSION})`);
    await using broker = await openBroker(url);
    await works(broker);

    const next = ahead(SCHEMA_VERSION);
    expect(await next.current()).toBe(SCHEMA_VERSION);
    await next.up();
    expect(await next.current()).toBe(NEXT);
    await works(broker);
  });
});

describe("a newer release", () => {
  it("may migrate while this one works, which goes on and may be started", async () => {
    await using before = await openBroker(url);
    await before.enqueue([job, job]);
    const next = ahead(SCHEMA_VERSION);
    await before.heartbeat([{ holder: "old", queues: "q" }], 60_000);
    const [held] = await before.claim({ queues: ["q"], limit: 1, holder: "old" });
    expect((await next.plan()).map(({ version }) => version)).toEqual([NEXT]);
    await next.up();

    const { settled } = await before.settle([
      { id: held?.id ?? "", token: held?.token ?? 0, kind: "completed" },
    ]);
    expect(settled).toEqual([true]);
    await using after = await openBroker(url);
    await before.claim({ queues: ["q"], limit: 9, holder: "old" });
    await works(after);
    await using unasked = await openBroker(url, { migrate: false });
    await works(unasked);
    expect(await (await ours()).plan()).toEqual([]);
  });

  it("may make a schema that this one cannot work with, and says so untouched", async () => {
    await (await ours()).up();
    await ahead(NEXT).up();
    const newer = {
      code: "GANGER_BROKER_NEWER",
      message: expect.stringContaining(`${file} has schema version ${NEXT}`),
      hint: expect.any(String),
    };

    await expect(openBroker(url)).rejects.toMatchObject(newer);
    await expect(openBroker(url, { migrate: false })).rejects.toMatchObject(newer);
    const migrations = await ours();
    expect(await migrations.current()).toBe(NEXT);
    await expect(migrations.plan()).rejects.toMatchObject(newer);
    await expect(migrations.up()).rejects.toMatchObject(newer);
    await expect(migrations.down(0)).rejects.toMatchObject({
      ...newer,
      hint: expect.stringContaining("with the release"),
    });
    expect(await tables()).toContain("ganger_notes");
  });

  it("takes its version back, after which this one works as before", async () => {
    const next = ahead(NEXT);
    await next.up();
    const undone = await next.down(SCHEMA_VERSION);

    expect(undone.map(({ version }) => version)).toEqual([NEXT]);
    expect(await tables()).not.toContain("ganger_notes");
    await using broker = await openBroker(url, { migrate: false });
    await works(broker);
    expect(await next.down(SCHEMA_VERSION)).toEqual([]);
  });

  it("leaves all as it was when a step fails half-way", async () => {
    await (await ours()).up();
    const broken: Step = {
      version: NEXT,
      compatible: NEXT,
      up: () => "create table ganger_half (id integer) strict; create table ganger_jobs (id integer);",
      down: () => "",
    };
    await using migrations = new SqliteMigrations(parseLocation(url), [...STEPS, broken]);

    await expect(migrations.up()).rejects.toThrow("already exists");
    expect(await tables()).not.toContain("ganger_half");
    await using broker = await openBroker(url);
    await works(broker);
  });
});
