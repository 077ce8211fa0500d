import { readFileSync } from "node:fs";

/** The version in `package.json`, which is as far from the sources as from the compiled files. */
export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return /"version": "(?<version>[^"]+)"/.exec(text)?.groups?.["version"] ?? "unknown";
}
