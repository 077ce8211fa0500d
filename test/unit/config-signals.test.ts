import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import type { TermAction } from "../../src/config/options.ts";
import { signalsSchema } from "../../src/config/schema/signals.ts";
import { defaultSignals, toSignal } from "../../src/config/signal-table.ts";

const isLinux = process.platform === "linux";

describe("defaultSignals", () => {
  it.runIf(isLinux)("is the table of resque-pool, without its bugs", () => {
    expect(defaultSignals("graceful-wait")).toEqual({
      SIGHUP: ["reload"],
      SIGQUIT: ["graceful-wait"],
      SIGINT: ["graceful-wait"],
      SIGTERM: ["graceful-wait"],
      SIGWINCH: ["empty"],
      SIGTTIN: ["more"],
      SIGTTOU: ["fewer"],
      SIGUSR1: ["abort"],
      SIGUSR2: ["pause"],
      SIGCONT: ["resume"],
      SIGIO: ["report"],
    });
  });

  it("has only signals that there are here", () => {
    expect(Object.keys(constants.signals)).toEqual(
      expect.arrayContaining(Object.keys(defaultSignals("graceful"))),
    );
  });

  it.each<TermAction>(["graceful", "graceful-wait", "immediate"])("lets term say %s", async (term) => {
    expect(defaultSignals(term).SIGTERM).toEqual([term]);
    const { config } = await loadConfig({ env: {}, cwd: "/", optional: true, flags: { term } });
    expect(config.signals.SIGTERM).toEqual([term]);
  });
});

describe("toSignal", () => {
  it.each([
    ["TERM", "SIGTERM"],
    ["SIGTERM", "SIGTERM"],
    ["usr2", "SIGUSR2"],
    ["SIGPOLL", isLinux ? "SIGIO" : toSignal("SIGPOLL")],
    ["TREM", undefined],
    ["toString", undefined],
  ])("%s is %s", (text, expected) => {
    expect(toSignal(text)).toBe(expected);
  });
});

describe("signals", () => {
  it("are named with or without SIG, and do one thing or several", () => {
    expect(signalsSchema.parse({ USR2: "restart", SIGHUP: ["reload", "restart"], PWR: "ignore" })).toEqual({
      SIGUSR2: ["restart"],
      SIGHUP: ["reload", "restart"],
      SIGPWR: ["ignore"],
    });
  });

  it.each([
    [{ KILL: "reload" }, "cannot be handled by a process"],
    [{ SIGSTOP: "reload" }, "cannot be handled by a process"],
    [{ CHLD: "reload" }, "cannot be handled by a process"],
    [{ SIGTREM: "reload" }, "is no signal of this system; did you mean SIGTERM?"],
    [{ URS2: "reload" }, "is no signal of this system; did you mean USR2?"],
    [{ mail: "reload" }, "is no signal of this system; write one such as HUP or SIGUSR2"],
    [{ HUP: "relaod" }, '"relaod" is no action; did you mean reload?'],
    [{ HUP: "x" }, /"x" is no action; there is graceful-wait, graceful, /],
    [{ HUP: ["reload", "restrat"] }, '"restrat" is no action; did you mean restart?'],
    [{ HUP: [] }, "must name one action at least"],
    [{ HUP: 3 }, /3 is no action/],
    [{ TERM: "kill", SIGTERM: "graceful" }, "is the same signal as TERM"],
    ["reload", "must be a mapping of signals to actions"],
  ])("%j is refused", (said, expected) => {
    const { error } = signalsSchema.safeParse(said);

    expect(JSON.parse(error?.message ?? "[]")).toHaveLength(1);
    expect(messageOf(error?.issues[0])).toMatch(expected);
  });

  it.runIf(isLinux)("have several names, which are found out", () => {
    const { error } = signalsSchema.safeParse({ SIGIO: "report", POLL: "ignore" });

    expect(error?.issues[0]?.message).toBe("is the same signal as SIGIO");
  });
});

/** The message of a problem with a value, or with a key. */
function messageOf(issue: unknown): string {
  const { message, issues } = issue as { message: string; issues?: readonly { message: string }[] };
  return issues?.[0]?.message ?? message;
}
