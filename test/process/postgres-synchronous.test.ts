import { expect, it } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import { eventually } from "../support/eventually.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { SERVERS } from "../support/services.ts";

const SETTINGS = ["-c", "wal_writer_delay=10s"];
const job = { queue: "q", name: "task", payload: "1" };

async function restart(server: PrivateServer): Promise<void> {
  await server.kill();
  await eventually("the server starts", () =>
    server.start(SETTINGS).then(
      () => true,
      () => false,
    ),
  );
}

it.skipIf(SERVERS.postgres.binary() === undefined)(
  "synchronous=off may repeat what ended before the server died, and loses no job that was accepted",
  async () => {
    await using server = await PrivateServer.start(SERVERS.postgres, SETTINGS);
    const url = `${server.url}?synchronous=off`;
    const broker = await openBroker(url);
    const ids = [...(await broker.enqueue(Array.from({ length: 20 }, () => job)))];
    await broker.heartbeat([{ holder: "h", queues: "q" }], 60_000);
    const claims = await broker.claim({ holder: "h", queues: ["q"], limit: 10 });
    const { settled } = await broker.settle(
      claims.map(({ id, token }) => ({ id, token, kind: "completed" as const })),
    );
    expect(settled).toEqual(Array.from({ length: 10 }, () => true));
    await restart(server);
    await broker[Symbol.asyncDispose]();

    const second = await openBroker(url);
    // The first commit of some time wakes whoever writes the log: what follows it is what may be lost.
    for (let call = 0; call < 5; call++) ids.push(...(await second.enqueue([job])));
    await restart(server);
    await second[Symbol.asyncDispose]();

    await using after = await openBroker(url);
    const jobs = (await after.inspect?.list({ limit: 100 })) ?? [];
    expect(jobs.map(({ id }) => id).sort()).toEqual(ids.sort());
    expect(jobs.filter(({ state }) => state === "completed")).toEqual([]);
  },
);
