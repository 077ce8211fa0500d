import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { openBroker } from "ganger";
import { expect, it } from "vitest";
import { mysqlDatabase } from "../support/mysql-database.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { SERVERS, service } from "../support/services.ts";

const PROCESSES = 6;
const PROGRAM = `
const { openBroker } = await import("ganger");
process.stdout.write("ready\\n");
process.stdin.once("data", async () => {
  const broker = await openBroker(process.argv[1]);
  await broker.enqueue([{ queue: "q", name: "task", payload: "1" }]);
  await broker[Symbol.asyncDispose]();
  process.exit();
});`;

/** Has processes open a store that has no schema yet, at one moment, and each add a job. */
async function openTogether(url: string): Promise<void> {
  const children = Array.from({ length: PROCESSES }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", PROGRAM, url], { stdio: "pipe" }),
  );
  const errors = children.map(({ stderr }) => text(stderr));
  await Promise.all(children.map(({ stdout }) => once(stdout, "data")));
  for (const { stdin } of children) stdin.write("go\n");
  const ends = await Promise.all(children.map((child) => once(child, "exit")));
  expect(ends.map(([code], place) => code === 0 || place)).toEqual(ends.map(() => true));
  await Promise.all(errors);

  await using broker = await openBroker(url);
  expect((await broker.inspect?.queues())?.map(({ counts }) => counts.waiting)).toEqual([PROCESSES]);
  expect(await broker.maintenance?.doctor()).not.toContainEqual(expect.objectContaining({ level: "error" }));
}

it("makes the schema of a SQLite file once, whoever comes first", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ganger-together-"));
  try {
    await openTogether(`sqlite:${join(folder, "ganger.db")}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it.skipIf(SERVERS.postgres.binary() === undefined)(
  "makes the schema of PostgreSQL once, whoever comes first",
  async () => {
    await using server = await PrivateServer.start(SERVERS.postgres, ["-c", "fsync=off"]);
    await openTogether(server.url);
  },
);

const mysql = await service("mysql");

it.skipIf(mysql.unavailable !== undefined)(
  "makes the tables of MySQL once, whoever comes first",
  async () => {
    await using database = await mysqlDatabase(mysql.url);
    await openTogether(database.url);
  },
);
