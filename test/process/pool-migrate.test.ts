import { expect, it } from "vitest";
import { openMigrations } from "../../src/broker/connect.ts";
import { TestPool } from "../support/test-pool.ts";

it.each(["auto", "never"])(
  "a pool with --no-migrate leaves an older store as it is, and works once somebody has migrated it, forks: %s",
  async (fork) => {
    await using pool = await TestPool.create({
      workers: { work: 1 },
      config: { fork },
      args: ["--no-migrate"],
    });
    const { url = "" } = pool.client.broker;
    await using migrations = await openMigrations(url);
    await migrations?.down(0);
    pool.startManager();
    expect(await pool.ended()).toBe(1);

    expect(pool.log).toContain("is not to migrate it\nRun: ganger migrate --plan, then: ganger migrate\n");
    expect(await migrations?.current()).toBe(0);
    expect((await pool.run("migrate")).code).toBe(0);
    pool.startManager();
    await pool.ready(1);
  },
);
