import { setTimeout as delay } from "node:timers/promises";

/**
 * Asks again and again until the answer is not `undefined` or false; says what never came otherwise. What comes soon is
 * seen soon; what is waited for longer is asked for less often, as asking costs what is asked its time.
 */
export async function eventually<T>(
  what: string | (() => string | Promise<string>),
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 20_000,
): Promise<T> {
  const start = performance.now();
  const deadline = start + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline)
      throw new Error(`It never came that ${typeof what === "string" ? what : await what()}`);
    await delay(Math.min(2 + (performance.now() - start) / 40, MAX_PAUSE_MS));
  }
}

const MAX_PAUSE_MS = 15;
