import { afterEach, expect, test } from "vitest";
import { describeFork } from "./support/available.ts";
import {
  descriptorCount,
  endAll,
  inParallel,
  privateMemory,
  request,
  startServer,
  zombiesOf,
} from "./support/server.ts";

afterEach(endAll);

/** A child waits for the disk, for its sockets and for its parent as long as it computes: two would leave a core idle. */
const AT_ONCE = 8;

describeFork("2,000 forks", () => {
  test("of timers, files, DNS, sockets, TLS, crypto, gzip, JIT, GC, threads and processes: all succeed, nothing is left", async () => {
    const server = await startServer({ program: "heavy-server.mjs" });
    const pid = server.process.pid ?? 0;
    const failed: unknown[] = [];
    const run = async (turn: number) => {
      const child = await server.client.fork(request("oneOfAll", { turn }));
      const exit = await Promise.race([child.exited, late(child)]);
      if (exit.code !== 0) failed.push({ turn, ...exit });
    };
    await inParallel(100, AT_ONCE, run);
    const before = { descriptors: descriptorCount(pid), memory: privateMemory(pid) };
    await inParallel(1_900, AT_ONCE, run);
    expect(failed).toEqual([]);
    expect(zombiesOf(pid)).toBe(0);
    expect(descriptorCount(pid)).toBe(before.descriptors);
    expect(privateMemory(pid) - before.memory).toBeLessThan(512);
  }, 900_000);
});

/** A child that hangs is named as one, and not waited for until the test is over. */
async function late({ kill }: { kill: (signal: "SIGKILL") => Promise<boolean> }) {
  await new Promise((resolve) => setTimeout(resolve, 120_000).unref());
  await kill("SIGKILL");
  return { code: "hung" };
}
