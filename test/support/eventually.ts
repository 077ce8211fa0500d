import { setTimeout as delay } from "node:timers/promises";

/** Asks again and again until the answer is not `undefined` or false; says what never came otherwise. */
export async function eventually<T>(
  what: string | (() => string | Promise<string>),
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline)
      throw new Error(`It never came that ${typeof what === "string" ? what : await what()}`);
    await delay(2);
  }
}
