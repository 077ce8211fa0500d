// Builds dist beside the old one and swaps them, so that a failed build breaks nothing and no stale file stays.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { copyAssets } from "./assets.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, ".stamp");

/** Whether dist was built from other sources than there are now. */
export function isStale() {
  return !existsSync(stamp) || readFileSync(stamp, "utf8") !== fingerprint();
}

/** Builds dist and returns whether that succeeded; the compiler prints what is wrong. */
export function build() {
  const built = fingerprint();
  const next = join(root, `dist.${process.pid}`);
  const last = join(root, `dist.${process.pid}.old`);
  try {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const args = [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", next];
    if (spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status !== 0) return false;
    copyAssets(join(root, "src"), next);
    if (existsSync(join(next, "cli/bin.js"))) chmodSync(join(next, "cli/bin.js"), 0o755);
    writeFileSync(join(next, ".stamp"), built);
    if (existsSync(dist)) renameSync(dist, last);
    renameSync(next, dist);
    return true;
  } finally {
    rmSync(next, { recursive: true, force: true });
    rmSync(last, { recursive: true, force: true });
  }
}

/** By content, not by time: switching branches back and forth builds nothing twice. */
function fingerprint() {
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .toSorted();
  const settings = [
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "scripts/build.mjs",
    "scripts/assets.mjs",
  ];
  const hash = createHash("sha256");
  for (const file of [...settings.map((name) => join(root, name)), ...sources]) {
    hash.update(`${file.slice(root.length)}\n`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = build() ? 0 : 1;
