// Compiles the addon with a plain g++; it needs nothing else, for Node-API's four headers come with the package.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..");

const strict = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-fno-exceptions", "-fno-rtti"];

/** Every source but the face to JavaScript. */
export const plainSources = () =>
  readdirSync(join(root, "src"), { recursive: true })
    .filter((name) => name.endsWith(".cc") && name !== "addon.cc")
    .map((name) => join(root, "src", name));

/** Where node_api.h is: our own copy, the development dependency, this Node's installation, node-gyp's cache. */
function headers() {
  const version = process.versions.node;
  const places = [
    join(root, "include"),
    packagedHeaders(),
    process.env.npm_config_nodedir && join(process.env.npm_config_nodedir, "include/node"),
    resolve(dirname(process.execPath), "../include/node"),
    join(homedir(), ".cache/node-gyp", version, "include/node"),
  ];
  return places.find((place) => place && existsSync(join(place, "node_api.h")));
}

function packagedHeaders() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("node-api-headers/package.json")), "include");
  } catch {
    return undefined;
  }
}

/** Copies the headers beside the sources, for those who compile on install. */
export function packHeaders() {
  const from = packagedHeaders();
  if (from) cpSync(from, join(root, "include"), { recursive: true });
}

/** Runs a compiler; answers undefined, or what it said. */
export function run(compiler, args) {
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: "utf8" });
  return status === 0 ? undefined : (error?.message ?? stderr);
}

/** Answers undefined when `target` was built, else why not. */
export function compile(target, { compiler = process.env.CXX ?? "g++", extra = [] } = {}) {
  const include = headers();
  if (!include) return "the headers of Node-API were not found";
  mkdirSync(dirname(target), { recursive: true });
  // Beside its place and then moved: a process that has the old one loaded keeps it.
  const fresh = `${target}.${process.pid}`;
  const problem = run(compiler, [
    ...strict,
    "-O2",
    "-fPIC",
    "-shared",
    "-s",
    "-fvisibility=hidden",
    "-DNAPI_VERSION=8",
    `-I${include}`,
    "-o",
    fresh,
    ...plainSources(),
    join(root, "src/addon.cc"),
    ...extra,
  ]);
  if (problem === undefined) renameSync(fresh, target);
  return problem;
}

export const strictFlags = strict;
