import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ControlClient } from "../../src/control/client.ts";
import type { ControlConnection } from "../../src/control/connection.ts";
import type { ControlRequest } from "../../src/control/messages.ts";
import { ControlServer, type OnRequest } from "../../src/control/server.ts";
import { eventually } from "../support/eventually.ts";

let directory: string;
const servers: ControlServer[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ganger-control-"));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server[Symbol.asyncDispose]()));
  await rm(directory, { recursive: true });
});

async function listen(onRequest: OnRequest = (_, connection) => void connection.send({ type: "done" })) {
  const server = await ControlServer.listen(directory, onRequest);
  servers.push(server);
  return server;
}

/** A client without manners: what it writes is up to the test, and what it was told is kept. */
async function rude(socket: string) {
  const client: Socket = connect(socket);
  client.setEncoding("utf8");
  let heard = "";
  client.on("data", (text: string) => (heard += text));
  client.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => {
    client.once("close", () => resolve());
  });
  await new Promise<void>((resolve) => {
    client.once("connect", resolve);
  });
  return { client, closed, heard: () => heard };
}

describe("the socket of a manager", () => {
  it("has its process id, is for its user alone, and goes with it", async () => {
    const inner = join(directory, "new", "folder");
    const server = await ControlServer.listen(inner, () => undefined);

    expect(server.socket).toBe(join(inner, `manager-${process.pid}.sock`));
    expect(statSync(server.socket).mode & 0o777).toBe(0o600);
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    await server[Symbol.asyncDispose]();
    expect(statSync(server.socket, { throwIfNoEntry: false })).toBeUndefined();
  });

  it("must not have a path that the kernel cuts off", async () => {
    const long = join(directory, "x".repeat(100));

    await expect(ControlServer.listen(long, () => undefined)).rejects.toMatchObject({
      code: "GANGER_CONTROL_FAILED",
      message: expect.stringContaining("may have 100"),
    });
    await expect(ControlClient.connect(join(long, "manager-1.sock"))).rejects.toMatchObject({
      code: "GANGER_CONTROL_FAILED",
    });
  });

  it("is not taken from another process that listens there", async () => {
    const server = await listen();

    await expect(ControlServer.listen(directory, () => undefined)).rejects.toMatchObject({
      code: "GANGER_CONTROL_FAILED",
      message: expect.stringContaining("another process listens there"),
    });
    expect(await ControlClient.ask(server.socket, { type: "restart" })).toEqual({ type: "done" });
  });

  it("cannot be where no folder can be", async () => {
    await expect(ControlServer.listen("/dev/null/x", () => undefined)).rejects.toMatchObject({
      code: "GANGER_CONTROL_FAILED",
    });
  });
});

describe("a conversation", () => {
  it("is had by several clients at once", async () => {
    const waiting: ControlConnection[] = [];
    const { socket } = await listen((_, connection) => void waiting.push(connection));
    const asked = Array.from({ length: 20 }, async () => ControlClient.ask(socket, { type: "restart" }));
    await eventually("all have asked", () => waiting.length === 20);
    for (const connection of waiting) connection.send({ type: "done" });

    expect(await Promise.all(asked)).toEqual(Array.from({ length: 20 }, () => ({ type: "done" })));
  });

  it.each<ControlRequest>([
    { type: "status" },
    { type: "reload", all: true },
    { type: "restart" },
    { type: "stop", how: "kill" },
  ])("hands over the request %j without what else was in it", async (request) => {
    const requests: ControlRequest[] = [];
    const { socket } = await listen((given, connection) => {
      requests.push(given);
      connection.send({ type: "done" });
    });
    const { client, heard } = await rude(socket);
    client.write(`${JSON.stringify({ ...request, extra: 1 })}\n`);

    await eventually("it was answered", () => heard() === '{"type":"done"}\n');
    expect(requests).toEqual([request]);
    client.destroy();
  });

  it("of a handover has several requests, and tells when the other end is gone", async () => {
    const requests: string[] = [];
    let gone = false;
    const { socket } = await listen((request, connection) => {
      requests.push(request.type);
      if (request.type === "handover") void connection.closed.then(() => (gone = true));
      connection.send({ type: "left", workers: { mail: 2 } });
    });
    const client = await ControlClient.connect(socket);
    client.send({ type: "handover", pid: process.pid });
    client.send({ type: "yield", queues: "mail", to: 1 });
    client.send({ type: "commit" });
    await eventually("all have come", () => requests.length === 3);
    expect(gone).toBe(false);
    client[Symbol.dispose]();

    await eventually("the server noticed", () => gone);
    expect(requests).toEqual(["handover", "yield", "commit"]);
  });

  it("is answered when the handler throws", async () => {
    const { socket } = await listen(() => {
      throw new TypeError("oops");
    });

    await expect(ControlClient.ask(socket, { type: "status" })).rejects.toMatchObject({
      code: "GANGER_POOL_FAILED",
      message: expect.stringContaining("oops"),
    });
  });
});

