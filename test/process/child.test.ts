import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";

const CHILD = new URL("../../dist/pool/child.js", import.meta.url).href;

/** Uses up all descriptors of a process of its own, then has it start a child. */
const PROGRAM = `
  import { openSync } from "node:fs";
  import { startChild } from ${JSON.stringify(CHILD)};
  try {
    for (;;) openSync("/dev/null", "r");
  } catch {}
  const onExit = (exit) => process.stdout.write(JSON.stringify(exit));
  const child = startChild({ program: new URL("file:///none.js"), env: {}, onMessage() {}, onExit });
  child.kill("SIGKILL");
  if (child.send({ type: "start" })) throw new Error("nobody is there");`;

describe("a process that cannot be started", () => {
  it("for want of descriptors has ended, and its manager goes on", async () => {
    const args = [
      "-c",
      'ulimit -n 40; exec "$0" "$@"',
      process.execPath,
      "--input-type=module",
      "-e",
      PROGRAM,
    ];
    // A group of its own, for what goes wrong here may end a whole group.
    const stranded = spawn("sh", args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
    const [out, [code]] = await Promise.all([text(stranded.stdout), once(stranded, "exit")]);

    expect({ out, code }).toEqual({ out: '{"code":null,"signal":null}', code: 0 });
  });
});
