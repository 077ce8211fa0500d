import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endings } from "./fixtures/endings.mjs";
import { describeFork } from "./support/available.ts";
import { node } from "./support/node.ts";
import { endAll, request, type Started, startServer } from "./support/server.ts";

const program = fileURLToPath(new URL("fixtures/endings.mjs", import.meta.url));

describeFork("a child ends as any Node.js does, by", () => {
  let server: Started;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(endAll);

  test.for(Object.keys(endings))("%s", async (way) => {
    const ordinary = once(spawn(node, [program, way], { stdio: "ignore" }), "exit");
    const child = await server.client.fork(request("endBy", { way }), { stdout: "null", stderr: "null" });
    const { code, signal } = await child.exited;
    expect([code, signal]).toEqual(await ordinary);
  });
});
