import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Host } from "../../src/worker/isolation/host.ts";
import { Interruption } from "../../src/worker/run/outcome.ts";
import { FakeHost, fakeLaunch, fakeRun } from "../support/fake-hosts.ts";
import { poll } from "../support/workshop.ts";

/** A host that was given a run, and what its owner hears. */
function begin(id = "7", bootMs?: number) {
  const { launch, hosts } = fakeLaunch();
  const heard: string[] = [];
  const host = new Host(
    { launch, broker: { name: "fake", url: undefined }, bootMs },
    { onFree: () => heard.push("free"), onGone: () => heard.push("gone") },
  );
  const [process = new FakeHost({ onMessage() {}, onOutput() {}, onExit() {} })] = hosts;
  const { run, notes, outcomes } = fakeRun(id);
  host.run(run, (outcome) => outcomes.push(outcome));
  return { host, process, run, notes, outcomes, heard, token: run.claim.token };
}

const crashed = (token: number, detail: unknown) => ({ id: "7", token, kind: "crashed", detail });

describe("a host", () => {
  it("hands on what a run notes and prints, and settles with its answer once all of that has come", async () => {
    const { host, process, notes, outcomes, heard, token } = begin();
    process.says({ type: "ready" });
    process.says({ type: "noted", token, progress: 0.5 });
    process.prints("stdout", "one\ntwo");
    process.says({ type: "noted", token, line: "three" });
    expect(host.isBusy).toBe(true);
    process.completes('"done"');
    await poll(() => outcomes.length).toBe(1);

    expect(outcomes).toEqual([{ id: "7", token, kind: "completed", result: '"done"' }]);
    expect(notes).toEqual([{ progress: 0.5 }, { line: "one" }, { line: "three" }, { line: "two" }]);
    expect(heard).toEqual(["free"]);
    expect([host.isBusy, host.taken]).toEqual([false, 1]);
  });

  it("heeds nothing that is said of another run", async () => {
    const { process, notes, outcomes, token } = begin();
    process.says({ type: "ready" });
    process.says({ type: "noted", token: token - 1, line: "late" });
    process.says({
      type: "done",
      token: token - 1,
      outcome: { id: "7", token: token - 1, kind: "cancelled" },
    });
    process.completes();
    await poll(() => outcomes.length).toBe(1);

    expect(notes).toEqual([]);
    expect(outcomes[0]?.kind).toBe("completed");
  });

  it.each([
    ["with SIGSEGV", "", "with SIGSEGV"],
    ["with SIGSEGV", "cannot go on\n", "with SIGSEGV: cannot go on"],
    [undefined, "", "without an answer"],
    ["with exit status 7", `${"x".repeat(900)}\n`, `with exit status 7: ${"x".repeat(480)}`],
  ])("that ends %s without an answer has crashed", (how, said, detail) => {
    const { process, outcomes, heard, token } = begin();
    process.says({ type: "ready" });
    process.prints("stderr", said);
    process.exits(how);

    expect(outcomes).toEqual([crashed(token, detail)]);
    expect(heard).toEqual(["gone"]);
  });

  it("that held too much memory is killed, and says so", () => {
    const { host, process, outcomes, token } = begin();
    process.says({ type: "ready" });
    host.exceed("beyond its memory");
    expect(process.wasKilled).toBe(true);
    process.exits("with SIGKILL");

    expect(outcomes).toEqual([crashed(token, "beyond its memory")]);
  });

  it("that ends before it was ready costs its run nothing, and is said to be at fault", () => {
    const { process, outcomes, token } = begin();
    process.says({ type: "failed", failure: { message: "no such module" } });
    process.exits("with exit status 1");

    expect(outcomes).toEqual([
      expect.objectContaining({
        kind: "retry",
        token,
        counts: false,
        error: expect.objectContaining({
          code: "GANGER_ISOLATION_FAILED",
          message: expect.stringContaining("could not start: no such module"),
        }),
      }),
    ]);
  });

  it("that is not ready in time is killed, which costs its run nothing", async () => {
    const { process, outcomes } = begin("7", 20);
    await poll(() => process.wasKilled).toBe(true);
    process.exits("with SIGKILL");

    expect(outcomes).toEqual([
      expect.objectContaining({
        kind: "retry",
        counts: false,
        error: expect.objectContaining({ message: expect.stringContaining("was not ready within 20 ms") }),
      }),
    ]);
  });

  it("that is let go, and does not go, is killed", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { host, process } = begin();
    process.says({ type: "ready" });
    host.end();
    vi.advanceTimersByTime(4999);
    await new Promise(setImmediate);
    expect(process.wasKilled).toBe(false);
    vi.advanceTimersByTime(1);
    await new Promise(setImmediate);

    expect(process.wasKilled).toBe(true);
  });

  it("that cannot be started at all settles its run as well", async () => {
    const host = new Host(
      { launch: refuse, broker: { name: "fake", url: undefined } },
      { onFree: () => undefined, onGone: () => undefined },
    );
    const { run, outcomes } = fakeRun("7");
    host.run(run, (outcome) => outcomes.push(outcome));
    await poll(() => outcomes.length).toBe(1);

    expect(outcomes).toEqual([
      expect.objectContaining({
        kind: "retry",
        counts: false,
        error: expect.objectContaining({ message: expect.stringContaining("spawn EAGAIN") }),
      }),
    ]);
  });

  it.each([
    ["stopping", { kind: "released", started: true }],
    ["timeout", { kind: "failed", error: expect.objectContaining({ name: "TimeoutError" }) }],
    ["cut", { kind: "failed", error: expect.objectContaining({ name: "AbortError" }) }],
  ] as const)(
    "is told that its run is aborted for %s, and has not crashed when it ends then",
    (kind, outcome) => {
      const { process, run, outcomes, token } = begin();
      process.says({ type: "ready" });
      run.abort(new Interruption(kind, "enough"));
      expect(process.told.at(-1)).toEqual({ type: "abort", token, kind, message: "enough" });
      process.exits("with SIGKILL");

      expect(outcomes).toEqual([expect.objectContaining(outcome)]);
    },
  );

  it("that dies after its answer, or after its run was given up, changes nothing about that", () => {
    const answered = begin();
    answered.process.says({ type: "ready" });
    const { token } = answered;
    answered.process.says({ type: "done", token, outcome: { id: "7", token, kind: "completed" } });
    answered.process.exits("with SIGKILL");

    const givenUp = begin();
    givenUp.run.verdict = { id: "7", token: givenUp.token, kind: "released", started: true };
    givenUp.run.remote?.kill();
    expect(givenUp.process.wasKilled).toBe(true);
    givenUp.process.exits("with SIGKILL");

    expect(answered.outcomes.map(({ kind }) => kind)).toEqual(["completed"]);
    expect(answered.heard).toEqual(["gone"]);
    expect(givenUp.outcomes.map(({ kind }) => kind)).toEqual(["released"]);
  });
});

function refuse(): never {
  throw new Error("spawn EAGAIN");
}
