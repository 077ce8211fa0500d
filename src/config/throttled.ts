import { type Duration, toMs } from "../job/duration.ts";
import type { Workers, WorkersLoader } from "./options.ts";

/** A loader that remembers its answer. */
export interface ThrottledLoader extends WorkersLoader {
  readonly reset: () => void;
}

/**
 * Asks a loader once in a period at most, and answers what it answered last in
 * between. Whatever the environment, as that of a process does not change. After
 * `reset` it is asked again, and so it is after it threw.
 *
 * @example
 * ```ts
 * export default defineConfig({ workers: throttled(countsFromDatabase, "30s") });
 * ```
 */
export function throttled(
  loader: WorkersLoader,
  period: Duration = "10s",
  now: () => number = () => performance.now(),
): ThrottledLoader {
  const periodMs = toMs(period, "period");
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer: Workers = {};

  const load = async (environment: string): Promise<Workers> => {
    const at = now();
    if (at - askedAt <= periodMs) return answer;
    answer = await loader(environment);
    askedAt = at;
    return answer;
  };
  const reset = (): void => {
    askedAt = Number.NEGATIVE_INFINITY;
    loader.reset?.();
  };
  return Object.assign(load, { reset });
}
