import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { duration, json, priority } from "../../src/cli/arguments.ts";
import { facet } from "../../src/cli/broker.ts";
import { printError } from "../../src/cli/failure.ts";
import { GangerError } from "../../src/errors.ts";
import { CliFolder } from "../support/cli.ts";

const COMMANDS = [
  "init",
  "start",
  "status",
  "reload",
  "restart",
  "stop",
  "enqueue",
  "queues",
  "jobs",
  "job",
  "retry",
  "cancel",
  "clear",
  "check",
  "doctor",
  "migrate",
  "verify",
];

let folder: CliFolder;

beforeEach(async () => {
  folder = await CliFolder.create();
});
afterEach(() => folder[Symbol.asyncDispose]());

describe("help", () => {
  it.each(COMMANDS)("of %s has a description, an example and the global options", async (command) => {
    const { code, out } = await folder.run(command, "--help");

    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: ganger \S+.*\n\n[A-Z][^:]*\.\n/);
    expect(out).toMatch(new RegExp(`Examples?:\n  \\$ ganger ${command}`));
    expect(out).toContain("--broker <url>");
  });

  it("names every command, and the exit codes", async () => {
    const { code, out } = await folder.run("--help");

    expect(code).toBe(0);
    expect(Array.from(out.matchAll(/^ {2}([a-z]+) /gm), ([, name]) => name)).toEqual(COMMANDS);
    expect(out).toContain("3 stopped but not cleanly");
  });

  it("says its version", async () => {
    expect((await folder.run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("wrong usage", () => {
  it.each([
    [["strat"], /unknown command 'strat'\n\(Did you mean start\?\)/],
    [["start", "--json-log"], /unknown option '--json-log'\n\(Did you mean --json-logs\?\)/],
    [["start", "--term", "softly"], /Allowed choices are graceful/],
    [["start", "--frugal"], /--frugal goes with --hot-swap/],
    [["start", "--spawn-delay", "soon"], /must be a text such as "500ms"/],
    [["restart"], /give --rolling, .* ganger stop and ganger start/],
    [["stop", "--now", "--kill"], /cannot be used with option '--kill'/],
    [["reload", "--pid", "x"], /must be a process id/],
    [["queues", "mail"], /too many arguments/],
    [["job"], /missing required argument 'id'/],
    [["jobs", "--state", "done"], /Allowed choices are waiting/],
    [["jobs", "--limit", "0"], /must be a whole number from 1/],
    [["jobs", "--queue", "a b"], /It must be 1 to 100 of/],
    [["enqueue", "mail", "{to:1}"], /It is no JSON: .* Put it in single quotes/],
    [["enqueue", "mail", "--delay", "soon"], /must be a text such as "500ms"/],
    [["enqueue", "mail", "--run-at", "never"], /must be a time such as/],
    [["enqueue", "mail", "--delay", "1s", "--run-at", "2030-01-01"], /cannot be used with option '--run-at/],
    [["retry"], /give ids, or --all-failed/],
    [["retry", "1", "--all-failed"], /not both/],
    [["retry", "1", "--queue", "mail"], /--queue goes with --all-failed/],
    [["clear", "mail"], /nobody to ask; give --yes/],
    [["migrate", "--down", "0"], /nobody to ask; give --yes/],
    [["migrate", "--down", "-1"], /Give a version, a whole number from 0/],
    [["migrate", "--down", "0", "--plan"], /--plan does not go with --down/],
    [["clear", "mail", "--state", "running"], /Allowed choices/],
    [[], /^Usage: ganger/],
  ])("%j exits with 2 and says why", async (argv, message) => {
    const { code, out, err } = await folder.run(...argv);

    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(out).toBe("");
  });
});

describe("failures", () => {
  it("are a message, a hint and a code, without a stack", async () => {
    const { code, out, err } = await folder.run("queues");

    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err).toMatch(
      /^There is no configuration in .*\nWrite one: ganger init.*\n\[GANGER_CONFIG_MISSING\]\n$/,
    );
  });

  it("have a stack when asked for one, wherever --verbose stands", async () => {
    expect((await folder.run("--verbose", "queues")).err).toMatch(/\n {4}at /);
    expect((await folder.run("queues", "--verbose")).err).toMatch(/\n {4}at /);
  });

  it("of the configuration name every problem", async () => {
    await writeFile(join(folder.path, "ganger.yml"), "wrokers: {}\nlog: { level: loud }");

    const { code, err } = await folder.run("status");
    expect(code).toBe(1);
    expect(err).toMatch(
      /ganger\.yml:1: wrokers: .*\n.*ganger\.yml:2: log\.level: .*\n.*\n\[GANGER_CONFIG_INVALID\]/,
    );
  });

  it("do not come from a configuration that is not needed", async () => {
    await writeFile(join(folder.path, "ganger.yml"), "wrokers: {}");

    expect(await folder.runOnStore("queues")).toMatchObject({ code: 0, err: "" });
  });

  it("show no password and steer no terminal", () => {
    let text = "";
    const cause = new Error("redis://u:s3cr3t@host is away");
    const error = new Error("cannot reach redis://u:s3cr3t@host\u001B[2J", { cause });
    printError({ stderr: { write: (some: string) => (text += some) } }, error, true);

    expect(text).toContain("redis://u:***@host");
    expect(text).toContain("caused by");
    expect(text).not.toContain("s3cr3t");
    expect(text).not.toContain("\u001B");
  });

  it("tell which broker lacks which facet", async () => {
    await using broker = await folder.openBroker();
    const bare = new Proxy(broker, {
      get: (target, key) => (key === "edit" ? undefined : Reflect.get(target, key, target)),
    });

    expect(() => facet(bare, "edit")).toThrow(
      expect.objectContaining({
        code: "GANGER_FACET_MISSING",
        message: 'The sqlite broker has no facet "edit"',
      }),
    );
  });
});

describe("arguments", () => {
  it.each([
    ["0", 0],
    ["250", 250],
    ["1.5h", 5_400_000],
    ["7d", 604_800_000],
  ])("the duration %s is %i ms", (text, ms) => {
    expect(duration(text)).toBe(ms);
  });

  it.each(["", "s", "1 s", "-1s", "1w", "01s", "1e3s", "NaN", "99999999d"])("%j is no duration", (text) => {
    expect(() => duration(text)).toThrow(/must be a text such as/);
  });

  it("priorities may be negative, payloads anything that is JSON", () => {
    expect([priority("-5"), priority("0")]).toEqual([-5, 0]);
    expect(() => priority("1.5")).toThrow(/whole number/);
    expect([json("null"), json("[1]"), json('"a"')]).toEqual([null, [1], "a"]);
  });

  it("codes are of the table", () => {
    expect(new GangerError("GANGER_FILE_EXISTS", "x").code).toBe("GANGER_FILE_EXISTS");
  });
});
