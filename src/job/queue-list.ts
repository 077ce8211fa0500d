import { GangerError } from "../errors.ts";
import { assertQueueName } from "./names.ts";

/** How a worker goes through its queue list: always from the left, by chance according to weight, or in turn. */
export type QueueOrder = "strict" | "weighted" | "fair";

interface Entry {
  /** A plain name, or the source of a glob. */
  readonly text: string;
  readonly glob: RegExp | undefined;
  readonly weight: number;
}

/**
 * Queues in order of priority, such as `thumbs,mail,*`.
 *
 * `*`, `?` and `[…]` match names of queues that have work, in byte order, where
 * they stand in the list; `!low` and `!low_*` leave queues out, wherever they
 * stand. A queue is served at its first mention. `mail=3` gives a weight, which
 * counts under the order `weighted`; without one the n-th of m entries has m − n + 1.
 * The rules are Resque's.
 */
export class QueueList {
  /** The list as text, which is the label of a worker everywhere. */
  readonly label: string;
  readonly #entries: readonly Entry[];
  readonly #excluded: readonly RegExp[];

  private constructor(label: string, entries: readonly Entry[], excluded: readonly RegExp[]) {
    this.label = label;
    this.#entries = entries;
    this.#excluded = excluded;
  }

  /** @throws `GANGER_QUEUE_INVALID` for an empty list, a bad name, a bad weight, or negations alone. */
  static parse(list: string | readonly string[]): QueueList {
    const items = (typeof list === "string" ? list.split(",") : [...list]).map((item) => item.trim());
    const named = items.filter((item) => item !== "");
    const excluded = named.filter((item) => item.startsWith("!")).map((item) => toGlob(item.slice(1)));
    const included = named.filter((item) => !item.startsWith("!"));
    if (included.length === 0) {
      throw new GangerError("GANGER_QUEUE_INVALID", `The queue list "${items.join(",")}" names no queue`, {
        hint: 'Name at least one queue or pattern, such as "mail", "mail,*" or "*,!low".',
      });
    }
    const entries = included.map((item, place) => toEntry(item, included.length - place));
    return new QueueList(named.join(","), entries, excluded);
  }

  /** Whether the queues depend on which have work: a pattern or a negation is in the list. */
  get isDynamic(): boolean {
    return this.#excluded.length > 0 || this.#entries.some((entry) => entry.glob !== undefined);
  }

  /** The queues to take from, in order, given the names of those that have work. */
  resolve(ready: readonly string[]): readonly string[] {
    return this.weigh(ready).map(({ queue }) => queue);
  }

  /** As `resolve`, with the weight of each queue. */
  weigh(ready: readonly string[]): readonly WeighedQueue[] {
    const found = new Map<string, number>();
    for (const { text, glob, weight } of this.#entries) {
      const names = glob === undefined ? [text] : ready.filter((name) => glob.test(name));
      for (const name of names) if (!found.has(name) && !this.#excludes(name)) found.set(name, weight);
    }
    return Array.from(found, ([queue, weight]) => ({ queue, weight }));
  }

  /** Whether a job in this queue is any business of this list's. */
  includes(queue: string): boolean {
    if (this.#excludes(queue)) return false;
    return this.#entries.some(({ text, glob }) => (glob === undefined ? text === queue : glob.test(queue)));
  }

  #excludes(queue: string): boolean {
    return this.#excluded.some((glob) => glob.test(queue));
  }
}

export interface WeighedQueue {
  readonly queue: string;
  readonly weight: number;
}

function toEntry(item: string, defaultWeight: number): Entry {
  const [text = "", weightText, ...rest] = item.split("=");
  const weight = weightText === undefined ? defaultWeight : Number(weightText);
  if (rest.length > 0 || !Number.isInteger(weight) || weight < 1 || weight > MAX_WEIGHT) {
    throw new GangerError("GANGER_QUEUE_INVALID", `The weight in "${item}" is not a whole number`, {
      hint: `Write it as name=weight with a weight from 1 to ${MAX_WEIGHT}.`,
    });
  }
  if (/[*?[\]]/.test(text)) return { text, glob: toGlob(text), weight };
  assertQueueName(text);
  return { text, glob: undefined, weight };
}

const MAX_WEIGHT = 1000;

/** `*` any text, `?` one character, `[ab]`, `[a-z]` and `[!ab]` or `[^ab]` one of these or none of these. As `fnmatch` without flags. */
function toGlob(pattern: string): RegExp {
  const source = pattern.replaceAll(GLOB_PART, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part.startsWith("[")) return part.replace(/^\[!/, "[^");
    assertQueueName(`_${part}`);
    return part.replaceAll(/[.+$()|/]/g, String.raw`\$&`);
  });
  if (pattern === "") assertQueueName(pattern);
  try {
    return new RegExp(`^${source}$`);
  } catch (cause) {
    throw new GangerError("GANGER_QUEUE_INVALID", `The pattern "${pattern}" cannot be read`, {
      cause,
      hint: "Write a range from its lower to its higher character, such as [a-z].",
    });
  }
}

/** What a glob is made of; the last alternative is plain text. */
const GLOB_PART = /\*|\?|\[[!^]?[A-Za-z0-9_.:/-]+\]|[^*?[]+|\[/g;
