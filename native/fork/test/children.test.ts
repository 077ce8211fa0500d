import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { describeFork } from "./support/available.ts";
import { node } from "./support/node.ts";
import { endAll, request, runToEnd, startServer } from "./support/server.ts";

afterEach(endAll);

/** SIGPIPE, and what this machine's shells ignore. */
const ignoredByNode = () => {
  const status = execFileSync(node, ["-p", "fs.readFileSync('/proc/self/status', 'utf8')"], {
    encoding: "utf8",
  });
  return /^SigIgn:\s*(\w+)/m.exec(status)?.[1];
};

describeFork("a child", () => {
  test("knows who it is, hears signals, shows its title and has none of the server's descriptors", async () => {
    const server = await startServer();
    const { output, pid } = await runToEnd(server, request("describe"));
    const told = JSON.parse(output);
    expect(told).toMatchObject({
      pid,
      ppid: server.process.pid,
      heard: true,
      title: "a child with a title of its own",
    });
    expect(told.comm).toBe("a child with a");
    expect(Number.parseInt(told.blocked, 16)).toBe(0);
    expect(told.ignored).toBe(ignoredByNode());
    expect(told.links.filter((link: string) => link.startsWith("socket:"))).toEqual([]);
  });

  test.each([
    ["exitWith", { code: 0 }, { code: 0, signal: null }],
    ["exitWith", { code: 41 }, { code: 41, signal: null }],
    ["exitWith", { signal: "SIGKILL" }, { code: null, signal: "SIGKILL" }],
    ["exitWith", { signal: "SIGTERM" }, { code: null, signal: "SIGTERM" }],
    ["exitCodeAtTheEnd", { code: 6 }, { code: 6, signal: null }],
    ["nothing", {}, { code: 0, signal: null }],
    ["survive", {}, { code: 9, signal: null }],
  ])("%s %j ends with %j", async (run, fields, end) => {
    const server = await startServer();
    expect(await runToEnd(server, request(run, fields))).toMatchObject(end);
  });

  test("begins with little memory for new objects, however much its server needed", async () => {
    const server = await startServer({ program: "heavy-server.mjs" });
    const { output } = await runToEnd(server, request("sayNewSpace"));
    // Half a megabyte or one at the start; 16 to 64 after an application has been loaded.
    expect(Number(output)).toBeLessThanOrEqual(2 * 1024 * 1024);
  });

  test("collects no garbage for a timer that its server set", async () => {
    const server = await startServer({ program: "heavy-server.mjs" });
    const { output } = await runToEnd(server, request("sayCollections"));
    expect(output).toBe("[]");
  }, 30_000);

  test.each([
    ["fail", "on purpose"],
    ["rejectUnhandled", "nobody looks"],
  ])("%s says its error and ends with 1", async (run, text) => {
    const server = await startServer();
    const { code, output } = await runToEnd(server, request(run));
    expect(code).toBe(1);
    expect(output).toContain(text);
    expect(output).toContain("acts.mjs");
  });

  test("writes all of its output to a slow socket before process.exit() ends it", async () => {
    const server = await startServer();
    const path = join(server.dir, "out.sock");
    let heard = "";
    const listener = createServer((socket) => {
      socket.pause();
      setTimeout(() => socket.resume(), 100);
      socket.on("data", (bytes) => (heard += bytes.toString()));
    }).listen(path);
    const text = "x".repeat(999);
    const body = request("print", { text, times: 1_000, errors: "at last" });
    const child = await server.client.fork(body, {
      stdout: { socket: path, hello: "job 7\n" },
      stderr: "stdout",
    });
    expect(await child.exited).toMatchObject({ code: 0 });
    await expect.poll(() => heard.length).toBe("job 7\n".length + 1_000_000 + "at last\n".length);
    expect(heard.startsWith("job 7\nxxx")).toBe(true);
    listener.close();
  });

  test("reads its standard input from where the request says", async () => {
    const server = await startServer();
    const { output, code } = await runToEnd(server, request("copyInput"), {
      stdin: { file: "/etc/hostname" },
    });
    expect(code).toBe(0);
    expect(output.length).toBeGreaterThan(0);
  });

  test("is not made when a stream of it cannot be opened", async () => {
    const server = await startServer();
    const missing = join(server.dir, "nobody", "listens");
    await expect(server.client.fork("{}", { stdout: { socket: missing } })).rejects.toMatchObject({
      code: "GANGER_FORK_REFUSED",
      syscallCode: "ENOENT",
    });
    await expect(server.client.fork("{}", { stderr: { file: missing } })).rejects.toThrow(missing);
  });

  test("is killed with its group, and a kill after its end says so", async () => {
    const server = await startServer();
    const child = await server.client.fork(request("waitFor", { ms: 60_000 }), { detached: "group" });
    expect(await child.kill("SIGKILL", { group: true })).toBe(true);
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL", lost: false });
    expect(await child.kill("SIGKILL")).toBe(false);
    expect(existsSync(`/proc/${child.pid}`)).toBe(false);
  });
});
