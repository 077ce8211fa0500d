import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { ForkError } from "./errors.js";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Compiled here, else brought along. */
const places = [at("build/ganger-fork.node"), at(`prebuilds/linux-${process.arch}/ganger-fork.node`)];

const isGlibc = () => process.report?.getReport().header.glibcVersionRuntime !== undefined;

let loaded;

/** Answers `{ addon }` or `{ why }`. */
function load() {
  if (process.platform !== "linux") return { why: `it works on Linux only, and this is ${process.platform}` };
  const problems = [];
  for (const place of places.filter((path) => existsSync(path))) {
    try {
      return { addon: createRequire(import.meta.url)(place) };
    } catch (error) {
      problems.push(error.message);
    }
  }
  if (!isGlibc()) return { why: "this Linux has no glibc (musl is not supported)" };
  if (problems.length > 0) return { why: `its binary cannot be loaded: ${problems.join("; ")}` };
  return {
    why: `there is no binary for linux-${process.arch}; with g++ installed, \`npm rebuild ganger-fork\` makes one`,
  };
}

const state = () => (loaded ??= load());

const unknownPlatform = () =>
  `Node.js ${process.version} keeps its threads in a way that this version does not know`;

/** Why there is no fork here; a binary that loads is not enough. */
export function whyUnavailable() {
  const { addon: found, why } = state();
  return found === undefined || found.isPlatformKnown() ? why : unknownPlatform();
}

export const isAvailable = () => whyUnavailable() === undefined;

export function addon() {
  const { addon: found, why } = state();
  if (found !== undefined) return found;
  throw new ForkError("GANGER_FORK_UNAVAILABLE", `ganger-fork is not available: ${why}`);
}

/** As `addon`, for those who are going to fork. */
export function forkingAddon() {
  const why = whyUnavailable();
  if (why === undefined) return addon();
  throw new ForkError("GANGER_FORK_UNAVAILABLE", `ganger-fork is not available: ${why}`);
}
