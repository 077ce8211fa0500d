import type { Problem } from "../check/problems.ts";
import type { Env } from "./interpolate.ts";
import { type Source, type Sourced, toSourced } from "./sources.ts";

/** Variables of Resque's scripts and what they set, for all workers, in seconds. */
const SECONDS: Readonly<Record<string, string>> = { GRACE_TIME: "stop", RESQUE_TERM_TIMEOUT: "grace" };

export interface Legacy {
  /** What is laid over each entry of `workers`. */
  readonly group: Sourced;
  readonly problems: readonly Problem[];
}

export function readLegacy(env: Env): Legacy {
  const children = new Map<string, Sourced>();
  const problems: Problem[] = [];
  for (const [name, key] of Object.entries(SECONDS)) {
    const text = env[name]?.trim() ?? "";
    if (text === "") continue;
    const source: Source = { kind: "env", name };
    if (/^\d+(?:\.\d+)?$/.test(text))
      children.set(
        key,
        toSourced(`${text}s`, () => source),
      );
    else problems.push({ path: [], reason: `must be a number of seconds, and is "${text}"`, source });
  }
  return { group: { source: { kind: "default" }, children }, problems };
}
