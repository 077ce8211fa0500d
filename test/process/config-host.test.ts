import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FromConfigHost, LoadOrder, ToConfigHost } from "../../src/config/live/messages.ts";
import { Link } from "../../src/ipc/link.ts";
import { eventually } from "../support/eventually.ts";

const REGISTER = new URL("../../dist/worker/modules/register.js", import.meta.url).href;
const MAIN = fileURLToPath(new URL("../../dist/config/live/main.js", import.meta.url));

let cwd: string;
let host: Host;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "ganger-host-"));
  host = new Host();
});
afterEach(async () => {
  host.child.kill("SIGKILL");
  await rm(cwd, { recursive: true });
});

/** The process that holds a configuration, with this test in the place of its manager. */
class Host {
  readonly said: FromConfigHost[] = [];
  readonly child: ChildProcess;
  readonly link: Link<FromConfigHost, ToConfigHost>;

  constructor() {
    this.child = spawn(process.execPath, ["--import", REGISTER, MAIN], {
      stdio: ["ignore", "inherit", "inherit", "pipe"],
    });
    this.link = new Link<FromConfigHost, ToConfigHost>(this.child.stdio[3] as Duplex, (message) =>
      this.said.push(message),
    );
  }

  /** All messages of a type, once there are so many. */
  async hears<T extends FromConfigHost["type"]>(type: T, count = 1) {
    const ofType = () =>
      this.said.filter((message): message is Extract<FromConfigHost, { type: T }> => message.type === type);
    const what = () => `${type} was said ${count} times, but ${JSON.stringify(this.said)}`;
    return eventually(what, () => ofType().length >= count && ofType());
  }

  async load(name: string, text: string, order: Partial<LoadOrder> = {}) {
    await writeFile(join(cwd, name), text);
    this.link.send({ type: "load", order: { file: name, env: {}, cwd, ...order } });
  }
}

/** A module whose loader reads its answer, as code, from a file. */
const FROM_FILE = `
  import { readFileSync } from "node:fs";
  export default { workers: () => new Function(readFileSync(import.meta.dirname + "/answer", "utf8"))() };
`;

/** In one step, as the loader may read at any time. */
async function answer(code: string): Promise<void> {
  await writeFile(join(cwd, "next"), code);
  await rename(join(cwd, "next"), join(cwd, "answer"));
}

