import { existsSync, mkdirSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { ForkOptions } from "../lib/index.js";
import { describeFork } from "./support/available.ts";
import { endAll, request, type Started, startServer } from "./support/server.ts";

const listeners: Server[] = [];

afterEach(async () => {
  await endAll();
  for (const listener of listeners.splice(0)) listener.close();
});

/** Listens for the sockets of children; `texts` is what came by each, its hello first. */
function listen(path: string) {
  const sockets: Socket[] = [];
  const texts: string[] = [];
  const server = createServer((socket) => {
    const at = sockets.push(socket) - 1;
    texts[at] = "";
    socket.on("data", (bytes) => {
      texts[at] += bytes.toString();
    });
  });
  listeners.push(server.listen(path));
  return { sockets, texts };
}

async function order(server: Started, options: ForkOptions) {
  const path = join(server.dir, "links.sock");
  const { sockets, texts } = listen(path);
  const names = ["ORDERED", "TAKEN_AWAY", "LEFT"];
  const targets = [{ socket: path, hello: "link\n" }, { socket: path }];
  const child = await server.client.fork(request("sayWhatIsOrdered", { names }), {
    ...options,
    sockets: targets,
  });
  await expect.poll(() => texts[0]).toMatch(/\}\n$/);
  const [hello, line = ""] = texts[0]?.split("\n") ?? [];
  return { child, hello, told: JSON.parse(line), end: () => sockets.forEach((socket) => socket.destroy()) };
}

describeFork("a fork", () => {
  test("has the sockets, variables, directory and title of its order", async () => {
    process.env["TAKEN_AWAY"] = process.env["LEFT"] = "the server's";
    const server = await startServer();
    const cwd = join(server.dir, "workplace");
    mkdirSync(cwd);
    const env = { ORDERED: "a value", TAKEN_AWAY: undefined };
    const { child, hello, told, end } = await order(server, { env, cwd, title: "a worker" });
    expect(hello).toBe("link");
    expect(told).toMatchObject({
      variables: ["a value", null, "the server's"],
      directory: cwd,
      title: "a worker",
      others: 1,
    });
    end();
    expect(await child.exited).toMatchObject({ code: 0 });
  });

  test.each([["group"], ["session"], [undefined]] as const)(
    "detached by %s is reached by a kill of its group",
    async (detached) => {
      const server = await startServer();
      const { child, told } = await order(server, { detached });
      expect(told.ids.group === child.pid).toBe(detached !== undefined);
      expect(told.ids.session === child.pid).toBe(detached === "session");
      expect(await child.kill("SIGKILL", { group: true })).toBe(true);
      expect(await child.exited).toMatchObject({ signal: "SIGKILL" });
      expect(await server.client.fork("{}").then(({ exited }) => exited)).toMatchObject({ code: 0 });
    },
  );

  test("joins the group of another child, and ends at once when that is gone", async () => {
    const server = await startServer();
    const leader = await server.client.fork(request("waitFor", { ms: 60_000 }), { detached: "group" });
    const { child, told } = await order(server, { detached: { group: leader.pid } });
    expect(told.ids.group).toBe(leader.pid);
    await leader.kill("SIGKILL", { group: true });
    expect(await child.exited).toMatchObject({ signal: "SIGKILL" });
    await leader.exited;

    const late = await server.client.fork("{}", { detached: { group: leader.pid } });
    expect((await late.exited).code).not.toBe(0);
  });

  test("dies with its server when that is its order", async () => {
    const server = await startServer();
    const { child } = await order(server, { parentDeathSignal: "SIGKILL" });
    server.process.kill("SIGKILL");
    await expect.poll(() => existsSync(`/proc/${child.pid}`)).toBe(false);
  });

  test("is killed by its pid through any client, and nobody else is", async () => {
    const server = await startServer();
    const other = await server.connect();
    const child = await server.client.fork(request("waitFor", { ms: 60_000 }));
    expect(await other.kill(process.pid, "SIGKILL")).toBe(false);
    expect(await other.kill(child.pid, "SIGTERM")).toBe(true);
    expect(await child.exited).toMatchObject({ signal: "SIGTERM" });
    expect(await other.kill(child.pid)).toBe(false);
    await expect(other.kill(-1)).rejects.toThrow(TypeError);
  });

  test.each([
    ["cwd", { cwd: "/nowhere" }, "ENOENT"],
    ["cwd", { cwd: "/etc/hostname" }, "ENOTDIR"],
    ["sockets", { sockets: [{ socket: "/nowhere/listens" }] }, "ENOENT"],
    ["sockets", { sockets: [{ socket: "x".repeat(200) }] }, "ENAMETOOLONG"],
  ])("is refused with a wrong %s: %j", async (_what, options, syscallCode) => {
    const server = await startServer();
    await expect(server.client.fork("{}", options)).rejects.toMatchObject({
      code: "GANGER_FORK_REFUSED",
      syscallCode,
    });
    await expect(
      server.client.fork("{}", { sockets: Array.from({ length: 17 }, () => ({ socket: "/x" })) }),
    ).rejects.toThrow("16");
  });

  test("writes to where its order says, though the server has written elsewhere", async () => {
    const server = await startServer({ program: "talking-server.mjs" });
    const path = join(server.dir, "out.sock");
    const { texts } = listen(path);
    const child = await server.client.fork(request("print", { text: "here" }), { stdout: { socket: path } });
    expect(await child.exited).toMatchObject({ code: 0 });
    await expect.poll(() => texts[0]).toBe("here\n");
  });
});
