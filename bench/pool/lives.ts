import { fileURLToPath } from "node:url";
import { connect } from "ganger";
import type { Figure } from "../measure.ts";
import { type Defer, scoped } from "../scope.ts";
import { GangerPool, isReady, type PoolSetup } from "./ganger-pool.ts";
import { cpuOf, pssOf, treeOf } from "./proc.ts";
import { Program } from "./program.ts";

const CLUSTER = fileURLToPath(new URL("../programs/cluster.mjs", import.meta.url));
const BARE = fileURLToPath(new URL("../programs/bare.mjs", import.meta.url));

/** From the start of `ganger start` until the log has named the last worker ready, and from the wish to stop to its end. */
export function measureGangerLife(setup: PoolSetup): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const pool = new GangerPool(setup, defer);
    const manager = pool.start();
    const { at } = await manager.line(isReady, setup.workers);
    const figures = startFigures([manager], at);
    const stop = performance.now();
    manager.signal("SIGTERM");
    return [...figures, stopFigure(stop, await manager.ended())];
  });
}

/** Node.js' own `cluster`, from the start of its primary. */
export function measureClusterLife(workers: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const { folder } = new GangerPool({ workers }, defer);
    const file = `${folder}/ganger.db`;
    await (await connect(`sqlite:${file}`))[Symbol.asyncDispose]();
    return measureLife([track(new Program([CLUSTER, file, String(workers)], folder), defer)]);
  });
}

/** Processes that do nothing at all. */
export function measureBareLife(workers: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const { folder } = new GangerPool({ workers }, defer);
    return measureLife(Array.from({ length: workers }, () => track(new Program([BARE], folder), defer)));
  });
}

async function measureLife(programs: readonly Program[]): Promise<readonly Figure[]> {
  const lines = await Promise.all(programs.map((program) => program.line(({ msg }) => msg === "all ready")));
  const figures = startFigures(programs, Math.max(...lines.map(({ at }) => at)));
  const stop = performance.now();
  for (const program of programs) program.signal("SIGTERM");
  const ends = await Promise.all(programs.map((program) => program.ended()));
  return [...figures, stopFigure(stop, Math.max(...ends))];
}

function track(program: Program, defer: Defer): Program {
  defer(() => program.kill());
  return program;
}

function startFigures(programs: readonly Program[], readyAt: number): readonly Figure[] {
  const all = programs.flatMap(({ pid }) => treeOf(pid));
  const [first] = programs;
  return [
    { detail: "start to all ready", unit: "ms", value: readyAt - (first?.startedAt ?? Number.NaN) },
    { detail: "CPU of the start", unit: "ms", value: cpuOf(all) },
    { detail: "memory when ready (PSS)", unit: "MiB", value: pssOf(all) },
  ];
}

function stopFigure(asked: number, ended: number): Figure {
  return { detail: "stop, idle", unit: "ms", value: ended - asked };
}
