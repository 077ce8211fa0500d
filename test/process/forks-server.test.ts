import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stateOf } from "../../src/util/proc-stat.ts";
import { apart, crunches, here, mutes, traces, tracesApart } from "../fixtures/jobs-forks/jobs.mjs";
import { eventually } from "../support/eventually.ts";
import { ForkPool } from "../support/fork-pool.ts";
import { childrenOf, kill } from "../support/test-pool.ts";

/** Connects again and again, as workers do whose server is gone, and stays as long as it is let. */
function knock(path: string) {
  const sockets = new Set<Socket>();
  const timer = setInterval(() => {
    const socket = connect(path).on("error", () => sockets.delete(socket));
    sockets.add(socket);
  }, 2);
  return {
    end() {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}

interface Where {
  readonly pid: number;
  readonly ppid: number;
}

describe("a fork server that dies", () => {
  it("leaves its workers and their jobs at work, and is started again", async () => {
    await using forks = await ForkPool.start({ workers: { work: { count: 1, concurrency: 3 } } }, 1);
    const { client } = forks.pool;
    const [server, worker] = [await forks.server(), await forks.worker()];
    const file = forks.file("trace");
    const ids = [
      await client.enqueue(traces, { file, ms: 1500 }),
      await client.enqueue(tracesApart, { file, ms: 1500 }),
    ];
    await forks.wrote("trace", 2);

    kill(server);
    const between = await client.enqueue(apart, null);
    const { pid } = await forks.result<Where>(between);
    expect(pid).not.toBe(worker);
    const next = await forks.server(server);
    for (const id of ids) expect(await forks.finished(id)).toMatchObject({ state: "completed", crashes: 0 });
    expect(forks.lines("trace")).toHaveLength(4);
    expect((await forks.result<Where>(await client.enqueue(apart, null))).ppid).toBe(next);
    expect(await forks.worker()).toBe(worker);
    expect(forks.pool.log).toMatch(/the fork server ended reason="?SIGKILL/);
  });

  it("leaves workers whose end is noticed, and who are forked from the next one", async () => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
    const [server, worker] = [await forks.server(), await forks.worker()];
    kill(server);
    const next = await forks.server(server);
    const id = await forks.pool.client.enqueue(traces, { file: forks.file("trace"), ms: 600_000 });
    await forks.wrote("trace");

    kill(worker);
    const other = await forks.worker(worker);

    expect(childrenOf(next)).toContain(other);
    await forks.wrote("trace", 2);
    expect((await forks.pool.client.broker.inspect?.find(id))?.crashes).toBe(1);
    expect(childrenOf(forks.pool.managerPid)).not.toContain(worker);
  });

  it("costs a clean stop nothing: those who were left behind say how they end", async () => {
    await using forks = await ForkPool.start({ workers: { work: 2 } }, 2);
    const server = await forks.server();
    const id = await forks.pool.client.enqueue(traces, { file: forks.file("trace"), ms: 500 });
    await forks.wrote("trace");
    kill(server);
    await forks.server(server);

    forks.pool.signal("SIGQUIT");

    expect(await forks.pool.ended()).toBe(0);
    expect((await forks.pool.client.broker.inspect?.find(id))?.state).toBe("completed");
    await forks.isGone();
  });

  it("is killed and replaced when it is stopped: neither workers nor jobs wait for it", async () => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
    const [server, worker] = [await forks.server(), await forks.worker()];
    process.kill(server, "SIGSTOP");

    const id = await forks.pool.client.enqueue(apart, null);
    expect((await forks.finished(id)).state).toBe("completed");
    await forks.server(server);
    kill(worker);
    await forks.worker(worker);
    expect((await forks.result<Where>(await forks.pool.client.enqueue(here, null))).pid).not.toBe(worker);
    expect(forks.pool.log).toContain("it did not answer, and was killed");
  });

  it("is replaced by one that is soon ready, however many try to reach it meanwhile", async () => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
    const before = await forks.server();
    const name = forks.files().find((each) => each.startsWith("forks-")) ?? "";
    const tries = knock(join(forks.directory, name));

    kill(before);
    try {
      expect(await forks.server(before)).not.toBe(before);
    } finally {
      tries.end();
    }
  });

  it("loses no worker that died while it was stopped", async () => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
    const [server, worker] = [await forks.server(), await forks.worker()];
    process.kill(server, "SIGSTOP");
    kill(worker);

    expect(await forks.worker(worker)).not.toBe(worker);
    expect((await forks.result<Where>(await forks.pool.client.enqueue(here, null))).pid).not.toBe(worker);
  });
});

describe("a job in a process of its own", () => {
  it("crashes when it can be heard no more", async () => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);

    const { state, crashes } = await forks.finished(await forks.pool.client.enqueue(mutes, null));

    expect({ state, crashes }).toEqual({ state: "failed", crashes: 1 });
    expect(forks.pool.log).toMatch(
      /warn: job crashed what it ran in job=\d+ kind=mutes detail="with SIGKILL"/,
    );
    expect(childrenOf(await forks.server())).toEqual([await forks.worker()]);
  });

  it("keeps its claim however long it blocks its event loop", async () => {
    const heartbeat = { every: "500ms", ttl: "2s" };
    await using forks = await ForkPool.start({ workers: { work: 1 }, heartbeat }, 1);
    const id = await forks.pool.client.enqueue(crunches, { file: forks.file("trace"), ms: 6000 });

    expect(await forks.finished(id)).toMatchObject({ state: "completed", crashes: 0, interruptions: 0 });
    expect(forks.lines("trace")).toHaveLength(1);
  });

  it.each([
    ["waits", tracesApart],
    ["keeps its event loop busy", crunches],
  ])("is gone as soon as its worker is, and runs again, when it %s", async (_, definition) => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
    const worker = await forks.worker();
    const file = forks.file("trace");
    await forks.pool.client.enqueue(definition, { file, ms: 20_000 });
    const [first = ""] = await forks.wrote("trace");
    const job = Number(first.split(" ").at(-1));

    kill(worker);

    await eventually("its process is gone", () => stateOf(job) === undefined);
    await forks.wrote("trace", 2);
  });
});
