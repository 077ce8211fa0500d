import { spawnSync } from "node:child_process";
import { existsSync, utimesSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ControlClient } from "../../src/control/client.ts";
import { findManagers } from "../../src/control/find.ts";
import { ControlServer, type OnRequest } from "../../src/control/server.ts";
import { eventually } from "../support/eventually.ts";

let directory: string;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "ganger-control-"));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(directory, { recursive: true });
});

async function listen(onRequest: OnRequest): Promise<string> {
  const server = await ControlServer.listen(directory, onRequest);
  closing.push(() => server[Symbol.asyncDispose]());
  return server.socket;
}

/** Listens as the manager with this process id would. */
async function listenAs(pid: number, sinceS: number): Promise<string> {
  const socket = join(directory, `manager-${pid}.sock`);
  const server: Server = createServer(() => undefined);
  await new Promise<void>((resolve) => {
    server.listen(socket, resolve);
  });
  closing.push(() => server.close());
  utimesSync(socket, sinceS, sinceS);
  return socket;
}

/** The socket of a process that was killed. */
function leaveSocket(): { readonly socket: string } {
  const program = `require("node:net").createServer().listen(process.argv[1] + "/manager-" + process.pid + ".sock",
    () => process.kill(process.pid, "SIGKILL"))`;
  const { pid } = spawnSync(process.execPath, ["-e", program, directory]);
  return { socket: join(directory, `manager-${pid}.sock`) };
}

describe("a question", () => {
  it("has notes on the way and one answer", async () => {
    const socket = await listen((_, connection) => {
      connection.send({ type: "note", text: "one" });
      connection.send({ type: "left", workers: {} });
      connection.send({ type: "note", text: "two" });
      connection.send({ type: "done" });
      connection.send({ type: "note", text: "too late" });
    });
    const notes: string[] = [];
    const onNote = (text: string) => void notes.push(text);

    expect(await ControlClient.ask(socket, { type: "restart" }, { onNote })).toEqual({ type: "done" });
    expect(notes).toEqual(["one", "two"]);
  });

  it("fails with what the manager failed with", async () => {
    const failure = { code: "GANGER_RELOAD_REFUSED", message: "not this", hint: "but that" };
    const socket = await listen((_, connection) => void connection.send({ type: "failed", failure }));

    await expect(ControlClient.ask(socket, { type: "restart" })).rejects.toMatchObject(failure);
  });

  it("of a newer manager may fail with a code that we do not know", async () => {
    const failure = { code: "GANGER_FROM_LATER", message: "oops" };
    const socket = await listen((_, connection) => void connection.send({ type: "failed", failure }));

    await expect(ControlClient.ask(socket, { type: "restart" })).rejects.toMatchObject({
      code: "GANGER_POOL_FAILED",
      message: "oops",
    });
  });

  it("fails when the manager goes, nobody is there, or it says nothing", async () => {
    const socket = await listen((request, connection) => {
      if (request.type === "stop") connection.close();
    });
    const code = "GANGER_CONTROL_FAILED";

    await expect(ControlClient.ask(socket, { type: "stop", how: "kill" })).rejects.toMatchObject({ code });
    await expect(ControlClient.ask(join(directory, "none"), { type: "status" })).rejects.toMatchObject({
      code,
    });
    await expect(ControlClient.ask(socket, { type: "status" }, { timeoutMs: 10 })).rejects.toMatchObject({
      code,
      message: expect.stringContaining("said nothing for 0.01 s"),
    });
  });
});

describe("a client", () => {
  it("gets all answers in order, also those that came before it looked", async () => {
    const socket = await listen((_, connection) => {
      for (let n = 0; n < 1000; n++) connection.send({ type: "note", text: String(n) });
      connection.close();
    });
    using client = await ControlClient.connect(socket);
    client.send({ type: "restart" });
    await client.closed;
    const texts: string[] = [];
    for await (const answer of client.answers()) if (answer.type === "note") texts.push(answer.text);

    expect(texts).toEqual(Array.from({ length: 1000 }, (_, n) => String(n)));
    await eventually("it cannot send any more", () => !client.send({ type: "restart" }));
  });
});

describe("the managers of a directory", () => {
  it("are those that listen, the newest first", async () => {
    await writeFile(join(directory, "manager-x.sock"), "");
    await writeFile(join(directory, "other"), "");
    const middle = await listenAs(10_000_002, 2000);
    const oldest = await listenAs(10_000_003, 1000);
    const newest = await listenAs(10_000_001, 3000);

    expect(await findManagers(directory)).toEqual([
      { pid: 10_000_001, socket: newest },
      { pid: 10_000_002, socket: middle },
      { pid: 10_000_003, socket: oldest },
    ]);
  });

  it("are none where there is no directory", async () => {
    expect(await findManagers(join(directory, "none"))).toEqual([]);
  });

  it("that were killed are forgotten, with their sockets", async () => {
    const { socket } = leaveSocket();
    expect(existsSync(socket)).toBe(true);

    expect(await findManagers(directory)).toEqual([]);
    expect(existsSync(socket)).toBe(false);
  });

  it("are left alone while they open their socket", async () => {
    const { socket } = leaveSocket();
    const young = join(directory, `manager-${process.pid}.sock`);
    spawnSync("mv", [socket, young]);

    expect(await findManagers(directory)).toEqual([]);
    expect(existsSync(young)).toBe(true);
    utimesSync(young, 1000, 1000);
    expect(await findManagers(directory)).toEqual([]);
    expect(existsSync(young)).toBe(false);
  });

  it("are asked nothing, and not disturbed", async () => {
    let requests = 0;
    const socket = await listen((_, connection) => {
      requests += 1;
      connection.send({ type: "done" });
    });
    await Promise.all(Array.from({ length: 50 }, () => findManagers(directory)));
    const idle = connect(socket);

    expect(await findManagers(directory)).toEqual([{ pid: process.pid, socket }]);
    expect(requests).toBe(0);
    idle.destroy();
  });
});