describe("a client that misbehaves", () => {
  it.each([
    "GET / HTTP/1.1",
    "{}",
    "[]",
    '{"type":"explode"}',
    '{"type":"reload"}',
    '{"type":"stop","how":"softly"}',
    '{"type":"handover","pid":0.5}',
    '{"type":"yield","queues":"mail","to":1}',
    '{"type":"commit"}',
    '{"type":"status"}\n{"type":"status"}',
    '{"type":"handover","pid":1}\n{"type":"yield","queues":"","to":1}',
    '{"type":"handover","pid":1}\n{"type":"yield","queues":"mail","to":-1}',
  ])("by saying %j is told so, and cut off", async (text) => {
    const { socket } = await listen(() => undefined);
    const { client, closed, heard } = await rude(socket);
    client.write(`${text}\n`);
    await closed;

    const answer: unknown = JSON.parse(heard());
    expect(answer).toMatchObject({ type: "failed", failure: { code: "GANGER_OPTION_INVALID" } });
  });

  it("is heard no more after that", async () => {
    const requests: string[] = [];
    const { socket } = await listen(({ type }) => void requests.push(type));
    const { client, closed } = await rude(socket);
    client.write('{"type":"explode"}\n{"type":"restart"}\n');
    await closed;

    expect(requests).toEqual([]);
  });

  it("by saying more than 64 KiB is cut off, in one line or without an end", async () => {
    const requests: string[] = [];
    const { socket } = await listen(({ type }) => void requests.push(type));
    for (const end of ["\n", ""]) {
      const { client, closed } = await rude(socket);
      client.write(`{"type":"restart","x":"${"x".repeat(64 * 1024)}"}${end}`);
      await closed;
    }

    expect(requests).toEqual([]);
    expect(await rude(socket)).toBeDefined();
  });

  it("by not reading is dropped, and holds up nobody else", async () => {
    let slow: ControlConnection | undefined;
    const { socket } = await listen((request, connection) => {
      if (request.type === "restart") slow = connection;
      else connection.send({ type: "done" });
    });
    const { client } = await rude(socket);
    client.pause();
    client.write('{"type":"restart"}\n');
    const connection = await eventually("it has asked", () => slow);
    const note = { type: "note", text: "x".repeat(100_000) } as const;
    let sent = 0;
    while (sent < 1000 && connection.send(note)) sent += 1;

    expect(sent).toBeGreaterThan(30);
    expect(sent).toBeLessThan(100);
    await connection.closed;
    expect(connection.send(note)).toBe(false);
    expect(await ControlClient.ask(socket, { type: "reload", all: false })).toEqual({ type: "done" });
    client.destroy();
  });

  it("by never reading does not keep the server from closing", async () => {
    let slow: ControlConnection | undefined;
    const server = await listen((_, connection) => (slow = connection));
    const { client } = await rude(server.socket);
    client.pause();
    client.end('{"type":"restart"}\n');
    const connection = await eventually("it has asked", () => slow);
    connection.send({ type: "note", text: "x".repeat(2_000_000) });

    await servers.pop()?.[Symbol.asyncDispose]();
    expect(connection.send({ type: "done" })).toBe(false);
    client.destroy();
  });
});

describe("an end of the server", () => {
  it("comes after what was said last", async () => {
    const { socket } = await listen((_, connection) => {
      connection.send({ type: "note", text: "x".repeat(1_000_000) });
      connection.send({ type: "done" });
      void servers.pop()?.[Symbol.asyncDispose]();
    });
    const notes: number[] = [];
    const onNote = (text: string) => void notes.push(text.length);

    expect(await ControlClient.ask(socket, { type: "restart" }, { onNote })).toEqual({ type: "done" });
    expect(notes).toEqual([1_000_000]);
  });
});
