import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Group, type GroupHost } from "../../src/pool/group/group.ts";
import { Groups } from "../../src/pool/group/groups.ts";
import type { PoolWorker } from "../../src/pool/group/pool-worker.ts";
import { workerTiming } from "../../src/pool/group/timing.ts";

const RESTART = { delayMs: 100, maxMs: 30_000, stableMs: 10_000, all: false };

const nothing = () => undefined;

async function readConfig() {
  const cwd = mkdtempSync(join(tmpdir(), "ganger-groups-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, "ganger.yml"), "workers: { first: 0 }");
  const { config } = await loadConfig({ env: {}, cwd, flags: {} });
  const [template] = config.workers;
  if (template === undefined) throw new Error("there is no group");
  return { config, template };
}

function createHost(spawn: GroupHost["spawn"]): GroupHost {
  return {
    timing: (spec) => workerTiming({ bootMs: 60_000, restart: RESTART }, spec),
    breaker: { minMs: 1000, maxMs: 1000 },
    spawn,
    nextStartAt: 0,
    started: nothing,
    moved: nothing,
    message: nothing,
    ended: nothing,
    failed: nothing,
  };
}

/** The groups of a pool whose workers are all wanted 0 times: nothing is started. */
async function create() {
  const { config, template } = await readConfig();
  const groups = new Groups(
    createHost(() => {
      throw new Error("nothing is wanted");
    }),
  );
  /** What a loader answers now. */
  const serve = (...lists: readonly string[]) => {
    groups.apply(
      { ...config, workers: lists.map((queues) => Object.assign({}, template, { queues })) },
      config,
    );
    groups.converge();
  };
  return { groups, serve };
}

it("a group that comes back is the same, with what is known of its failures", async () => {
  const { groups, serve } = await create();
  serve("a", "b");
  const [a, b] = groups;
  serve("b");
  serve("b", "a");

  expect([groups.find("a"), groups.find("b")]).toEqual([a, b]);
  expect(groups.find("a")).toBe(a);
});

it("groups that are gone are forgotten one day, however many names a loader makes up, and present ones never", async () => {
  const { groups, serve } = await create();
  serve("steady", "gone");
  const [steady, gone] = groups;
  for (let n = 0; n < 99; n++) serve("steady", `tenant-${n}`);
  serve("steady", "gone");
  expect(groups.find("gone")).toBe(gone);
  for (let n = 100; n < 300; n++) serve("steady", `tenant-${n}`);
  serve("steady", "gone");

  expect(groups.find("gone")).not.toBe(gone);
  expect(groups.find("steady")).toBe(steady);
});

it("a successor that failed is not tried again at once, unless somebody asks for new workers again", async () => {
  const { template } = await readConfig();
  const started: PoolWorker[] = [];
  const group = new Group(
    template,
    createHost((worker) => {
      started.push(worker);
      return { pid: started.length, send: () => true, kill: nothing };
    }),
  );
  group.wanted = 1;
  group.converge();
  const [first] = started;
  if (first === undefined) throw new Error("no worker was started");
  group.receive(first, { type: "ready" });

  group.outdate();
  group.converge();
  const successor = started[1];
  if (successor === undefined) throw new Error("no successor was started");
  successor.exited({ code: 1, signal: null });
  group.settle(successor);
  expect(started).toHaveLength(2);

  group.outdate();
  group.converge();
  expect(started).toHaveLength(3);
});
