import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

const ROOT = new URL("../..", import.meta.url).pathname;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-e2e-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The batch of `npm start`, as a caller in `folder` would run it. */
function batch(...args: readonly string[]) {
  const register = join(ROOT, "dist/worker/modules/register.js");
  return spawnSync(process.execPath, ["--import", register, join(ROOT, "examples/batch/run.ts"), ...args], {
    cwd: ROOT,
    env: { ...process.env, INIT_CWD: folder },
    encoding: "utf8",
    timeout: 50_000,
  });
}

/** Processes of the batch's pool that are still there. */
function leftovers(): readonly string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => titleOf(pid).startsWith("ganger[batch]"));
}

function titleOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

function fill(files: number): void {
  mkdirSync(join(folder, "data/deep/er"), { recursive: true });
  for (let n = 0; n < files; n++)
    writeFileSync(join(folder, `data/deep/${n}.txt`), `line ${n}\n`.repeat(200 * (n % 7)));
  writeFileSync(join(folder, "data/empty"), "");
  writeFileSync(join(folder, "data/deep/er/ünïcode \u{1f600} 'name'.md"), "two words\n");
  writeFileSync(join(folder, "data/binary.bin"), Buffer.from([0, 1, 2, 10, 0]));
  symlinkSync("nowhere", join(folder, "data/dangling"));
}

it("measures real files while a worker is killed, and agrees with a sequential pass", () => {
  fill(400);

  const { status, stdout, stderr } = batch("data");

  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stderr).toContain("with SIGKILL at");
  const report = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
  expect(report).toMatchObject({
    agrees: true,
    total: { files: 403 },
    different: [],
    failed: [],
    skipped: [{ reason: "a link" }],
    types: { ".md": { files: 1, words: 2, lines: 1 }, ".bin": { files: 1, words: 0, bytes: 5 } },
  });
  expect(stdout).toContain("agree");
  expect(leftovers()).toEqual([]);
});

it("runs calmly when it is asked to", () => {
  fill(20);

  const { status, stderr } = batch("--calm", "data");

  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stderr).not.toContain("SIGKILL");
});

it.each([
  [["--nonsense"], 2],
  [["no-such-folder"], 2],
  [["a", "b"], 2],
  [["--help"], 0],
])("answers %j with exit status %i and its usage", (args, code) => {
  const { status, stderr } = batch(...args);

  expect(status).toBe(code);
  expect(stderr).toContain("npm start");
});

it("says so when there is nothing to measure", () => {
  mkdirSync(join(folder, "data"));

  const { status, stderr } = batch("data");

  expect(status).toBe(1);
  expect(stderr).toContain("no file");
});
