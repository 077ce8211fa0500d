import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addStartOptions, type StartOptions, toStartFlags, withImplied } from "../../src/cli/start-flags.ts";

/** What the flags come to, where the configuration says these keys itself. */
function parse(argv: readonly string[], said: readonly string[] = []) {
  const command = addStartOptions(
    new Command("start").exitOverride().configureOutput({ writeErr: () => {} }),
  );
  command.parse(argv, { from: "user" });
  const flags = toStartFlags(command.opts<StartOptions>());
  return { ...flags, values: withImplied(flags, (key) => said.includes(key)) };
}

const DAEMON = {
  pidfile: "tmp/pids/ganger.pid",
  log: { stdout: "log/ganger.stdout.log", stderr: "log/ganger.stderr.log" },
};

describe("no flags", () => {
  it("say nothing", () => {
    const { values, ...rest } = parse([]);

    expect(JSON.parse(JSON.stringify(values))).toEqual({ restart: {}, log: {} });
    expect(rest).toEqual({ daemon: false, hotSwap: false, frugal: false });
  });
});

describe("--daemon", () => {
  it.each([["-d"], ["--daemon"]])("as %s has a pidfile and files for its output", (flag) => {
    expect(parse([flag])).toMatchObject({ daemon: true, values: DAEMON });
  });

  it("writes its output where it is told", () => {
    const { values } = parse(["-d", "-o", "out.log", "--stderr", "err.log"]);

    expect(values.log).toMatchObject({ stdout: "out.log", stderr: "err.log" });
    expect(parse(["-d", "--stdout", "out.log"]).values.log).toMatchObject({
      stdout: "out.log",
      stderr: DAEMON.log.stderr,
    });
  });

  it("leaves to the configuration what that says", () => {
    const { values } = parse(["-d"], ["pidfile", "log.stderr"]);

    expect(values).toMatchObject({
      pidfile: undefined,
      log: { stdout: DAEMON.log.stdout, stderr: undefined },
    });
  });
});

describe("the output of a pool in the foreground", () => {
  it("goes to files only when told so", () => {
    expect(parse(["-o", "a", "-e", "b"]).values.log).toMatchObject({ stdout: "a", stderr: "b" });
    expect(parse(["-p", "x.pid"]).values.log).toMatchObject({ stdout: undefined, stderr: undefined });
  });
});

describe("the pidfile", () => {
  it.each<readonly [readonly string[], string | false | undefined]>([
    [[], undefined],
    [["-p", "own.pid"], "own.pid"],
    [["--pidfile", "own.pid"], "own.pid"],
    [["--no-pidfile"], false],
    [["-d"], DAEMON.pidfile],
    [["-d", "-p", "own.pid"], "own.pid"],
    [["-p", "own.pid", "-d"], "own.pid"],
    [["-d", "--no-pidfile"], false],
    [["--no-pidfile", "-d"], false],
    [["--no-pidfile", "-p", "own.pid"], "own.pid"],
    [["-p", "own.pid", "--no-pidfile"], false],
    [["-d", "--no-pidfile", "-p", "own.pid"], "own.pid"],
    [["-d", "-p", "own.pid", "--no-pidfile"], false],
    [["-p", "own.pid", "--no-pidfile", "-d"], false],
    [["--no-pidfile", "-p", "own.pid", "-d"], "own.pid"],
  ])("by %j is %j", (argv, pidfile) => {
    expect(parse(argv).values.pidfile).toBe(pidfile);
  });
});

describe("--hot-swap", () => {
  it.each([["-H"], ["--hot-swap"]])("as %s takes over, with a lock", (flag) => {
    expect(parse([flag])).toMatchObject({
      hotSwap: true,
      frugal: false,
      values: { lock: "tmp/ganger.lock" },
    });
  });

  it.each([[["-H", "-l", "own.lock"]], [["-l", "own.lock", "-H"]], [["--lock", "own.lock", "--hot-swap"]]])(
    "keeps the lock of %j",
    (argv) => {
      expect(parse(argv).values.lock).toBe("own.lock");
    },
  );

  it("keeps the lock and the pidfile of the configuration", () => {
    expect(parse(["-H"], ["lock"]).values.lock).toBeUndefined();
    expect(parse(["-H"], ["pidfile"]).values.pidfile).toBeUndefined();
  });

  it("takes over the pidfile of a pool in the background", () => {
    expect(parse(["-d", "-H"]).values.pidfile).toBe(DAEMON.pidfile);
  });

  it("may be frugal", () => {
    expect(parse(["-H", "--frugal"])).toMatchObject({ hotSwap: true, frugal: true });
  });
});

describe("--term", () => {
  it.each(["graceful", "graceful-wait", "immediate"])("%s has an alias", (action) => {
    expect(parse(["--term", action]).values.term).toBe(action);
    expect(parse([`--term-${action}`]).values.term).toBe(action);
  });

  it.each([
    [["--term", "graceful", "--term-immediate"]],
    [["--term-immediate", "--term", "graceful"]],
    [["--term-graceful", "--term-graceful-wait"]],
  ])("is said once, not as %j", (argv) => {
    expect(() => parse(argv)).toThrow(/cannot be used with option/);
  });
});

describe("other flags", () => {
  it.each([["-a"], ["--app"], ["--appname"]])("%s names the application", (flag) => {
    expect(parse([flag, "shop"]).values.app).toBe("shop");
  });

  it.each<readonly [readonly string[], object]>([
    [["-l", "a.lock"], { lock: "a.lock" }],
    [["-s", "250"], { spawnDelay: 250 }],
    [["--spawn-delay", "2s"], { spawnDelay: 2000 }],
    [["--single-process-group"], { processGroup: "single" }],
    [["--restart-all"], { restart: { all: true } }],
    [["--json-logs"], { log: { format: "json" } }],
  ])("%j are values of the configuration", (argv, values) => {
    expect(parse(argv).values).toMatchObject(values);
  });
});
