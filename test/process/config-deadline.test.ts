import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { INHERITED } from "../../src/pool/child/child.ts";
import type * as Built from "../../src/pool/reload/config-host.ts";
import { eventually } from "../support/eventually.ts";
import { PoolFolder } from "../support/pool-folder.ts";
import { childrenOf, isAlive } from "../support/test-pool.ts";

/** As it was built, since it starts a program that was. */
const { ConfigHost }: typeof Built = await import(
  new URL("../../dist/pool/reload/config-host.js", import.meta.url).href
);

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "ganger-deadline-"));
});
afterEach(() => rm(cwd, { recursive: true }));

async function load(name: string, text: string, withinMs?: number) {
  await writeFile(join(cwd, name), text);
  const around = { env: process.env, openStdio: () => INHERITED, processGroup: "own" } as const;
  const listener = { onWorkers: () => undefined, onTrouble: () => undefined, onGone: () => undefined };
  return ConfigHost.load({ file: name, env: {}, cwd }, around, listener, withinMs);
}

describe("a configuration that is being read", () => {
  it.each([
    ["blocks", "for (;;);"],
    ["never ends", "await new Promise(() => setInterval(() => {}, 1000));"],
    ["has a loader that blocks", "export default { workers: () => { for (;;); } };"],
  ])("and %s is given up after a time, and its process with it", async (_, text) => {
    const before = childrenOf(process.pid);

    await expect(load("ganger.mjs", text, 700)).rejects.toThrow(
      expect.objectContaining({
        code: "GANGER_CONFIG_INVALID",
        message: "The configuration was not read: it took longer than 0.7 s",
      }),
    );

    await eventually("its process is gone", () => childrenOf(process.pid).length <= before.length);
  });

  it("and blocks is gone soon after its manager is", async () => {
    await using folder = new PoolFolder({ "ganger.mjs": "console.log('reading'); for (;;);" });
    const manager = folder.start();
    await manager.says("reading");
    const [reader = 0] = childrenOf(manager.pid);
    expect(isAlive(reader)).toBe(true);

    manager.child.kill("SIGKILL");

    await eventually("it is gone", () => !isAlive(reader));
  });

  it("leaves no process behind when it is wrong", async () => {
    const before = childrenOf(process.pid);
    await expect(load("ganger.yml", "wrokers: { mail: 2 }")).rejects.toThrow("wrokers");
    await eventually("its process is gone", () => childrenOf(process.pid).length <= before.length);
  });
});
