import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Child, Exit } from "../../src/pool/child.ts";
import { Member } from "../../src/pool/member.ts";
import { COORDINATOR_TIMING, workerTiming } from "../../src/pool/timing.ts";

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
  const onExit = (gone: Member<string>, { code }: Exit) =>
    void done.push(`exit ${code} of ${gone.holder} while ${gone.state}`);
  const member = new Member<string>({ timing: workerTiming(1000), farewell: "drain", spawn, onExit });
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
    expect(member.dueAt).toBe(performance.now() + 7000);

    vi.advanceTimersByTime(6999);
    member.on("tick");
    expect(member.wasKilled).toBe(false);
    vi.advanceTimersByTime(1);
    member.on("tick");

    expect(done).toEqual(["spawn 1", "drain 1", "SIGKILL 1"]);
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
    const { member } = create();
    member.on("start");
    member.on("end");
    member.exited({ code: null, signal: "SIGKILL" });

    expect([member.state, member.pid, member.wasKilled]).toEqual(["vacant", undefined, true]);
  });
});

const delays = (timing: typeof COORDINATOR_TIMING) =>
  [1, 2, 3, 4, 5, 20].map((failures) => timing.delayMs(failures));

describe("how long a process that fails is waited with", () => {
  it("is nothing at first, then longer and longer, up to half a minute", () => {
    expect(delays(workerTiming(1000))).toEqual([0, 100, 200, 400, 800, 30_000]);
  });

  it("is a second at most for a coordinator, which others wait for", () => {
    expect(delays(COORDINATOR_TIMING)).toEqual([0, 100, 200, 400, 800, 1000]);
  });

  it("leaves a worker time to abort its jobs once it has drained", () => {
    expect(workerTiming(60_000).drainMs).toBeGreaterThanOrEqual(60_000 + 5000);
  });
});
