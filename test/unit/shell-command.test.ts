import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { ExecProgram } from "../../src/config/resolved.ts";
import { shellCommand } from "../../src/pool/child/shell-command.ts";

const EXEC: ExecProgram = {
  command: "",
  drain: "SIGQUIT",
  abort: "SIGTERM",
  cut: "SIGUSR1",
  pause: "SIGUSR2",
  resume: "SIGCONT",
  readyMs: 1000,
};

/** Runs a text as a worker would be, and says what it prints and how it ends. */
function run(text: string) {
  const [file, ...args] = shellCommand(text, EXEC).argv;
  const { status, stdout } = spawnSync(file, args, { encoding: "utf8", env: { PATH: process.env["PATH"] } });
  return [status, stdout];
}

describe("a command as text", () => {
  it.each([
    ["exit 1", 1, ""],
    ["echo a", 0, "a\n"],
    ["exec sh -c 'exit 4'", 4, ""],
    ["cd / && pwd", 0, "/\n"],
    ["A=1 B='x y' env", 0, expect.stringMatching(/^A=1$[^]*^B=x y$/m)],
    ["A=1 eval 'echo $A'", 0, "1\n"],
    ["printf 'b\\na\\n' | sort", 0, "a\nb\n"],
    ["sh -c 'exit 3'; exit 5", 5, ""],
    ["if true; then exit 6; fi", 6, ""],
    ["(exit 7)", 7, ""],
    ["{ exit 8; }", 8, ""],
    ["\n  sh -c 'exit 9'\n", 9, ""],
    ["! sh -c 'exit 9'", 0, ""],
    ["$(echo sh) -c 'exit 2'", 2, ""],
    ['sh -c "echo \\"a; b\\""', 0, "a; b\n"],
    ["sh -c 'echo a >&2' 2>&1", 0, "a\n"],
    ["no-such-program", 127, ""],
  ])("%j does what it says", (text, status, printed) => {
    expect(run(text)).toEqual([status, printed]);
  });

  it.each([
    "bundle exec rake resque:work",
    "QUEUES='a, b' TERM_CHILD=1 rake resque:work",
    "node --eval 'a(); b()' \"c && d\"",
    "/opt/with\\ space/work --flag",
    "  work\n",
    "work >> 'my log' 2>&1 < /dev/null",
  ])("%j takes the place of its shell", (text) => {
    const { isMinded, argv } = shellCommand(text, EXEC);

    expect(isMinded).toBe(false);
    expect(argv.at(-1)).toMatch(/(?:^| )exec (?:bundle|rake|node|\/opt|work)/);
  });

  it.each([
    "cd x",
    "work | tee log",
    "work &",
    "cat <(work)",
    "A=1",
    "`which work`",
    "work\nwork",
    "exec work",
  ])("%j is minded by its shell", (text) => expect(shellCommand(text, EXEC).isMinded).toBe(true));

  it("has its shell live through signals, but for those that nothing can", () => {
    const script = shellCommand("a; b", { ...EXEC, pause: "SIGSTOP", abort: "SIGKILL" }).argv.at(-1);
    expect(script).toBe("trap : USR1 CONT; trap exit QUIT TERM\na; b");
  });
});
