import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { describeFork } from "./support/available.ts";
import { descriptorCount, endAll, inParallel, request, startServer, zombiesOf } from "./support/server.ts";

afterEach(endAll);

const pidOf = (server: { process: { pid?: number | undefined } }) => server.process.pid ?? 0;

describeFork("the server", () => {
  test("reports each end once, to who asked, with 200 children at a time", async () => {
    const server = await startServer();
    const other = await server.connect();
    const ends: string[] = [];
    await inParallel(400, 200, async (turn) => {
      const client = turn % 2 === 0 ? server.client : other;
      const wanted = turn % 3 === 0 ? { signal: "SIGKILL" } : { code: turn % 200 };
      const child = await client.fork(request("exitWith", wanted));
      const { code, signal, lost } = await child.exited;
      ends.push(`${turn}`);
      expect({ code, signal, lost }).toEqual({
        code: wanted.code ?? null,
        signal: wanted.signal ?? null,
        lost: false,
      });
    });
    expect(new Set(ends).size).toBe(400);
    expect(zombiesOf(pidOf(server))).toBe(0);
  });

  test("sends one frame for a pid and one for an end, seen from the socket", async () => {
    const server = await startServer();
    const socket = connect(server.path);
    let bytes = Buffer.alloc(0);
    socket.on("data", (more: Buffer) => (bytes = Buffer.concat([bytes, more])));
    // F, id 5, attached, no death signal, streams, no directory, no sockets, no settings, "{}": in two pieces.
    socket.write(Buffer.from([0, 0, 0, 23, 0x46, 0, 0]));
    socket.write(Buffer.from("\0\x05\0\0\0\0\0\x000ii\0\0\0\0\0\0\0{}", "latin1"));
    await expect.poll(() => bytes.length).toBe(13 + 17);
    await server.client.fork("{}").then(({ exited }) => exited);
    expect([bytes.length, bytes.toString("latin1", 4, 5), bytes.toString("latin1", 17, 18)]).toEqual([
      30,
      "P",
      "X",
    ]);
    expect(bytes.readInt32BE(22)).toBe(0);
    socket.destroy();
  });

  test("goes on when a client goes away, and so do the client's children", async () => {
    const server = await startServer();
    const leaving = await server.connect();
    // A connection is answered before it is accepted; after a fork both are.
    await server.client.fork("{}").then(({ exited }) => exited);
    const child = await leaving.fork(request("waitFor", { ms: 300 }));
    const before = descriptorCount(pidOf(server));
    leaving.close();
    await leaving.closed;
    expect(await child.exited).toEqual({ code: null, signal: null, lost: true });
    expect(existsSync(`/proc/${child.pid}`)).toBe(true);
    await expect.poll(() => existsSync(`/proc/${child.pid}`)).toBe(false);
    await expect.poll(() => descriptorCount(pidOf(server))).toBe(before - 1);
    expect(await server.client.fork("{}").then(({ exited }) => exited)).toMatchObject({ code: 0 });
  });

  test("refuses a request beyond its limit and serves the same client on", async () => {
    const server = await startServer({ options: { maxRequestBytes: 1_000 } });
    const big = server.client.fork(request("nothing", { filling: "x".repeat(300_000) }));
    await expect(big).rejects.toMatchObject({ code: "GANGER_FORK_REFUSED", syscallCode: "EMSGSIZE" });
    expect(await server.client.fork("{}").then(({ exited }) => exited)).toMatchObject({ code: 0 });
  });

  test("answers what it cannot read, and drops a client that speaks no frames", async () => {
    const server = await startServer();
    const socket = connect(server.path);
    socket.write(Buffer.from([0, 0, 0, 5, 0x3f, 0, 0, 0, 9]));
    const [answer] = await once(socket, "data");
    expect(answer.toString("latin1", 4, 5)).toBe("E");
    socket.write(Buffer.from([0, 0, 0, 6, 0x46, 0, 0, 0, 9, 0]));
    const [second] = await once(socket, "data");
    expect(second.toString("latin1", 4, 5)).toBe("E");
    socket.write(Buffer.alloc(20));
    await once(socket, "close");
    expect(await server.client.fork("{}").then(({ exited }) => exited)).toMatchObject({ code: 0 });
  });

  test.each(["shutdown", "SIGTERM", "life-line"])(
    "ends by %s after its last child and refuses meanwhile",
    async (way) => {
      const server = await startServer();
      const child = await server.client.fork(request("waitFor", { ms: 400 }));
      if (way === "shutdown") await server.client.shutdown();
      else if (way === "SIGTERM") server.process.kill("SIGTERM");
      else server.process.stdio[3]?.destroy();
      const refusal = async () => {
        try {
          return (await server.client.fork("{}")).pid;
        } catch (error) {
          return (error as { syscallCode?: string }).syscallCode;
        }
      };
      await expect.poll(refusal).toBe("ESHUTDOWN");
      expect(server.process.exitCode).toBe(null);
      expect(await child.exited).toEqual({ code: 0, signal: null, lost: false });
      expect(await server.exited).toEqual([0, null]);
      expect(existsSync(server.path)).toBe(false);
    },
  );

  test("leaves its children alone when it is killed, and the next one takes its socket over", async () => {
    const server = await startServer();
    const child = await server.client.fork(request("waitFor", { ms: 300 }));
    server.process.kill("SIGKILL");
    expect(await child.exited).toMatchObject({ lost: true });
    await expect(server.client.fork("{}")).rejects.toMatchObject({ code: "GANGER_FORK_SERVER_GONE" });
    expect(existsSync(`/proc/${child.pid}`)).toBe(true);
    const next = await startServer({ path: server.path });
    expect(await next.client.fork("{}").then(({ exited }) => exited)).toMatchObject({ code: 0 });
  });

  test("has a socket for its owner only", async () => {
    const server = await startServer();
    expect(statSync(server.path).mode & 0o777).toBe(0o600);
  });
});
