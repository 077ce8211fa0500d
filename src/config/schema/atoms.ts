import { z } from "zod";
import { type Duration, toMs } from "../../job/duration.ts";
import { SIZE_UNITS, toBytes } from "../../job/size.ts";

const DURATION_RULE = 'must be milliseconds or a text such as "500ms", "30s", "5m", "2h" or "7d"';

export const duration = z
  .union([z.number(), z.templateLiteral([z.number(), z.enum(["ms", "s", "m", "h", "d"])])], DURATION_RULE)
  .refine(isDuration, DURATION_RULE)
  .transform((value) => toMs(value));

const SIZE_RULE = 'must be bytes, 1MB at least, or a text such as "512MB" or "1.5GB"';

export const size = z
  .union([z.number(), z.templateLiteral([z.number(), z.enum(SIZE_UNITS)])], SIZE_RULE)
  .refine((value) => toBytes(value) >= 1024 ** 2, SIZE_RULE)
  .transform((value) => toBytes(value));

export const whole = (min: number, max: number) => {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z.int(rule).min(min, rule).max(max, rule);
};

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(", ")}`);

export const filled = z
  .string("must be a text")
  .trim()
  .min(1, "must not be empty")
  .max(1000, "must have 1000 characters at most");

/** The message where there is something else than a mapping. Unknown keys have messages of their own. */
export function mappingError(rule: string) {
  return {
    error: ({ code }: { readonly code: string }) => (code === "invalid_type" ? rule : undefined),
  };
}

function isDuration(value: Duration): boolean {
  try {
    toMs(value);
    return true;
  } catch {
    return false;
  }
}
