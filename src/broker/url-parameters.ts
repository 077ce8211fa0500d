import { GangerError } from "../errors.ts";
import { type Duration, parseDuration, toMs } from "../job/duration.ts";

const [MIN_MS, MAX_MS] = [100, 600_000];

/**
 * Reads `timeout=` of a broker's URL: a duration from 100 ms to 10 minutes, in milliseconds.
 *
 * @throws `GANGER_URL_INVALID` for anything else.
 */
export function toTimeoutMs(text: string | null | undefined, standard: Duration): number {
  const ms = typeof text === "string" ? parseDuration(text) : toMs(standard);
  if (ms >= MIN_MS && ms <= MAX_MS) return Math.round(ms);
  throw invalid(`timeout=${text} cannot be`, 'Give a time from 100ms to 10m, with its unit, such as "5s".');
}

/**
 * Reads a whole number of a broker's URL, within its bounds.
 *
 * @throws `GANGER_URL_INVALID` for anything else.
 */
export function toWhole(name: string, text: string, [min, max]: readonly [number, number]): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw invalid(`${name}=${text} cannot be`, `Give a whole number from ${min} to ${max}.`);
}

function invalid(message: string, hint: string): GangerError {
  return new GangerError("GANGER_URL_INVALID", message, { hint });
}
