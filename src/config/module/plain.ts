import { suggest } from "../check/suggestions.ts";
import { HOOK_NAMES } from "../hooks.ts";
import { isMapping } from "../layer/sources.ts";
import { inWords, within } from "./deadline.ts";
import { type Mapping, ModuleError } from "./import.ts";

/** What a configuration module says now: plain data, with its loaders asked and its hooks named by its own path. */
export interface PlainConfig {
  readonly data: unknown;
  /** A loader was asked, and may answer something else the next time. */
  readonly isDynamic: boolean;
}

export interface PlainOptions {
  readonly file: string;
  readonly environment: string;
  /** How long a loader may take. @default 10 seconds */
  readonly loaderMs?: number | undefined;
}

/**
 * Makes plain data of what a module exports.
 *
 * @throws `ModuleError` for what no configuration is, and for a loader that fails.
 */
export async function toPlainConfig(exported: unknown, options: PlainOptions): Promise<PlainConfig> {
  if (!isMapping(exported)) {
    throw new ModuleError("must export a plain object as its default: export default defineConfig({ … })");
  }
  const { file, environment, loaderMs = LOADER_MS } = options;
  const { environments } = exported;
  const asked: string[] = [];
  const ask = async (path: readonly string[], section: unknown): Promise<unknown> => {
    if (!isMapping(section) || !isLoader(section["workers"])) return section;
    const { workers, ...rest } = section;
    const isInForce = path.length === 0 || path[1] === environment;
    if (!isInForce) return rest;
    const key = [...path, "workers"].join(".");
    asked.push(key);
    return { ...rest, workers: await askLoader(key, workers, environment, loaderMs) };
  };

  const root = { ...withHooks(exported, file) };
  if (isMapping(environments)) {
    const sections = Object.entries(environments).map(
      async ([name, section]) => [name, await ask(["environments", name], section)] as const,
    );
    Object.assign(root, { environments: Object.fromEntries(await Promise.all(sections)) });
  }
  const data = await ask([], root);
  const odd = findOdd(data, []);
  if (odd !== undefined) throw new ModuleError(odd);
  // As it looks on the other side of a process border, also when it crosses none.
  return { data: JSON.parse(JSON.stringify(data)), isDynamic: asked.length > 0 };
}

export type Loader = (environment: string) => unknown;

export function isLoader(value: unknown): value is Loader {
  return typeof value === "function";
}

async function askLoader(key: string, loader: unknown, environment: string, ms: number): Promise<Mapping> {
  if (!isLoader(loader)) throw new TypeError(`${key} is no function`);
  const answer = await within(ms, call(key, loader, environment), () => {
    throw new ModuleError(`${key}: the function did not answer within ${ms / 1000} s`);
  });
  if (isMapping(answer)) return answer;
  const kind = Array.isArray(answer) ? "a list" : answer === null ? "null" : typeof answer;
  throw new ModuleError(`${key}: the function must answer a mapping of queue lists to numbers, not ${kind}`);
}

async function call(key: string, loader: Loader, environment: string): Promise<unknown> {
  try {
    return await loader(environment);
  } catch (cause) {
    throw new ModuleError(`${key}: the function threw ${inWords(cause)}`, { cause });
  }
}

const LOADER_MS = 10_000;

/** Hooks in the module itself are found again by its path. */
function withHooks(exported: Mapping, file: string): Mapping {
  const { hooks } = exported;
  if (!isMapping(hooks)) return exported;
  for (const [name, hook] of Object.entries(hooks)) {
    if (!HOOK_NAMES.some((known) => known === name)) {
      const meant = suggest(name, HOOK_NAMES);
      const advice = meant === undefined ? `There is ${HOOK_NAMES.join(", ")}.` : `Did you mean ${meant}?`;
      throw new ModuleError(`hooks.${name}: is no hook. ${advice}`);
    }
    if (hook !== undefined && typeof hook !== "function") {
      throw new ModuleError(`hooks.${name}: must be a function`);
    }
  }
  return { ...exported, hooks: file };
}

/** What cannot be handed to another process, named by its path. */
function findOdd(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") {
    return `${path.join(".")}: is a ${typeof value}; a configuration is plain data, but for workers and hooks`;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (path.length > 20) return `${path.slice(0, 3).join(".")}: is nested too deeply`;
  for (const [key, child] of Object.entries(value)) {
    const odd = findOdd(child, [...path, key]);
    if (odd !== undefined) return odd;
  }
  return undefined;
}
