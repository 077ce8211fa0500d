import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { startReaper } from "../../src/pool/process/reaper.ts";
import {
  childrenOf,
  descendantsOf,
  residentOf,
  residentTree,
  startTimeOf,
  stateOf,
} from "../../src/util/proc-stat.ts";
import { eventually } from "../support/eventually.ts";

/** Names itself like a line of /proc, and has a child, a grandchild and a zombie. */
const FAMILY = `
import ctypes, os, sys
ctypes.CDLL(None).prctl(15, b"a) Z 1 (b", 0, 0, 0)
zombie = os.fork()
if zombie == 0: os._exit(0)
os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
r, w = os.pipe()
child = os.fork()
if child == 0:
    grandchild = os.fork()
    if grandchild == 0:
        os.write(w, str(os.getpid()).encode())
    sys.stdin.read(); os._exit(0)
print(zombie, child, int(os.read(r, 99)), flush=True)
sys.stdin.read()
`;

class Family implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams = spawn("python3", ["-c", FAMILY]);
  pid = this.#process.pid ?? 0;
  members: number[] = [];

  static async start(): Promise<Family> {
    const family = new Family();
    const lines = createInterface(family.#process.stdout); // Python may write a line in several pieces
    const [line] = await once(lines, "line");
    family.members = String(line).split(" ").map(Number);
    return family;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end();
    await once(this.#process, "close");
  }
}

const none = 2 ** 22 + 1;

describe.skipIf(process.platform !== "linux")("what /proc says of a process", () => {
  it("is found behind any name", async () => {
    await using family = await Family.start();
    const [zombie = 0, child = 0, grandchild = 0] = family.members;

    // On a busy machine it may be on its way to sleep, and a process may still grow.
    expect(["R", "S", "D"]).toContain(stateOf(family.pid));
    await eventually("it has ended", () => stateOf(zombie) === "Z");
    expect(startTimeOf(family.pid)).toBeGreaterThanOrEqual(startTimeOf(process.pid) ?? Number.NaN);
    expect(startTimeOf(family.pid)).toBe(startTimeOf(family.pid));
    expect(childrenOf(family.pid)).toEqual([zombie, child]);
    expect(descendantsOf(family.pid)).toEqual([zombie, child, grandchild]);
    const sum = () => [family.pid, child, grandchild].reduce((all, pid) => all + (residentOf(pid) ?? 0), 0);
    await eventually("the sum is that of all", () => residentTree(family.pid) === sum());
  });

  it("counts memory in bytes", () => {
    const ratio = (residentOf(process.pid) ?? 0) / process.memoryUsage.rss();

    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });

  it("is nothing when it is gone", () => {
    const asks = [startTimeOf, stateOf, childrenOf, residentOf, residentTree];

    expect(asks.map((ask) => ask(none))).toEqual(asks.map(() => undefined));
    expect(descendantsOf(none)).toEqual([]);
  });
});

describe.skipIf(process.platform !== "linux")("the reaper", () => {
  it("waits for strangers that have ended, and for nobody else", async () => {
    await using family = await Family.start();
    const reaped: number[] = [];
    const reap = (pid: number) => reaped.push(pid) > 0;
    using _ = startReaper({ pid: family.pid, reap, isOurs: () => false, warn: expect.unreachable });
    await eventually("one is reaped", () => reaped.length > 0);

    expect(reaped[0]).toBe(family.members[0]);
  });

  it("leaves ours alone", async () => {
    await using family = await Family.start();
    const asked: number[] = [];
    const isOurs = (pid: number) => asked.push(pid) > 0;
    using _ = startReaper({
      pid: family.pid,
      reap: () => expect.unreachable(),
      isOurs,
      warn: expect.unreachable,
    });

    await eventually(
      "it has looked twice",
      () => asked.filter((pid) => pid === family.members[0]).length >= 2,
    );
  });

  it("can only warn without an addon, and does it once", async () => {
    await using family = await Family.start();
    const warnings: string[] = [];
    let looks = 0;
    const isOurs = () => looks++ < 0;
    using _ = startReaper({ pid: family.pid, isOurs, warn: (text) => warnings.push(text) });
    await eventually("it has looked often", () => {
      process.emit("SIGCHLD", "SIGCHLD");
      return looks > 20;
    });

    expect(warnings).toEqual([expect.stringMatching(new RegExp(`${family.members[0]}.*docker run --init`))]);
  });
});
