import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HostProgram } from "../fixtures/host-program.ts";

const isFree = (file: string) => spawnSync("flock", ["-x", "-n", file, "true"]).status === 0;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a lock file", () => {
  it("is free when the last process that held it was killed", async () => {
    const file = join(folder, "tmp", "pool.lock");
    const [one, two] = [new HostProgram("host-lock", file), new HostProgram("host-lock", file)];
    await one.said("locked");
    await two.said("locked");
    expect(isFree(file)).toBe(false);

    one.child.kill("SIGKILL");
    await one.ended;
    expect(isFree(file)).toBe(false);

    two.child.kill("SIGKILL");
    await two.ended;
    expect(isFree(file)).toBe(true);
  });
});
