import { InvalidArgumentError } from "commander";
import { isGangerError } from "../errors.ts";
import { toMs } from "../job/duration.ts";
import { isName } from "../job/names.ts";

export function count(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 1_000_000) return value;
  throw new InvalidArgumentError("It must be a whole number from 1 to 1000000.");
}

export function processId(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value < 2 ** 31) return value;
  throw new InvalidArgumentError("It must be a process id, as ganger status shows it.");
}

export function priority(text: string): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Math.abs(value) <= 1_000_000_000) return value;
  throw new InvalidArgumentError("It must be a whole number, 0 by default; higher runs first.");
}

/** Milliseconds. */
export function duration(text: string): number {
  const amount = Number.parseFloat(text);
  const unit = UNITS.find((known) => text === `${amount}${known}`);
  if (unit !== undefined || text === String(amount)) {
    try {
      return toMs(unit === undefined ? amount : `${amount}${unit}`);
    } catch (error) {
      if (!isGangerError(error, "GANGER_DURATION_INVALID")) throw error;
    }
  }
  throw new InvalidArgumentError('It must be a text such as "500ms", "30s", "5m", "2h" or "7d".');
}

const UNITS = ["ms", "s", "m", "h", "d"] as const;

export function queueName(text: string): string {
  if (isName(text)) return text;
  throw new InvalidArgumentError("It must be 1 to 100 of A-Z a-z 0-9 _ . : / -.");
}

export function time(text: string): Date {
  const date = new Date(text);
  if (date.getTime() >= 0) return date;
  throw new InvalidArgumentError("It must be a time such as 2030-01-31T08:00:00Z.");
}

export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(`It is no JSON: ${reason}. Put it in single quotes: '{"to":"world"}'.`);
  }
}

export function url(text: string): string {
  if (/^[a-z]+:/.test(text)) return text;
  throw new InvalidArgumentError("It must be a URL such as sqlite:./ganger.db.");
}
