import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

const ROOT = new URL("../..", import.meta.url).pathname;
const ARGV = ["--import", join(ROOT, "dist/worker/modules/register.js"), "examples/isolation/run.ts"];

async function run(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ARGV, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Its pool ends by itself with SIGTERM only, which is what it sends.
  onTestFinished(() => void child.kill("SIGTERM"));
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const [code] = await once(child, "close");
  return { code, output };
}

describe("the example of isolation", { timeout: 120_000 }, () => {
  it.each(["auto", "never"])(
    "has good jobs done beside one that crashes and one that leaks, forks: %s",
    async (fork) => {
      const { code, output } = await run({ GANGER_FORK: fork });

      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toMatch(/^crash: failed, 2 crashes, .* with SIGSEGV: reading a picture that is none$/m);
      expect(output).toMatch(/^leak: failed, 1 crashes, .* beyond its memory of 209715200 bytes/m);
      expect(output.match(/^sum: completed, 0 crashes, \d+$/gm)).toHaveLength(8);
    },
  );
});
