import { execFileSync, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { isAvailable, notify, reap, whyUnavailable } from "../lib/index.js";
import { describeFork } from "./support/available.ts";
import { node } from "./support/node.ts";

const listener = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\\0", 1))
print("bound", flush=True)
print(s.recv(100).decode(), flush=True)`;

test("says whether it is available, and why not", () => {
  expect(whyUnavailable() === undefined).toBe(isAvailable());
});

describeFork("the functions for PID 1", () => {
  test.each(["@ganger-fork-test", "/tmp/ganger-fork-test.sock"])(
    "notify sends a datagram to %s",
    async (address) => {
      const path = `${address}-${process.pid}`;
      const python = spawn("python3", ["-c", listener, path], { stdio: ["ignore", "pipe", "inherit"] });
      onTestFinished(() => {
        python.kill();
        rmSync(path, { force: true });
      });
      let heard = "";
      python.stdout.on("data", (bytes: Buffer) => (heard += bytes.toString()));
      await expect.poll(() => heard).toContain("bound");
      notify(path, "READY=1");
      await expect.poll(() => heard).toContain("READY=1");
    },
  );

  test("notify says what is wrong", () => {
    expect(() => notify("/tmp/nobody/listens", "x")).toThrow("ENOENT");
    expect(() => notify("x".repeat(200), "x")).toThrow("ENAMETOOLONG");
  });

  test("reap collects an orphan that came to a subreaper", () => {
    const program = fileURLToPath(new URL("fixtures/subreaper.mjs", import.meta.url));
    const told = JSON.parse(execFileSync(node, [program], { encoding: "utf8" }));
    expect(told).toEqual({ whileRunning: false, afterwards: true, gone: true, again: false });
  });

  test("reap takes nothing but a pid", () => {
    expect(() => reap(0)).toThrow(TypeError);
    expect(() => reap(-1)).toThrow(TypeError);
  });
});
