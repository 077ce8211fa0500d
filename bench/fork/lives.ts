import { type Figure, quantile } from "../measure.ts";
import { pssOf } from "../pool/proc.ts";
import { type Defer, scoped } from "../scope.ts";
import type { Life, Way } from "./life.ts";
import type { Open } from "./ways.ts";

/** Whole lives per second, two at a time, each from its request over its first line to its end. */
export function measureStarts(open: Open, module: string, count: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const way = await warm(open, module, defer);
    const start = performance.now();
    let left = count;
    const lane = async () => {
      while (left-- > 0) await live(way);
    };
    await Promise.all([lane(), lane()]);
    return [{ unit: "per s", value: (count / (performance.now() - start)) * 1000 }];
  });
}

/** From a request to the first line, one at a time. */
export function measureFirstLines(open: Open, module: string, count: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const way = await warm(open, module, defer);
    const late: number[] = [];
    for (let nth = 0; nth < count; nth++) late.push(await live(way));
    late.sort((a, b) => a - b);
    return [
      { detail: "p50", unit: "ms", value: quantile(late, 0.5) },
      { detail: "p99", unit: "ms", value: quantile(late, 0.99) },
    ];
  });
}

async function warm(open: Open, module: string, defer: Defer): Promise<Way> {
  const way = await open(module, defer);
  for (let nth = 0; nth < 2; nth++) await live(way);
  return way;
}

async function live(way: Way): Promise<number> {
  const life = await way.start();
  await life.end();
  return life.firstLineMs;
}

/** Memory of so many lives, for each of `counts` in turn, and once more when the last of those have worked. */
export function measureMemory(
  open: Open,
  module: string,
  counts: readonly number[],
  jobs: number,
): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const way = await open(module, defer);
    const lives: Life[] = [];
    const figures: Figure[] = [];
    for (const count of counts) {
      while (lives.length < count) lives.push(await way.start());
      figures.push({ detail: `${count} idle`, unit: "MiB", value: pssOf(way.pids()) });
    }
    for (const life of lives) await life.work(jobs);
    const detail = `${lives.length} after ${jobs} jobs each`;
    return [...figures, { detail, unit: "MiB", value: pssOf(way.pids()) }];
  });
}
