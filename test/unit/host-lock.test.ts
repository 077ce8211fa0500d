import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockShared } from "../../src/pool/host/lock-file.ts";

const isFree = (file: string) => spawnSync("flock", ["-x", "-n", file, "true"]).status === 0;
const failing = (text: string) =>
  expect.objectContaining({ code: "GANGER_LOCK_FAILED", message: expect.stringContaining(text) });

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-lock-"));
  file = join(folder, "deep", "pool.lock");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe("a shared lock", () => {
  it("keeps exclusive ones out until the last is gone", () => {
    const one = lockShared(file);
    const two = lockShared(file);
    expect(isFree(file)).toBe(false);

    one[Symbol.dispose]();
    one[Symbol.dispose]();
    expect(isFree(file)).toBe(false);
    two[Symbol.dispose]();
    expect(isFree(file)).toBe(true);
  });

  it("is refused while somebody holds it exclusively", async () => {
    lockShared(file)[Symbol.dispose]();
    const other = spawn("flock", ["-x", file, "sh", "-c", "echo locked; read _"]);
    await once(other.stdout, "data");

    expect(() => lockShared(file)).toThrow(failing(file));
    other.stdin.end();
    await once(other, "exit");
    lockShared(file)[Symbol.dispose]();
  });

  it("needs flock, and a file that can be opened", () => {
    expect(() => lockShared(folder)).toThrow(failing("EISDIR"));
    vi.stubEnv("PATH", folder);
    expect(() => lockShared(file)).toThrow(failing("ENOENT"));
    writeFileSync(join(folder, "flock"), "#!/bin/sh\necho no locks here >&2\nexit 71\n", { mode: 0o755 });
    expect(() => lockShared(file)).toThrow(failing("no locks here"));
  });
});
