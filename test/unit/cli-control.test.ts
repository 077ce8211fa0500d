import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { ControlConnection } from "../../src/control/connection.ts";
import type { ControlAnswer, ControlRequest, PoolStatus } from "../../src/control/messages.ts";
import { ControlServer, type OnRequest } from "../../src/control/server.ts";
import { type AppIdentity, appDirectory } from "../../src/pool/process/app-directory.ts";
import { CliFolder } from "../support/cli.ts";

let folder: CliFolder;
const servers: ControlServer[] = [];

beforeEach(async () => {
  folder = await CliFolder.create();
  // Where managers leave their sockets.
  vi.stubEnv("TMPDIR", folder.path);
  folder.env = { GANGER_APP: "shop" };
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map(close));
  vi.unstubAllEnvs();
  await folder[Symbol.asyncDispose]();
});

async function close(server: ControlServer): Promise<void> {
  await server[Symbol.asyncDispose]();
}

/** A manager that says what the test says, and keeps what it was asked. */
async function manage(script: OnRequest, identity: Partial<AppIdentity> = {}) {
  const directory = appDirectory({ app: "shop", broker: folder.url, ...identity });
  const requests: ControlRequest[] = [];
  const server = await ControlServer.listen(directory, (request, connection) => {
    requests.push(request);
    script(request, connection);
  });
  servers.push(server);
  return { requests, server };
}

/** Says these things and ends the conversation. */
function saying(...answers: readonly ControlAnswer[]): OnRequest {
  return (_, connection) => {
    for (const answer of answers) connection.send(answer);
    connection.close();
  };
}

/** Ends as a manager does: the conversation, then the socket. */
function ending(_: ControlRequest, connection: ControlConnection): void {
  connection.send({ type: "note", text: "draining" });
  connection.send(DONE);
  connection.close();
  for (const server of servers.splice(0)) void close(server);
}

const NOTE = { type: "note", text: "replaced worker 1 \u001B[2J" } as const;
const DONE = { type: "done" } as const;
const FAILURE = { code: "GANGER_RELOAD_REFUSED", message: "The broker cannot change", hint: "Start anew." };

const STATUS: PoolStatus = {
  app: "shop",
  environment: "development",
  file: undefined,
  pid: 4242,
  startedAtMs: 0,
  state: "running",
  coordinator: undefined,
  groups: [],
  events: [],
};

describe.each([
  [["reload"], { type: "reload", all: false }, "reloaded"],
  [["reload", "--restart-all"], { type: "reload", all: true }, "reloaded"],
  [["restart", "--rolling"], { type: "restart" }, "restarted"],
])("%j", (argv, request, done) => {
  it("asks the manager, and prints how it goes", async () => {
    const { requests } = await manage(saying(NOTE, DONE));
    const { code, out, err } = await folder.runOnStore(...argv);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toBe(`replaced worker 1 \uFFFD[2J\n${done} the pool (manager ${process.pid})\n`);
    expect(requests).toEqual([request]);
  });

  it("prints one document with --json", async () => {
    await manage(saying(NOTE, DONE));
    const { out } = await folder.runOnStore(...argv, "--json");

    expect(JSON.parse(out)).toEqual({ pid: process.pid, [done]: true, notes: [NOTE.text] });
  });

  it("fails as the manager does", async () => {
    await manage(saying(NOTE, { type: "failed", failure: FAILURE }));
    const { code, out, err } = await folder.runOnStore(...argv);

    expect({ code, err }).toEqual({
      code: 1,
      err: "The broker cannot change\nStart anew.\n[GANGER_RELOAD_REFUSED]\n",
    });
    expect(out).toMatch(/^replaced worker 1 .*\n$/);
  });

  it("fails when the manager goes away", async () => {
    await manage(saying(NOTE));

    expect(await folder.runOnStore(...argv)).toMatchObject({
      code: 1,
      err: expect.stringContaining("[GANGER_CONTROL_FAILED]"),
    });
  });
});

describe("stop", () => {
  it.each<readonly [readonly string[], string]>([
    [["stop"], "graceful-wait"],
    [["stop", "--now"], "immediate"],
    [["stop", "--kill"], "kill"],
  ])("%j waits until the manager is gone", async (argv, how) => {
    const { requests } = await manage(ending);
    const { code, out, err } = await folder.runOnStore(...argv);

    expect({ code, out, err }).toEqual({
      code: 0,
      out: `draining\nstopped the pool (manager ${process.pid})\n`,
      err: "",
    });
    expect(requests).toEqual([{ type: "stop", how }]);
  });

  it("counts a manager that ended without a word as gone", async () => {
    await manage(() => {
      for (const server of servers.splice(0)) void close(server);
    });

    expect(await folder.runOnStore("stop", "--kill", "--json")).toMatchObject({
      code: 0,
      out: expect.stringContaining('"stopped": true'),
    });
  });

  it("says that the manager says nothing, as one does that is stopped", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    await manage((request, connection) => {
      vi.advanceTimersByTime(5000);
      ending(request, connection);
    });

    expect((await folder.runOnStore("stop")).err).toMatch(
      /^Manager \d+ has said nothing for 5 s; waiting on/,
    );
  });

  it("does not wait when told so", async () => {
    await manage((_, connection) => void connection.send({ type: "note", text: "draining" }));
    const { code, out } = await folder.runOnStore("stop", "--no-wait");

    expect({ code, out }).toEqual({
      code: 0,
      out: `draining\nthe pool is stopping (manager ${process.pid})\n`,
    });
  });

  it("says when the manager has stayed", async () => {
    await manage((_, connection) => connection.close());

    expect(await folder.runOnStore("stop")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/is still there\n.*\n\[GANGER_CONTROL_FAILED\]/),
    });
  });

  it("fails as the manager does", async () => {
    await manage(saying({ type: "failed", failure: FAILURE }));

    expect((await folder.runOnStore("stop")).err).toContain("[GANGER_RELOAD_REFUSED]");
  });
});