describe("the process that holds the configuration", () => {
  it("loads one of YAML", async () => {
    await host.load("ganger.yml", "app: shop\nworkers: { mail: 2 }");

    const [{ loaded } = { loaded: undefined }] = await host.hears("loaded");
    expect(loaded).toMatchObject({ isDynamic: false, hooks: [], config: { app: "shop" } });
    expect(loaded?.warnings).toEqual([expect.stringContaining("jobs")]);
  });

  it("asks a loader in TypeScript with the environment, and again and again", async () => {
    const text = `
      let asked: number = 0;
      export default {
        workers: async (environment: string) => ({ [environment]: Math.min(++asked, 3) }),
      };`;
    await host.load("ganger.ts", text, { environment: "live" });

    const [{ loaded } = { loaded: undefined }] = await host.hears("loaded");
    expect(loaded).toMatchObject({ isDynamic: true, config: { workers: [{ queues: "live", count: 1 }] } });
    const told = await host.hears("workers", 2);
    expect(told.map(({ workers }) => workers)).toMatchObject([
      [{ queues: "live", count: 2, stopMs: 30_000 }],
      [{ queues: "live", count: 3 }],
    ]);
  });

  it("keeps the last good answer of a loader, and tells of each trouble once", async () => {
    await answer("return { mail: 1 }");
    await host.load("ganger.mjs", FROM_FILE);
    await host.hears("loaded");

    await answer("throw new Error('redis://u:s3cret@h is down')");
    await host.hears("trouble");
    await answer("return { mail: 'lots' }");
    await host.hears("trouble", 2);
    await answer("return 5");
    await host.hears("trouble", 3);
    await answer("return { mail: 2 }");
    const [{ workers } = { workers: [] }] = await host.hears("workers");

    expect(workers).toMatchObject([{ queues: "mail", count: 2 }]);
    const troubles = await host.hears("trouble");
    expect(troubles).toMatchObject([
      { what: "loader", reason: expect.stringContaining("redis://u:***@h is down") },
      { what: "loader", reason: expect.stringContaining("workers.mail: must be a whole number") },
      { what: "loader", reason: expect.stringContaining("not number") },
    ]);
    expect(await host.hears("workers")).toHaveLength(1);
  });

  it("gives up waiting for a loader that does not answer, and asks again", async () => {
    await answer("return { mail: 1 }");
    await host.load("ganger.mjs", FROM_FILE);
    await host.hears("loaded");

    await answer("return new Promise(() => {})");
    expect(await host.hears("trouble")).toMatchObject([{ reason: expect.stringContaining("within 10 s") }]);
    await answer("return { mail: 3 }");
    expect(await host.hears("workers")).toMatchObject([{ workers: [{ count: 3 }] }]);
  });

  it("calls hooks of the configuration with what it is told, and survives what they throw", async () => {
    const text = `
      import { appendFileSync } from "node:fs";
      const note = (text) => appendFileSync(import.meta.dirname + "/notes", text + "\\n");
      export default {
        workers: { mail: 1 },
        hooks: {
          afterSpawn: async ({ pid, queues }) => note(pid + " " + queues),
          onShutdown() { throw new TypeError("not yet"); },
          beforeJob() {},
        },
      };`;
    await host.load("ganger.mjs", text);
    const [{ loaded } = { loaded: undefined }] = await host.hears("loaded");
    expect(loaded?.hooks).toEqual(["afterSpawn", "onShutdown"]);
    expect(loaded?.config.hooks).toBe(join(cwd, "ganger.mjs"));

    host.link.send({ type: "hook", id: 1, name: "afterSpawn", facts: { pid: 7, queues: "mail" } });
    host.link.send({ type: "hook", id: 2, name: "onShutdown", facts: undefined });
    host.link.send({ type: "hook", id: 3, name: "onInfo", facts: {} });
    const ids = (await host.hears("hooked", 3)).map(({ id }) => id);

    expect(ids.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(await host.hears("trouble")).toEqual([
      { type: "trouble", what: "hook onShutdown", reason: "TypeError: not yet" },
    ]);
  });

  it.each([
    ["by name", "export function onInfo() { throw new Error('by name'); }"],
    ["as its default", "export default { onInfo() { throw new Error('as its default'); } };"],
  ])("finds hooks that a module of their own exports %s", async (how, text) => {
    await writeFile(join(cwd, "hooks.mjs"), text);
    await host.load("ganger.yml", "hooks: ./hooks.mjs");
    await host.hears("loaded");

    host.link.send({ type: "hook", id: 1, name: "onInfo", facts: {} });
    expect(await host.hears("trouble")).toMatchObject([{ reason: `Error: ${how}` }]);
  });

  it.each([
    ["ganger.yml", "wrokers: {}", /ganger\.yml:1: wrokers: is no option/],
    ["ganger.yml", "hooks: ./absent.mjs", /hooks: .*absent\.mjs: cannot be loaded/],
    ["ganger.mjs", "throw new Error('no');", /ganger\.mjs: cannot be loaded: Error: no/],
    ["ganger.mjs", "export default {", /ganger\.mjs: cannot be loaded: SyntaxError: .*ganger\.mjs:1\)/],
    ["ganger.mjs", "export default { workers() { throw new Error('no'); } };", /workers: the function threw/],
  ])("says why %s with %j cannot be loaded", async (name, text, expected) => {
    await host.load(name, text);

    const [{ failure } = { failure: undefined }] = await host.hears("failed");
    expect(failure).toMatchObject({
      code: "GANGER_CONFIG_INVALID",
      message: expect.stringMatching(expected),
    });
  });

  it("loads again when it is told so, and keeps asking the last good loader when that fails", async () => {
    await answer("return { mail: 1 }");
    await host.load("ganger.mjs", FROM_FILE);
    await host.hears("loaded");

    await host.load("ganger.yml", "wrokers: {}");
    await host.hears("failed");
    await answer("return { mail: 2 }");
    await host.hears("workers");

    await host.load("ganger.yml", "workers: { mail: 5 }");
    expect(await host.hears("loaded", 2)).toMatchObject([{}, { loaded: { isDynamic: false } }]);
  });

  it("outlives errors that nobody caught, and signals that are meant for its manager", async () => {
    const text = `
      setTimeout(() => { throw new Error("later"); }, 1);
      Promise.reject(new Error("lost"));
      export default { workers: {} };`;
    await host.load("ganger.mjs", text);
    const troubles = await host.hears("trouble", 2);

    expect(troubles.map(({ reason }) => reason).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "uncaught Error: later",
      "uncaught Error: lost",
    ]);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const) host.child.kill(signal);
    host.link.send({ type: "hook", id: 1, name: "onInfo", facts: {} });
    await host.hears("hooked");
  });

  it("ends when its manager is gone, whatever the module left open", async () => {
    await host.load(
      "ganger.mjs",
      "setInterval(() => {}, 1000); export default { workers: () => ({ a: 1 }) };",
    );
    await host.hears("loaded");

    const ended = once(host.child, "exit");
    host.link.close();
    expect(await ended).toEqual([0, null]);
  });
});
