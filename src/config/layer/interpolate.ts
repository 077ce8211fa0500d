import type { Path, Sourced } from "./sources.ts";

export type Env = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<fallback>[^{}]*))?\}|\$\{/g;

export interface Interpolated {
  readonly text: string;
  /** One sentence per reference that cannot be replaced. */
  readonly problems: readonly string[];
}

/**
 * Replaces `${NAME}` and `${NAME:-fallback}` by variables of the environment.
 * The fallback counts where the variable is unset or empty; `$${` stands for `${`.
 */
export function interpolate(text: string, env: Env): Interpolated {
  const problems: string[] = [];
  const replaced = text.replaceAll(REFERENCE, (whole: string, name?: string, fallback?: string) => {
    if (whole === "$${") return "${";
    if (name === undefined) {
      problems.push("has a ${ that is neither ${NAME} nor ${NAME:-fallback}; write $${ for the text itself");
      return whole;
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
    if (value !== undefined) return value;
    problems.push(`needs the variable ${name}, which is not set; set it, or write \${${name}:-fallback}`);
    return whole;
  });
  return { text: replaced, problems };
}

/** Interpolates a leaf, which may be a list. A number that came out of a variable is a number again. */
export function interpolateLeaf(
  leaf: Sourced,
  path: Path,
  env: Env,
): { readonly leaf: Sourced; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const replace = (value: unknown): unknown => {
    if (typeof value !== "string" || !value.includes("${")) return value;
    const result = interpolate(value, env);
    problems.push(...result.problems);
    return isNumeric(path) && /^\d+$/.test(result.text) ? Number(result.text) : result.text;
  };
  const value = Array.isArray(leaf.value) ? leaf.value.map(replace) : replace(leaf.value);
  return { leaf: { ...leaf, value }, problems };
}

/** Keys whose values, or those below them, are numbers or durations, so that digits may become a number. */
const NUMERIC = new Set(["workers", "retention", "heartbeat", "restart", "spawnDelay", "boot"]);

function isNumeric(path: Path): boolean {
  return NUMERIC.has(path[0] ?? "") && !path.includes("command");
}