describe("without a manager", () => {
  it.each([[["reload"]], [["restart", "--rolling"]], [["stop"]]])("%j says what to do", async (argv) => {
    const { code, out, err } = await folder.runOnStore(...argv);

    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(
      /^No pool of shop is running here\nStart it: ganger start\..*\n\[GANGER_POOL_MISSING\]\n$/,
    );
  });

  it.skipIf(process.getuid?.() !== 0)("of this user, it names the user who has one", async () => {
    const program =
      "process.title = 'ganger[shop]: manager managing []'; console.log(); setInterval(() => {}, 1000)";
    // A title has as much room as the command line had.
    const child = spawn(process.execPath, ["-e", program.padEnd(200)], {
      uid: 65_534,
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    const { code, err } = await folder.runOnStore("stop");

    expect(code).toBe(1);
    expect(err).toBe(
      `No pool of shop is running here as this user, but one of the user nobody is (manager ${child.pid})\n` +
        "Run this command as nobody.\n[GANGER_POOL_MISSING]\n",
    );
  });

  it("of this process id, it says where to look", async () => {
    await manage(saying(DONE));
    const { err } = await folder.runOnStore("reload", "--pid", "9999999");

    expect(err).toMatch(
      /^No pool of shop is running here with the process id 9999999\nSee .*ganger status\./,
    );
    expect((await folder.runOnStore("reload", "--pid", String(process.pid))).code).toBe(0);
  });
});

describe("a manager is found", () => {
  it("by the name of its pool only", async () => {
    await manage(saying(DONE), { app: "other" });

    expect((await folder.runOnStore("reload")).err).toContain("[GANGER_POOL_MISSING]");
    expect((await folder.runOnStore("reload", "--app", "other")).code).toBe(0);
  });

  it("by its pidfile, where it was started with one", async () => {
    await manage(saying(DONE), { pidfile: resolve(folder.path, "own.pid") });

    expect((await folder.runOnStore("reload")).err).toContain("[GANGER_POOL_MISSING]");
    expect((await folder.runOnStore("reload", "-p", "own.pid")).code).toBe(0);
    folder.env = { ...folder.env, GANGER_PIDFILE: "own.pid" };
    expect((await folder.runOnStore("reload")).code).toBe(0);
  });

  it("in the background without more ado", async () => {
    await manage(saying(DONE), { pidfile: resolve(folder.path, "tmp/pids/ganger.pid") });

    expect((await folder.runOnStore("reload")).code).toBe(0);
  });

  it("where several are: the newest, and the others are named", async () => {
    await manage(saying(DONE));
    await manage(saying(DONE), { pidfile: resolve(folder.path, "tmp/pids/ganger.pid") });
    const { code, err } = await folder.runOnStore("reload");

    expect(code).toBe(0);
    expect(err).toBe(`This pool has several managers: ${process.pid} is the newest, then ${process.pid}.\n`);
  });
});

describe("status", () => {
  it("shows the pool above the queues", async () => {
    const { requests } = await manage(saying({ type: "status", status: STATUS }));
    const { code, out } = await folder.runOnStore("status");

    expect(code).toBe(0);
    expect(out).toMatch(
      /^pool {2}shop \(development\), running, manager 4242 .*\n\nthe pool is empty\n\nbroker /,
    );
    expect(requests).toEqual([{ type: "status" }]);
  });

  it("has the pools in its document", async () => {
    await manage(saying({ type: "status", status: STATUS }));
    const { out } = await folder.runOnStore("status", "--json");

    expect(JSON.parse(out)).toMatchObject({ pools: [JSON.parse(JSON.stringify(STATUS))], queues: [] });
  });

  it("has none where none runs", async () => {
    const { code, out, err } = await folder.runOnStore("status", "--json");

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toMatchObject({ pools: [], queues: [], workers: [] });
  });

  it("tells of a manager that cannot answer, and shows the rest", async () => {
    await manage(saying({ type: "failed", failure: { message: "oops" } }));
    const { code, out } = await folder.runOnStore("status");
    const json = await folder.runOnStore("status", "--json");

    expect([code, json.code]).toEqual([1, 1]);
    expect(out).toMatch(new RegExp(`^Manager ${process.pid}: oops\n\nbroker `));
    expect(JSON.parse(json.out)).toMatchObject({
      pools: [],
      silent: [{ pid: process.pid, reason: "oops" }],
    });
  });
});
