import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { describeFork } from "./support/available.ts";
import { endAll, inParallel, request, startServer } from "./support/server.ts";

afterEach(endAll);

describeFork("1,000 children", () => {
  test("draw no two equal numbers, UUIDs, integers or bytes", async () => {
    const server = await startServer({
      program: "warm-server.mjs",
      flags: ["--import", "ganger-fork/early"],
    });
    const file = join(server.dir, "drawn");
    await inParallel(1_000, 2, async () => {
      const child = await server.client.fork(request("draw"), { stdout: { file } });
      expect(await child.exited).toMatchObject({ code: 0 });
    });
    const lines = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(1_000);
    expect(lines[0].random).toHaveLength(3);
    for (const kind of ["random", "uuid", "integer", "bytes"]) {
      const drawn = lines.flatMap((line) => line[kind]);
      expect([kind, new Set(drawn).size]).toEqual([kind, drawn.length]);
    }
    const random = lines.flatMap((line) => line.random);
    expect(random.every((number: number) => number >= 0 && number < 1)).toBe(true);
    expect(
      Math.abs(random.reduce((sum: number, number: number) => sum + number, 0) / random.length - 0.5),
    ).toBeLessThan(0.03);
  }, 600_000);
});
