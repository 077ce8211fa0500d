import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBroker, openMigrations } from "../../src/broker/connect.ts";
import { connect } from "../../src/brokers/postgres/driver.ts";
import { Lane } from "../../src/brokers/postgres/lane.ts";
import { parseLocation } from "../../src/brokers/postgres/location.ts";
import { Statements } from "../../src/brokers/postgres/statements.ts";
import { service } from "../support/services.ts";

const { url: server, unavailable } = await service("postgres");
const prefix = `plans_${randomBytes(5).toString("hex")}`;
const location = parseLocation(`${server || "postgres://nowhere"}?prefix=${prefix}`);

/** Statements that run all the time: the values that they are planned without, and the indexes that they must go by. */
const HOT: Readonly<Record<string, readonly [values: string, indexes: readonly string[]]>> = {
  claim: ["'w', '{1,2}', '{0,0}', '{0,0}', 100", ["jobs_waiting", "jobs_pkey"]],
  complete: ["'{1,2}', 7, null, 1000, null", ["jobs_pkey"]],
  lockClaims: ["'{1,2}'", ["jobs_pkey"]],
  lockHeld: ["1", ["jobs_held"]],
  moveDue: ["100", ["jobs_scheduled", "jobs_pkey"]],
  nextDue: ["", ["jobs_scheduled"]],
  wakeIdle: ["'c', 'w', '{1}', '{5}', '{3}', null, null", ["jobs_waiting", "jobs_scheduled", "jobs_pkey"]],
  wakeForLast: ["'c', 'w', 1, 3", ["jobs_waiting", "jobs_pkey"]],
  ready: ["'{2}', '{0}', '{5}', '{0,2}', '{2,9}', true", ["jobs_waiting"]],
  stillHeld: ["'{1}', '{1}'", ["jobs_pkey"]],
};

/** A plan is kept for as long as a connection lives, and most are made while there is nothing to do. */
describe.skipIf(unavailable !== undefined)("plans of PostgreSQL, made while the tables are empty", () => {
  let lane: Lane;

  const query = (text: string) => lane.query({ text, rowMode: "array" }, 10_000);

  beforeAll(async () => {
    const broker = await openBroker(`${server}?prefix=${prefix}`);
    await broker[Symbol.asyncDispose]();
    lane = new Lane(await connect(location, { isPooled: false, isSynchronous: true }));
    await query(`vacuum analyze ${prefix}.jobs`);
  });

  afterAll(async () => {
    await lane.close();
    await using migrations = await openMigrations(`${server}?prefix=${prefix}`);
    await migrations?.down(0);
  });

  it.each(Object.keys(HOT))(
    "%s goes by the index that serves it when there are a million jobs",
    async (name) => {
      const [values, indexes] = HOT[name] ?? ["", []];
      await query(`prepare ${name} as ${new Statements(prefix).text(name)}`);
      const { rows } = await query(`explain execute ${name}${values === "" ? "" : `(${values})`}`);
      const plan = rows.map(([line]) => String(line)).join("\n");

      const used = plan.matchAll(/using (jobs_\w+) on/g);
      expect(new Set(Array.from(used, ([, index]) => index))).toEqual(new Set(indexes));
      expect(plan).not.toMatch(/Seq Scan on jobs|Bitmap Heap Scan on jobs/);
      // By its condition, not by going through all of it; a scan in order needs none.
      const scans = plan.matchAll(/using jobs_pkey on jobs[^\n]*\n\s*(\w+ \w+)/g);
      for (const [, next] of scans) expect(next).toBe("Index Cond");
    },
  );
});
