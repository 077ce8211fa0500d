import { GangerError } from "../errors.ts";

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof UNIT_MS;

/** Milliseconds, or a number with a unit such as `"30s"`, `"1.5h"` or `"7d"`. */
export type Duration = number | `${number}${Unit}`;

/**
 * Reads a duration as whole milliseconds.
 *
 * @throws `GANGER_DURATION_INVALID` when it is negative, not finite or has no known unit.
 */
export function toMs(duration: Duration, what = "duration"): number {
  const ms = typeof duration === "number" ? duration : parseDuration(duration);
  if (Number.isFinite(ms) && ms >= 0 && ms <= MAX_MS) return Math.round(ms);
  throw new GangerError("GANGER_DURATION_INVALID", `${what} is ${JSON.stringify(duration)}`, {
    hint: 'Give milliseconds or a text such as "500ms", "30s", "5m", "2h" or "7d", 100 years at most.',
  });
}

const MAX_MS = 100 * 366 * UNIT_MS.d;

/** Reads a text as milliseconds; `NaN` when it is no duration. */
export function parseDuration(text: string): number {
  const { amount = "", unit = "" } = /^(?<amount>\d+(?:\.\d+)?)(?<unit>[a-z]+)$/.exec(text)?.groups ?? {};
  return isUnit(unit) ? Number(amount) * UNIT_MS[unit] : Number.NaN;
}

function isUnit(text: string): text is Unit {
  return Object.hasOwn(UNIT_MS, text);
}
