import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, defineJob, Worker } from "ganger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { runDir } from "../support/run-dir.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { answers, findBinary, freePort, giveTo, identityOf } from "../support/servers/server.ts";
import { SERVERS } from "../support/services.ts";

const bouncer = findBinary("pgbouncer");

describe.skipIf(bouncer === undefined || SERVERS.postgres.binary() === undefined)(
  "PgBouncer in transaction mode",
  () => {
    let server: PrivateServer;
    let end: () => Promise<void>;
    let url: string;

    beforeAll(async () => {
      server = await PrivateServer.start(SERVERS.postgres, ["-c", "fsync=off"]);
      const started = await startBouncer(server.port);
      url = started.url;
      end = () => started.end();
    });

    afterAll(async () => {
      await end();
      await server[Symbol.asyncDispose]();
    });

    it("is found out, and served by polling", async () => {
      await using client = await connect(url);
      const findings = (await client.broker.maintenance?.doctor()) ?? [];

      expect(findings.filter(({ level }) => level === "error")).toEqual([]);
      expect(findings.find(({ check }) => check === "wake")?.message).toContain("poll");
    });

    it("carries jobs, of several workers on fewer connections than they have", async () => {
      const ran = new Set<string>();
      const job = defineJob({
        name: "count",
        queue: "work",
        async perform(_: { n: number }, { id }) {
          ran.add(id);
        },
      });
      await using client = await connect(url);
      await using other = await connect(url);
      const workers = [client, other].map(
        ({ broker }) => new Worker(broker, [job], { queues: "work", concurrency: 5 }),
      );
      const warnings: Error[] = [];
      const onWarning = (warning: Error) => warning.name === "GangerWarning" && warnings.push(warning);
      process.on("warning", onWarning);
      await Promise.all(workers.map((worker) => worker.start()));
      const ids = await client.enqueueMany(
        job,
        Array.from({ length: 2000 }, (_, n) => ({ n })),
      );
      await eventually("all ran", () => ran.size === ids.length);
      const late = await client.enqueue(job, { n: -1 });

      await eventually("a job of an idle worker ran", () => ran.has(late), 2000);
      await Promise.all(workers.map((worker) => worker.drain()));
      expect((await client.broker.inspect?.queues())?.[0]?.counts).toMatchObject({
        completed: 2001,
        running: 0,
      });
      process.off("warning", onWarning);
      expect(warnings).toMatchObject([
        { name: "GangerWarning", message: expect.stringContaining("idle workers poll") },
      ]);
    });
  },
);

/** One in front of a server, with fewer connections to it than are made through it. */
async function startBouncer(target: number) {
  const port = await freePort();
  const dir = mkdtempSync(join(runDir(), "pgbouncer-"));
  const identity = identityOf("postgres");
  writeFileSync(join(dir, "users.txt"), '"postgres" ""\n');
  const config = `[databases]
* = host=127.0.0.1 port=${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(dir, "users.txt")}
pool_mode = transaction
default_pool_size = 3
`;
  writeFileSync(join(dir, "pgbouncer.ini"), config);
  giveTo(identity, dir);
  const child = spawn(bouncer ?? "pgbouncer", [join(dir, "pgbouncer.ini")], {
    ...identity,
    cwd: dir,
    stdio: "ignore",
  });
  await eventually("PgBouncer lets us in", () => answers(SERVERS.postgres, port));
  return {
    url: SERVERS.postgres.url(port),
    async end() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}
