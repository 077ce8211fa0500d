// Makes a clone ready to run: dependencies, the SQLite driver, dist. Does only what is missing and says what and why.
// Plain JavaScript without dependencies, because it runs before there are any.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { toolchainAdvice } from "./toolchain.mjs";

const OLDEST_NODE = [20, 19];
/** From here on Node brings its own SQLite, and the driver need not be compiled. */
const NODE_WITH_SQLITE = [22, 13];
const FORK = "native/fork";
const root = fileURLToPath(new URL("..", import.meta.url));

/** Prepares the clone, or says what is in the way and ends the process with 1. */
export async function setUp() {
  if (isOlder(OLDEST_NODE)) {
    fail(`ganger needs Node.js ${OLDEST_NODE.join(".")} or newer; this is ${process.version}.`);
  }
  installDependencies();
  if (isOlder(NODE_WITH_SQLITE)) compileSqlite();
  compileFork();
  const { build, isStale } = await import("./build.mjs");
  if (isStale()) {
    say(`building dist, because ${existsSync(join(root, "dist")) ? "the sources changed" : "it is missing"}`);
    if (!build()) fail("dist could not be built; the messages above say why.");
  }
}

function installDependencies() {
  const installed = modifiedAt("node_modules/.package-lock.json");
  if (installed >= modifiedAt("package-lock.json")) return;
  const reason = installed === 0 ? "node_modules is missing" : "package-lock.json is newer than node_modules";
  say(`installing the dependencies, because ${reason}`);
  // No install script is run: the one there is compiles the SQLite driver, which newer versions of Node can do without.
  const { status, output } = npm("ci", "--ignore-scripts", "--include=dev");
  if (status !== 0) fail(`${output}\nThe dependencies could not be installed; npm says why above.`);
}

function compileSqlite() {
  if (sqliteLoads()) return;
  say(`compiling better-sqlite3, because Node.js ${process.versions.node} has no SQLite (about a minute)`);
  const { output } = npm("rebuild", "better-sqlite3", "--ignore-scripts=false", "--foreground-scripts");
  if (sqliteLoads()) return;
  fail(
    toolchainAdvice() ?? `${tail(output)}\nbetter-sqlite3 could not be compiled; the messages above say why.`,
  );
}

/** Optional: without a compiler the tests of forks are skipped, as forks are left out wherever the addon is missing. */
function compileFork() {
  const sources = readdirSync(join(root, FORK, "src"), { recursive: true, encoding: "utf8" });
  const newest = Math.max(...sources.map((file) => modifiedAt(join(FORK, "src", file))));
  const built = modifiedAt(join(FORK, "build/ganger-fork.node"));
  if (process.platform !== "linux" || built >= newest) return;
  say(`compiling ganger-fork, because ${built === 0 ? "it is missing" : "its sources changed"}`);
  const { status, stderr } = spawnSync(process.execPath, [join(root, FORK, "scripts/build.mjs")], {
    encoding: "utf8",
  });
  if (status !== 0) say(`${tail(stderr)}\nganger-fork could not be compiled, and its tests are skipped`);
}

function sqliteLoads() {
  const program = "new (require('better-sqlite3'))(':memory:').close()";
  return spawnSync(process.execPath, ["-e", program], { cwd: root, stdio: "ignore" }).status === 0;
}

function npm(...args) {
  const { status, stdout, stderr, error } = spawnSync("npm", [...args, "--loglevel=error"], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...headersOfThisNode() },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) fail(`npm could not be started: ${error.message}`);
  return { status, output: `${stdout}${stderr}`.trim() };
}

/** The headers that came with this Node, so that compiling downloads none. */
function headersOfThisNode() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node.h")) ? { npm_config_nodedir: prefix } : {};
}

function isOlder([major, minor]) {
  const [thisMajor, thisMinor] = process.versions.node.split(".").map(Number);
  return thisMajor < major || (thisMajor === major && thisMinor < minor);
}

function modifiedAt(file) {
  return statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function tail(text) {
  return text.split("\n").slice(-20).join("\n");
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await setUp();
