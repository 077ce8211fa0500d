import type { JobRecord } from "ganger";
import { type Measurement, measure } from "./measure.ts";
import { startProgress } from "./progress.ts";

export interface Comparison {
  /** What each file came to, by the pool. */
  readonly measured: ReadonlyMap<string, Measurement>;
  /** Files of which pool and sequential pass differ, though they did not change in between. */
  readonly different: readonly string[];
  /** Files that changed or vanished between the two, of which nothing can be said. */
  readonly changed: readonly string[];
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
  readonly seconds: number;
}

/** Measures all files again, one after the other in this process, and holds the pool's results against that. */
export async function compare(jobs: readonly JobRecord[], signal: AbortSignal): Promise<Comparison> {
  const start = performance.now();
  const progress = startProgress("checking ", jobs.length);
  const measured = new Map<string, Measurement>();
  const different: string[] = [];
  const changed: string[] = [];
  const failed: { path: string; reason: string }[] = [];
  for (const [place, job] of jobs.entries()) {
    signal.throwIfAborted();
    progress.update(place, 1);
    const { path }: { path: string } = JSON.parse(job.payload);
    if (job.state !== "completed" || job.result === undefined) {
      failed.push({ path, reason: job.error?.message ?? job.state });
      continue;
    }
    const result: Measurement = JSON.parse(job.result);
    const again = await measure(path);
    if (measured.has(path)) different.push(path);
    measured.set(path, result);
    if (isSame(result, again)) continue;
    if (isOtherFile(result, again)) changed.push(path);
    else different.push(path);
  }
  progress.stop();
  return { measured, different, changed, failed, seconds: (performance.now() - start) / 1000 };
}

function isSame(a: Measurement, b: Measurement): boolean {
  if (a.status !== "measured" || b.status !== "measured") return a.status === b.status;
  return (
    a.sha256 === b.sha256 &&
    a.gzipBytes === b.gzipBytes &&
    a.bytes === b.bytes &&
    a.lines === b.lines &&
    a.words === b.words
  );
}

function isOtherFile(a: Measurement, b: Measurement): boolean {
  if (a.status !== "measured" || b.status !== "measured") return a.status !== b.status;
  return a.modifiedMs !== b.modifiedMs || a.bytes !== b.bytes;
}
