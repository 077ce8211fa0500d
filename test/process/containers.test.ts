import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "ganger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stateOf } from "../../src/util/proc-stat.ts";
import { stray } from "../fixtures/jobs-stray/stray.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf } from "../support/test-pool.ts";

const CLI = new URL("../../dist/cli/bin.js", import.meta.url).pathname;
const APP_DIRECTORY = new URL("../../dist/pool/process/app-directory.js", import.meta.url).href;
const SCRIPT = `
  import { appDirectory } from ${JSON.stringify(APP_DIRECTORY)};
  console.log(appDirectory({ app: "shop", broker: "sqlite:/a.db" }, process.argv[1]));`;

/** Process ids of its own, as a container has them. */
const CONTAINER = ["unshare", "--pid", "--fork", "--mount-proc"];
const isPossible = spawnSync("unshare", [...CONTAINER.slice(1), "true"]).status === 0;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-containers-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Where a manager leaves word of itself. */
function directoryIn(...wrapper: readonly string[]): string {
  const [file, ...args] = [...wrapper, process.execPath, "--input-type=module", "-e", SCRIPT, folder];
  const { stdout, stderr } = spawnSync(file, args, { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.trim();
}

describe.runIf(isPossible)("containers that share a folder for temporary files", () => {
  it("do not take each other's process ids for their own", () => {
    const directories = [directoryIn(), directoryIn(), directoryIn(...CONTAINER)];

    expect(directories[1]).toBe(directories[0]);
    expect(directories[2]).not.toBe(directories[0]);
    expect(readdirSync(folder)).toHaveLength(2);
  });
});

describe.runIf(isPossible)("a manager that is process 1 of a container", () => {
  it("waits for what its jobs leave behind, and ends as any other", async () => {
    const url = `sqlite:${join(folder, "ganger.db")}`;
    const jobs = new URL("../fixtures/jobs-stray", import.meta.url).pathname;
    const config = join(folder, "ganger.json");
    writeFileSync(config, JSON.stringify({ app: "boxed", broker: url, jobs, workers: { stray: 1 } }));
    const [file, ...args] = [...CONTAINER, process.execPath, CLI, "start", "-c", config];
    const box = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    box.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    await eventually(
      () => `a worker is ready: ${log}`,
      () => log.includes("worker ready"),
    );
    const [init = 0] = childrenOf(box.pid ?? 0);

    await using client = await connect(url);
    const ids = await client.enqueueMany(
      stray,
      Array.from({ length: 20 }, () => null),
    );
    await eventually(
      () => `all have run: ${log}`,
      async () => {
        for (const id of ids)
          if ((await client.broker.inspect?.find(id))?.state !== "completed") return false;
        return true;
      },
    );
    await eventually(
      () => `nobody is left: ${spawnSync("ps", ["-eo", "pid,ppid,stat,args"], { encoding: "utf8" }).stdout}`,
      () => childrenOf(init).every((pid) => stateOf(pid) !== "Z" && !nameOf(pid).startsWith("sleep")),
    );
    expect(log).not.toContain("not waited for");

    process.kill(init, "SIGTERM");
    expect(await once(box, "exit")).toEqual([0, null]);
  });
});

function nameOf(pid: number): string {
  return spawnSync("ps", ["-o", "comm=", "-p", String(pid)], { encoding: "utf8" }).stdout;
}
