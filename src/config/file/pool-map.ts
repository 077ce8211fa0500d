import { basename } from "node:path";
import type { Problem } from "../check/problems.ts";
import { suggest } from "../check/suggestions.ts";
import { isMapping, type Path } from "../layer/sources.ts";
import { optionsSchema } from "../schema.ts";

/**
 * A file as resque-pool and qless-pool have it: queue lists and counts at its
 * root, and environments, which are mappings and are laid over the root.
 */
export interface PoolMap {
  /** The same as `ganger.yml` would say it. */
  readonly data: unknown;
  /** Where in the file a key of `data` is. */
  readonly pathOf: (path: Path) => Path;
  /** Lists of `data` that are most likely no queues. */
  readonly doubts: readonly Problem[];
}

/** Reads the data of a file as such a map, if it is one. */
export function toPoolMap(data: unknown, file: string, environment: string): PoolMap | undefined {
  if (!isMapping(data) || !isPoolMap(data, file, environment)) return undefined;
  const counts = Object.entries(data).filter(([, value]) => !isMapping(value));
  const sections = Object.entries(data).filter(([, value]) => isMapping(value));
  return {
    data: {
      workers: toWorkers(counts),
      environments: Object.fromEntries(
        sections.map(([name, section]) => [name, { workers: toWorkers(Object.entries(section ?? {})) }]),
      ),
    },
    doubts: isOurs(file) ? findSlips(counts) : [],
    pathOf: ([key, first = "", ...rest]) =>
      key === "environments" ? [first, ...rest.slice(1)] : [first, ...rest],
  };
}

/** Mappings in an environment are dropped, as resque-pool drops them, and lists without a count. */
function toWorkers(entries: readonly (readonly [string, unknown])[]): Readonly<Record<string, unknown>> {
  const counts = entries.filter(([, value]) => value !== null && !isMapping(value));
  return Object.fromEntries(counts.map(([list, value]) => [list, toCount(value)]));
}

function toCount(value: unknown): unknown {
  return typeof value === "string" && /^\d+$/.test(value.trim()) ? Number(value) : value;
}

/** Keys that say `ganger.yml` whatever their value is. */
const TELLING = new Set(["workers", "environments", "spawnDelay", "boot"]);

/** Names that are seldom anything but those of environments. */
const ENVIRONMENTS = new Set(["development", "test", "staging", "production"]);

function isPoolMap(data: Readonly<Record<string, unknown>>, file: string, environment: string): boolean {
  const entries = Object.entries(data);
  if (entries.some(([key, value]) => isOption(key) && !isCount(value))) return false;
  if (/^(?:resque|qless)-pool\.ya?ml$/.test(basename(file))) return true;
  // What has only slips in it is no map of queues: one that is meant has others as well.
  if (isOurs(file) && entries.length > 0 && findSlips(entries).length === entries.length) return false;
  if (!entries.every(([, value]) => isCount(value) || isSection(value))) return false;
  if (entries.some(([key, value]) => TELLING.has(key) || (isMapping(value) && isMisspelt(key)))) return false;
  return entries.some(([key, value]) =>
    isMapping(value) ? ENVIRONMENTS.has(key) || key === environment : value !== null,
  );
}

function isOption(key: string): boolean {
  return key === "environments" || Object.hasOwn(optionsSchema.shape, key);
}

function isMisspelt(key: string): boolean {
  return meantBy(key) !== undefined;
}

function meantBy(key: string): string | undefined {
  return isOption(key) ? undefined : suggest(key, [...Object.keys(optionsSchema.shape), "environments"]);
}

/** A name under which files of ours are found: whoever writes a map of queues there may as well have meant options. */
function isOurs(file: string): boolean {
  return /^ganger\.(?:ya?ml|json)$/.test(basename(file));
}

/** Counts under names that are nearly those of options. */
function findSlips(entries: readonly (readonly [string, unknown])[]): readonly Problem[] {
  return entries.flatMap(([list, value]): readonly Problem[] => {
    const meant = value === null || isMapping(value) ? undefined : meantBy(list);
    if (meant === undefined) return [];
    const reason = `is read as a queue. Did you mean ${meant}? If not, put the queues under workers:`;
    return [{ path: ["workers", list], reason }];
  });
}

function isSection(value: unknown): boolean {
  return isMapping(value) && Object.values(value).every((count) => isCount(count) || isMapping(count));
}

/** A number of workers, digits, or a variable that may hold such. A key without a value says nothing. */
function isCount(value: unknown): boolean {
  if (typeof value === "number" || value === null) return true;
  return typeof value === "string" && /^\s*\d+\s*$|^\$\{[^}]*\}$/.test(value);
}
