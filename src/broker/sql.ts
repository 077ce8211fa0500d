import { readFileSync } from "node:fs";

/**
 * Reads a file of named statements: each starts with a line `-- name: x` and
 * ends at the next. Tables are written `ganger_…`, and get the given prefix.
 */
export function readStatements(file: URL, prefix: string): ReadonlyMap<string, string> {
  const [, ...blocks] = readFileSync(file, "utf8").split(/^-- name: /m);
  return new Map(
    blocks.map((block) => {
      const end = block.indexOf("\n");
      return [
        block.slice(0, end).trim(),
        withPrefix(block.slice(end + 1), prefix)
          .trim()
          .replace(/;$/, ""),
      ];
    }),
  );
}

/** Gives every table of a script the prefix of this application. */
export function withPrefix(sql: string, prefix: string): string {
  return sql.replaceAll(/\bganger_/g, `${prefix}_`);
}
