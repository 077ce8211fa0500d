export const SIZE_UNITS = ["B", "kB", "KB", "MB", "GB", "KiB", "MiB", "GiB"] as const;
/** Bytes, or a number with a unit such as `"512MB"` or `"1.5GiB"`. A kilobyte has 1024 bytes however it is written. */
export type Size = number | `${number}${(typeof SIZE_UNITS)[number]}`;

/** Of 1024 each, whichever way they are written: operators mean the same by all of them. */
const FACTORS: Readonly<Record<string, number>> = {
  B: 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
};

/** Whole bytes; `NaN` for what is no size. */
export function toBytes(size: Size): number {
  const { amount = "", letter = "B" } =
    /^(?<amount>\d+(?:\.\d+)?)(?:(?<letter>[KMG])i?B|B)?$/.exec(String(size).replace("kB", "KB"))?.groups ??
    {};
  const bytes = Math.round(Number(amount || Number.NaN) * (FACTORS[letter] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : Number.NaN;
}

/** Bytes for people, as the configuration takes them. */
export function formatBytes(bytes: number): string {
  const [unit, factor] = bytes >= 1024 ** 3 ? (["GB", 1024 ** 3] as const) : (["MB", 1024 ** 2] as const);
  return `${Number((bytes / factor).toFixed(1))}${unit}`;
}
