import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

/** A script as the server gets it. */
export interface Script {
  readonly text: string;
  readonly digest: string;
}

const FOLDER = new URL("./lua/", import.meta.url);

/**
 * Reads the scripts in `lua/`. A first line `-- include a b` puts other files before it. With a second one,
 * `-- needs-memory`, it is refused by a server whose memory is used up; all others look, or end work, and run there.
 * Servers from version 7 on know such flags; older ones refuse, of all scripts, what may need memory and writes.
 */
export function readScripts(knowsFlags: boolean): ReadonlyMap<string, Script> {
  const scripts = new Map<string, Script>();
  for (const file of readdirSync(FOLDER)) {
    const [, name = ""] = /^([a-z]+)\.lua$/.exec(file) ?? [];
    const source = read(name);
    const [, includes] = /^-- include (.*)$/m.exec(source) ?? [];
    if (includes === undefined) continue;
    const flags = knowsFlags
      ? `#!lua${source.includes("\n-- needs-memory\n") ? "" : " flags=allow-oom"}\n`
      : "";
    const text = flags + [...includes.split(" "), name].map(read).join("\n");
    scripts.set(name, { text, digest: createHash("sha1").update(text).digest("hex") });
  }
  return scripts;
}

function read(name: string): string {
  return readFileSync(new URL(`${name}.lua`, FOLDER), "utf8");
}
