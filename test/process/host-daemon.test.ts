import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HostProgram } from "../fixtures/host-program.ts";
import { eventually } from "../support/eventually.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-daemon-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (file: string) => readFileSync(join(folder, file), "utf8");

describe("a daemon", () => {
  it("lives on in a session of its own once it is up", async () => {
    const program = new HostProgram("host-daemon", folder, "up");
    await program.ended;
    const { pid, cwd, seen } = JSON.parse(read("daemon.json"));
    try {
      expect({ code: program.child.exitCode, err: program.err }).toEqual({ code: 0, err: "" });
      expect(read("log/out.log")).toBe("to stdout\n");
      expect(read("log/err.log")).toBe("to stderr\n");
      expect(cwd).toBe(process.cwd());
      expect(readlinkSync(`/proc/${pid}/fd/0`)).toBe("/dev/null");
      const [, , , session] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ");
      expect(Number(session)).toBe(pid);
      expect(seen.split(" ")[0]).toBe("undefined");
    } finally {
      process.kill(pid, "SIGKILL");
    }
  });

  it.each([
    ["what it says", "fail", { code: 3, err: "GANGER_BROKER_LOCKED|no store|Wait.\n" }],
    [
      "how it ended",
      "die",
      { code: 1, err: expect.stringMatching(/^GANGER_DAEMON_FAILED\|.*SIGKILL\|.*err\.log/) },
    ],
  ])("that does not come up tells %s", async (_, how, expected) => {
    const program = new HostProgram("host-daemon", folder, how);
    await program.ended;

    expect({ code: program.child.exitCode, err: program.err }).toEqual(expected);
  });

  it("is interrupted with the process that waits for it", async () => {
    const program = new HostProgram("host-daemon", folder, "wait");
    await eventually("it waits", () => existsSync(join(folder, "waiting")) && read("waiting") !== "");
    program.child.kill("SIGINT");
    await program.ended;

    expect(program.err).toContain("SIGINT");
    expect(existsSync(`/proc/${read("waiting")}`)).toBe(false);
  });
});
