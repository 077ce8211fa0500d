import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { Groups } from "../../src/pool/group/groups.ts";
import { workerTiming } from "../../src/pool/group/timing.ts";

const RESTART = { delayMs: 100, maxMs: 30_000, stableMs: 10_000, all: false };

const nothing = () => undefined;

/** The groups of a pool whose workers are all wanted 0 times: nothing is started. */
async function create() {
  const cwd = mkdtempSync(join(tmpdir(), "ganger-groups-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, "ganger.yml"), "workers: { first: 0 }");
  const { config } = await loadConfig({ env: {}, cwd, flags: {} });
  const [template] = config.workers;
  if (template === undefined) throw new Error("there is no group");
  const groups = new Groups({
    timing: (spec) => workerTiming({ bootMs: 60_000, restart: RESTART }, spec),
    breaker: { minMs: 1000, maxMs: 1000 },
    spawn: () => {
      throw new Error("nothing is wanted");
    },
    nextStartAt: 0,
    started: nothing,
    moved: nothing,
    message: nothing,
    ended: nothing,
    failed: nothing,
  });
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
