import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

const CHILD = new URL("file:///tmp/scratch/dist/pool/child.js").href;

/** Uses up all descriptors of a process of its own, then has it start a child. */
const PROGRAM = `
  import { openSync } from "node:fs";
  import { startChild } from ${JSON.stringify(CHILD)};
  try {
    for (;;) openSync("/dev/null", "r");
  } catch {}
  const onExit = (exit) => process.stdout.write(JSON.stringify(exit));
  const child = startChild({ program: new URL("file:///none.js"), env: {}, onMessage() {}, onExit });
  if (child.send({ type: "start" })) throw new Error("nobody is there");
  child.kill("SIGKILL");`;

describe("a process that cannot be started", () => {
  it("for want of descriptors has ended, and its manager goes on", () => {
    const args = [
      "-c",
      'ulimit -n 40; exec "$0" "$@"',
      process.execPath,
      "--input-type=module",
      "-e",
      PROGRAM,
    ];
    const { stdout, stderr, status } = spawnSync("sh", args, { encoding: "utf8" });

    expect({ stdout, status, stderr }).toEqual({
      stdout: '{"code":null,"signal":null}',
      status: 0,
      stderr: "",
    });
  });
});
