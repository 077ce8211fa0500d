/**
 * Delays are made of powers of two: queue `n` keeps its messages for 2^n milliseconds. A message goes through
 * the queues of the bits of its delay, the longest first, and none of ganger's processes has to be there.
 * docs/decisions/0011-rabbitmq-model.md has the picture.
 */
export interface Hops {
  /** Exponents, falling. */
  readonly levels: readonly number[];
  /** What is left when all of them are behind it: a delay longer than the levels reach. */
  readonly restMs: number;
}

/** Longer delays are rounded up, by a 64th or half a second at most, so that a job takes few hops. */
export function hopsOf(delayMs: number): Hops {
  const granule = Math.min(MAX_GRANULE, 2 ** Math.max(0, Math.floor(Math.log2(delayMs / 64))));
  const rounded = Math.ceil(delayMs / granule) * granule;
  if (rounded > MAX_DELAY) return { levels: [TOP_LEVEL], restMs: Math.ceil(delayMs) - 2 ** TOP_LEVEL };
  const levels: number[] = [];
  for (let level = TOP_LEVEL; level >= 0; level--) {
    if (Math.floor(rounded / 2 ** level) % 2 === 1) levels.push(level);
  }
  return { levels, restMs: 0 };
}

const TOP_LEVEL = 31;
const MAX_DELAY = 2 ** 32 - 1;
const MAX_GRANULE = 512;

/** The way through the levels and then to a lane, as a routing key. */
export function toRoute(levels: readonly number[], lane: string): string {
  return `${levels.map((level) => `h${level}`).join(".")}.end.${lane}`;
}
