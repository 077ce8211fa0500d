import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openBroker, openMigrations } from "../../src/broker/connect.ts";
import { FACET_NAMES } from "../../src/broker/facets.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { deleteKeys } from "../support/redis-keys.ts";
import { service } from "../support/services.ts";

const PAGE = "docs/guide/choosing-a-broker.md";

const dir = mkdtempSync(join(tmpdir(), "ganger-facets-"));
const prefix = `facets_${process.pid}`;
const servers = {
  redis: await service("redis"),
  postgres: await service("postgres"),
  mysql: await service("mysql"),
  rabbitmq: await service("rabbitmq"),
};

/** Where each broker is opened; a new broker gets a line here and a column there. */
const URLS: Readonly<Record<string, string>> = {
  memory: "memory:",
  sqlite: `sqlite:${join(dir, "jobs.db")}?synchronous=off`,
  ...Object.fromEntries(Object.entries(servers).map(([name, { url }]) => [name, `${url}?prefix=${prefix}`])),
};

/** Servers that are not on this machine, and why. */
const UNAVAILABLE = new Map(Object.entries(servers).map(([name, { unavailable }]) => [name, unavailable]));

/** Brokers whose URLs do not start with their names. */
const SCHEMES: Readonly<Record<string, string>> = { rabbitmq: "amqp" };
const schemeOf = (name: string) => SCHEMES[name] ?? name;

afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  for (const name of ["postgres", "mysql"]) {
    if (UNAVAILABLE.get(name) !== undefined) continue;
    await using migrations = await openMigrations(URLS[name] ?? "");
    await migrations?.down(0);
  }
  if (servers.redis.unavailable === undefined) await deleteKeys(servers.redis.url, prefix);
  if (servers.rabbitmq.unavailable === undefined) await deleteQueues(servers.rabbitmq.url, prefix);
});

const [head = [], ...rows] = tableOf(readFileSync(PAGE, "utf8"));
const brokers = head.slice(1, -1);

describe(`the table of facets in ${PAGE}`, () => {
  it("has a row for each facet, in the order of the contract", () => {
    expect(rows.map(([name]) => name)).toEqual(FACET_NAMES.map((name) => `\`${name}\``));
  });

  it("has a column for each broker that can be opened", () => {
    const connect = readFileSync("src/broker/connect.ts", "utf8");
    const schemes = Array.from(connect.matchAll(/^ {2}"([a-z]+):": async/gm), ([, scheme]) => scheme);

    expect(brokers.map(schemeOf)).toEqual(schemes);
    expect(Object.keys(URLS)).toEqual(brokers);
  });

  it.for(brokers)("says what %s can do", async (name, context) => {
    const reason = UNAVAILABLE.get(name);
    context.skip(reason !== undefined, reason);
    await using broker = await openBroker(URLS[name] ?? "");
    const place = head.indexOf(name);

    const told = rows.map((row) => row[place]);
    expect(broker.name).toBe(name);
    expect(told).toEqual(FACET_NAMES.map((facet) => (broker[facet] === undefined ? "no" : "yes")));
  });
});

/** The cells of the table that starts with "facet": its head, then its rows. */
function tableOf(page: string): readonly (readonly string[])[] {
  const [table = ""] = /^\| facet .*\n(?:\|.*\n)+/m.exec(page) ?? [];
  const lines = table.trimEnd().split("\n");
  return lines.filter((line) => !/^\|[-|]+\|$/.test(line)).map(toCells);
}

function toCells(line: string): readonly string[] {
  return line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
}
