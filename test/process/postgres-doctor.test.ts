import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { type Finding, openBroker } from "ganger";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { eventually } from "../support/eventually.ts";
import { runDir } from "../support/run-dir.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import {
  endServer,
  findBinary,
  giveTo,
  identityOf,
  prepare,
  versionFolders,
} from "../support/servers/server.ts";
import { SERVERS } from "../support/services.ts";

const SETTINGS = ["-c", "fsync=off", "-c", "autovacuum=off", "-c", "max_prepared_transactions=1"];

describe.skipIf(SERVERS.postgres.binary() === undefined)("doctor on PostgreSQL", () => {
  let server: PrivateServer;
  let broker: Broker;
  let admin: Client;

  beforeAll(async () => {
    server = await PrivateServer.start(SERVERS.postgres, SETTINGS);
    broker = await openBroker(server.url);
    admin = await user();
  });

  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
    await admin.end();
    await server[Symbol.asyncDispose]();
  });

  async function user(name = "postgres"): Promise<Client> {
    const client = new Client({ connectionString: server.url.replace("postgres@", `${name}@`) });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  /** Runs it in a session of its own: what it counted for the statistics is told when that ends, and else up to 10 s later. */
  async function alone(statement: string): Promise<void> {
    const client = await user();
    await client.query(statement);
    await client.end();
  }

  async function findings(check: string, of = broker): Promise<readonly Finding[]> {
    const all = (await of.maintenance?.doctor()) ?? [];
    return all.filter((finding) => finding.check === check);
  }

  it("finds settings of the server that cost jobs or speed", async () => {
    expect(await findings("durability")).toMatchObject([{ level: "warning", message: /fsync/ }]);
    expect(await findings("autovacuum")).toMatchObject([{ level: "warning", message: /is off: tables/ }]);
    await admin.query("alter table ganger.jobs set (autovacuum_enabled = off)");
    expect(await findings("autovacuum")).toMatchObject([
      {},
      { message: "autovacuum is off for ganger.jobs" },
    ]);
  });

  it("finds dead rows, and disk that is taken for nothing once they are gone", async () => {
    await broker.enqueue([{ queue: "q", name: "task", payload: "1" }]);
    // The last stays, so that a vacuum can give nothing back behind it.
    await alone(`insert into ganger.jobs (enqueued_at, queue, rank, max_crashes, state, name, payload)
      select 0, 1, 0, 1, 0, 'task', repeat('x', case when n > 100001 then 1 else 750 end)
      from generate_series(1, 100002) n`);
    await eventually("they are counted", async () => (await findings("bloat")).length === 0);
    expect(await findings("dead-rows")).toEqual([]);
    await alone("delete from ganger.jobs where length(payload) > 1");

    const [dead] = await eventually("the dead are counted", async () => {
      const found = await findings("dead-rows");
      return found.length > 0 && found;
    });
    expect(dead).toMatchObject({
      level: "warning",
      message: "ganger.jobs has 100001 dead rows beside 2 live ones",
    });
    await admin.query("vacuum ganger.jobs");
    expect(await findings("dead-rows")).toEqual([]);
    expect(await findings("bloat")).toMatchObject([
      { level: "warning", message: /^ganger\.jobs takes \d+\.\d MiB of disk, where its 2 rows need 0\.0$/ },
    ]);
    await admin.query("vacuum full ganger.jobs");
    expect(await findings("bloat")).toEqual([]);
  });

  it("names whose transaction is the oldest, also one that was prepared", async () => {
    const forgetful = await user();
    await forgetful.query("set application_name = 'report'");
    await forgetful.query("begin isolation level repeatable read");
    await forgetful.query("select count(*) from ganger.jobs");
    await eventually("it is told of", async () =>
      (await findings("snapshot")).some(({ message }) => /^the session \d+ of report has /.test(message)),
    );
    await forgetful.query("prepare transaction 'kept'");
    await eventually("what is prepared is told of", async () =>
      (await findings("snapshot")).some(({ message }) =>
        message.startsWith("the prepared transaction kept has "),
      ),
    );
    await admin.query("rollback prepared 'kept'");
    await forgetful.end();
  });

  it("says that a role sees nothing of others, until it may", async () => {
    await admin.query("create role modest login");
    await admin.query("grant create on database postgres to modest");
    await using theirs = await openBroker(`${server.url.replace("postgres@", "modest@")}?prefix=modest`);
    expect(await findings("snapshot", theirs)).toMatchObject([{ level: "info", hint: /pg_read_all_stats/ }]);
    await admin.query("grant pg_read_all_stats to modest");
    expect(await findings("snapshot", theirs)).toEqual([]);
  });

  it("finds a slot that keeps the log, and a standby that keeps what was deleted", async () => {
    const dir = mkdtempSync(join(runDir(), "standby-"));
    const identity = identityOf("postgres");
    giveTo(identity, dir);
    const binary = findBinary("pg_basebackup", versionFolders("/usr/lib/postgresql")) ?? "pg_basebackup";
    const target = ["-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres"];
    prepare({ binary, args: [...target, "-D", join(dir, "data"), "-R", "-c", "fast"], dir, identity });
    const standby = await SERVERS.postgres.start(dir, {
      settings: [...SETTINGS, "-c", "hot_standby_feedback=on", "-c", "wal_receiver_status_interval=1"],
    });
    const reader = new Client({ connectionString: standby.url });
    await reader.connect();
    await reader.query("begin isolation level repeatable read");
    await reader.query("select count(*) from pg_class");
    await eventually("the primary knows of it", async () => {
      const { rows } = await admin.query("select from pg_stat_replication where backend_xmin is not null");
      return rows.length > 0;
    });
    await admin.query(`do $$ begin for n in 1..100001 loop
      perform txid_current(); commit; end loop; end $$`);
    expect(await findings("snapshot")).toMatchObject([
      { level: "warning", message: /^the standby walreceiver needs what was deleted in the last \d{6} / },
    ]);
    await reader.end();
    await endServer(standby);

    await admin.query("select pg_create_physical_replication_slot('forgotten', true)");
    expect(await findings("replication")).toEqual([]);
    for (let segment = 0; segment < 65; segment++) {
      await admin.query("select pg_logical_emit_message(false, 'fill', '')");
      await admin.query("select pg_switch_wal()");
    }
    expect(await findings("replication")).toMatchObject([
      { level: "warning", message: /^the replication slot forgotten is not read, and keeps \d{4}/ },
    ]);
    await admin.query("select pg_drop_replication_slot('forgotten')");
  });
});
