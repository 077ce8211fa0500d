import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const FOLDER = fileURLToPath(new URL("./peers/", import.meta.url));
const peers = createRequire(join(FOLDER, "package.json"));

/** Installs what `bench/peers` has in its lock, where that is missing or older; without running install scripts. */
export function installPeers(): void {
  const modifiedAt = (file: string) => statSync(join(FOLDER, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (modifiedAt("node_modules/.package-lock.json") >= modifiedAt("package-lock.json")) return;
  process.stderr.write("bench: installing the queues to compare with into bench/peers\n");
  const args = [
    "ci",
    "--ignore-scripts",
    "--legacy-peer-deps",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd: FOLDER, encoding: "utf8" });
  if (status !== 0) throw new Error(`${stdout}${stderr}\nThe queues to compare with could not be installed`);
}

/** Loads a package of `bench/peers`. Its types are believed: they are not there before it is installed. */
export async function importPeer<T>(name: string): Promise<T> {
  const loaded: { readonly default?: T } = await import(pathToFileURL(peers.resolve(name)).href);
  return loaded.default === undefined ? (loaded as T) : loaded.default;
}

export function versionOfPeer(name: string): string {
  const { version } = JSON.parse(
    readFileSync(join(FOLDER, "node_modules", name, "package.json"), "utf8"),
  ) as {
    version: string;
  };
  return version;
}

/** Whether this Node is new enough for a package that says it needs `major.minor`. */
export function isNode(major: number, minor: number): boolean {
  const [own = 0, ownMinor = 0] = process.versions.node.split(".").map(Number);
  return own > major || (own === major && ownMinor >= minor);
}
