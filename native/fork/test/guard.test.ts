import { execFileSync, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { serverFlags } from "../lib/index.js";
import { describeFork } from "./support/available.ts";
import { node } from "./support/node.ts";

const program = fileURLToPath(new URL("fixtures/guarded.mjs", import.meta.url));

async function guarded(opened: string, flags = serverFlags()) {
  // Its input stays open.
  const child = spawn(node, [...flags, program, opened], { timeout: 30_000 });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  try {
    return JSON.parse(stdout);
  } catch {
    return { stdout, stderr };
  }
}

describeFork("the guard", () => {
  test("asks for both flags", async () => {
    expect(await guarded("nothing", [])).toMatchObject({
      code: "GANGER_FORK_FLAGS_MISSING",
      missing: ["--single-threaded", "--v8-pool-size=1"],
    });
    expect((await guarded("nothing", ["--single_threaded"])).missing).toEqual(["--v8-pool-size=1"]);
  });

  test.each([
    ["timer", "Timeout", ""],
    ["listener", "tcp", "127.0.0.1"],
    ["unreferencedSocket", "tcp", "127.0.0.1"],
    ["watcher", "fs_event", "/tmp"],
    ["file", "file", "/etc/hostname"],
    ["worker", "worker thread", ""],
    ["unreferencedWorker", "worker thread", ""],
    ["childProcess", "process", "pid"],
    ["lookup", "FSReqCallback", ""],
    ["input", "pipe", "descriptor 0"],
  ])("names an open %s", async (opened, kind, detail) => {
    const told = await guarded(opened);
    expect(told).toMatchObject({ code: "GANGER_FORK_NOT_QUIET" });
    const found = told.open.find((resource: { kind: string }) => resource.kind === kind);
    expect(found).toMatchObject({ detail: expect.stringContaining(detail) });
    expect(told.message).toContain("beforeFork");
  });

  test("lets pass what was printed, signal listeners, unreferenced timers, threads of Node.js and kept descriptors", async () => {
    expect(await guarded("harmless")).toEqual({ open: [] });
  });

  test("lets pass a terminal that was printed to", () => {
    const command = [node, ...serverFlags(), program, "harmless"].join(" ");
    const said = execFileSync("script", ["-qec", command, "/dev/null"], { encoding: "utf8" });
    expect(said).toContain('{"open":[]}');
  });

  test("refuses a path that is not one, and an address in use", async () => {
    expect((await guarded("relativePath")).message).toContain("absolute");
    const used = await guarded("usedPath");
    expect(used).toMatchObject({ code: "GANGER_FORK_CANNOT_SERVE" });
    expect(used.message).toContain("EADDRINUSE");
  });
});
