import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const ROOT = new URL("../..", import.meta.url).pathname;

it("the example of transactions pays for each order once, though runs fail half-way", async () => {
  const argv = ["--import", join(ROOT, "dist/worker/modules/register.js"), "examples/transactions/run.ts"];
  const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd: ROOT, timeout: 50_000 });

  const [, runs] = /^90 orders, paid for 90 times by (\d+) runs: 45000; left: 955000$/m.exec(stdout) ?? [];
  expect(Number(runs)).toBeGreaterThan(90);
});
