import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Child, Exit } from "../../src/pool/child/child.ts";
import { Member } from "../../src/pool/group/member.ts";
import { COORDINATOR_TIMING, workerTiming } from "../../src/pool/group/timing.ts";

const RESTART = { delayMs: 100, maxMs: 30_000, stableMs: 10_000, all: false };
const TIMING = workerTiming({ bootMs: 60_000, restart: RESTART }, { stopMs: 1000, graceMs: 5000 });
const CRASHED: Exit = { code: 1, signal: null };

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

/** A member whose processes are pretended, and all that was done to them. */
function create() {
  const done: string[] = [];
  let pid = 0;
  const spawn = (): Child<string> => {
    const own = ++pid;
    done.push(`spawn ${own}`);
    return {
      pid: own,
      send: (message) => done.push(`${message} ${own}`) > 0,
      kill: (signal) => void done.push(`${signal} ${own}`),
    };
  };
  const onExit = ({ code }: Exit) => void done.push(`exit ${code} of ${member.holder} while ${member.state}`);
  const member: Member<string> = new Member<string>({
    timing: () => TIMING,
    farewell: (rung) => rung,
    spawn,
    onExit,
  });
  return { member, done };
}

describe("a member", () => {
  it("has no process until it is started", () => {
    const { member } = create();

    expect([member.state, member.pid, member.dueAt, member.send("hello")]).toEqual([
      "vacant",
      undefined,
      undefined,
      false,
    ]);
  });

  it("asks its process to end, and kills one that does not", () => {
    const { member, done } = create();
    member.on("start");
    member.on("ready");
    member.on("stop");
    for (const afterMs of [1500, 5500, 2000]) {
      expect(member.wasKilled).toBe(false);
      expect(member.dueAt).toBe(performance.now() + afterMs);
      vi.advanceTimersByTime(afterMs);
      member.on("tick");
    }

    expect(done).toEqual(["spawn 1", "drain 1", "abort 1", "SIGTERM 1", "SIGKILL 1"]);
    expect(member.wasKilled).toBe(true);
  });

  it("tells of an exit, with the name of the process that is gone, before another takes its place", () => {
    const { member, done } = create();
    member.on("start");
    member.holder = "host:1:a";
    member.on("ready");
    member.exited(CRASHED);
    expect(member.holder).toBeUndefined();
    member.on("tick");

    expect(done).toEqual(["spawn 1", "exit 1 of host:1:a while running", "spawn 2"]);
    expect([member.pid, member.state]).toEqual([2, "starting"]);
  });

  it("speaks to the process that is there, and to nobody when none is", () => {
    const { member, done } = create();
    member.on("start");
    expect(member.send("hello")).toBe(true);
    member.exited(CRASHED);

    expect(member.send("hello")).toBe(false);
    expect(done).toEqual(["spawn 1", "hello 1", "exit 1 of undefined while starting"]);
  });

  it("is vacant after the end of a process that was to end", () => {
    const { member, done } = create();
    member.on("start");
    member.on("kill");
    member.exited({ code: null, signal: "SIGKILL" });

    expect([member.state, member.pid, done[1]]).toEqual(["vacant", undefined, "SIGKILL 1"]);
  });

  it("takes a process that it kills while it should run for one that crashed", () => {
    const { member, done } = create();
    member.on("start");
    member.on("ready");
    member.kill();
    member.exited({ code: null, signal: "SIGKILL" });
    member.on("tick");

    expect(done).toEqual(["spawn 1", "SIGKILL 1", "exit null of undefined while running", "spawn 2"]);
  });
});

const delays = (timing: typeof COORDINATOR_TIMING) =>
  [1, 2, 3, 4, 5, 20].map((failures) => timing.delayMs(failures));

describe("how long a process that fails is waited with", () => {
  it("is nothing at first, then longer and longer, up to half a minute", () => {
    expect(delays(TIMING)).toEqual([0, 100, 200, 400, 800, 30_000]);
  });

  it("is a second at most for a coordinator, which others wait for", () => {
    expect(delays(COORDINATOR_TIMING)).toEqual([0, 100, 200, 400, 800, 1000]);
  });

  it("leaves a worker time to say what became of its jobs, before the next step", () => {
    expect(TIMING.drainMs).toBeGreaterThan(1000);
    expect(TIMING.graceMs).toBeGreaterThan(5000);
  });
});
