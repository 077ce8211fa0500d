import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Exit, INHERITED, startChild } from "../../src/pool/child/child.ts";
import { eventually } from "../support/eventually.ts";
import { isAlive, kill } from "../support/test-pool.ts";

const CHILD = new URL("../../dist/pool/child/child.js", import.meta.url).href;

/** Uses up all descriptors of a process of its own, then has it start a child. */
const PROGRAM = `
  import { openSync } from "node:fs";
  import { INHERITED, startChild } from ${JSON.stringify(CHILD)};
  try {
    for (;;) openSync("/dev/null", "r");
  } catch {}
  const onExit = (exit) => process.stdout.write(JSON.stringify(exit));
  const openStdio = () => INHERITED;
  const child = startChild({ program: new URL("file:///none.js"), env: {}, openStdio, onMessage() {}, onExit });
  child.kill("SIGKILL");
  if (child.send({ type: "start" })) throw new Error("nobody is there");`;

const PARENT = `
  import { spawn } from "node:child_process";
  const { pid } = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
  process.stdout.write(String(pid), () => process.exit(Number(process.env.STATUS)));`;

/** Starts a process that leaves another behind; the pid of that. */
async function leaveBehind(status: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "ganger-child-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "parent.mjs");
  writeFileSync(program, PARENT);
  const around = {
    env: { STATUS: `${status}` },
    processGroup: "own",
    program: pathToFileURL(program),
  } as const;
  const out = openSync(join(folder, "out"), "w");
  onTestFinished(() => closeSync(out));
  await new Promise<void>((resolve) => {
    startChild({
      ...around,
      openStdio: () => ({ ...INHERITED, stdout: out }),
      onMessage: () => undefined,
      onExit: () => resolve(),
    });
  });
  const pid = Number(readFileSync(join(folder, "out"), "utf8"));
  onTestFinished(() => kill(pid));
  return pid;
}

describe("what a process has started", () => {
  it("goes with it when it was cut off, as its jobs run again", async () => {
    const pid = await leaveBehind(3);
    await eventually("it is gone", () => !isAlive(pid));
  });

  it("stays when it ended as it should", async () => {
    expect(isAlive(await leaveBehind(0))).toBe(true);
  });
});

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

    expect([JSON.parse(out), code]).toEqual([{ code: null, signal: null, error: expect.any(String) }, 0]);
  });

  it("for a reason that Node.js throws has ended, too", async () => {
    const env = { LARGE: "x".repeat(200_000) };
    const program = new URL("file:///none.js");
    const around = { env, openStdio: () => INHERITED, processGroup: "own" } as const;
    const exits: Exit[] = [];
    const ended = new Promise<void>((resolve) => {
      const onExit = (exit: Exit) => resolve(void exits.push(exit));
      const child = startChild({ ...around, program, onMessage: () => undefined, onExit });
      expect([child.pid, child.send({ type: "start" }), exits]).toEqual([undefined, false, []]);
    });

    await ended;
    expect(exits).toEqual([{ code: null, signal: null, error: "spawn E2BIG" }]);
  });
});
