import { describeSource, leaves, type Sourced } from "./layer/sources.ts";
import { redact } from "./redact.ts";

/** One value of the configuration, as it was said and by whom. Passwords are left out. */
export interface ExplainedValue {
  readonly key: string;
  readonly value: unknown;
  readonly source: string;
}

/** Every value with its source, in the order of the schema. */
export function explain(tree: Sourced, cwd: string): readonly ExplainedValue[] {
  return Array.from(leaves(tree), ([path, { value, source }]) => ({
    key: toKey(path),
    value: redactValue(value),
    source: describeSource(source, cwd),
  }));
}

/** A path as people write it; a key that is more than a word is quoted. */
export function toKey(path: readonly PropertyKey[]): string {
  return path
    .map(String)
    .map((key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key)))
    .join(".");
}

function redactValue(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  return Array.isArray(value) ? value.map(redactValue) : value;
}
