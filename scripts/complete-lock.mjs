// A registry that mirrors only some platforms' binaries makes npm leave the others out of package-lock.json, and then
// `npm ci` refuses the lock everywhere. This adds them, as npm would, but without the checksums it could not see.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const LOCKS = ["../package-lock.json", "../bench/peers/package-lock.json"];
const SYSTEMS = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
];
const PROCESSORS = [
  "arm",
  "arm64",
  "ia32",
  "loong64",
  "mips64el",
  "ppc64",
  "riscv64",
  "s390x",
  "wasm32",
  "x64",
];

/** The lock's packages that name an optional dependency of a platform which is not in the lock. */
function missingPlatforms({ packages }) {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {}, dev }]) =>
    Object.entries(optionalDependencies)
      .filter(
        ([name]) => !(`${path}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
      )
      .map(([name, version]) => ({ name, version, dev })),
  );
}

function complete(lock) {
  for (const { name, version, dev } of missingPlatforms(lock)) {
    const words = name.split(/[^a-z0-9]/);
    const libc = words.some((word) => word.startsWith("gnu"))
      ? "glibc"
      : words.find((word) => word === "musl");
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: PROCESSORS.filter((processor) => words.includes(processor)),
      ...(dev === true ? { dev } : {}),
      ...(libc === undefined ? {} : { libc: [libc === "musl" ? "musl" : "glibc"] }),
      optional: true,
      os: SYSTEMS.filter((system) => words.includes(system)),
    };
  }
  const [[root, own], ...rest] = Object.entries(lock.packages);
  const sorted = rest.toSorted(([a], [b]) => a.localeCompare(b, "en"));
  return { ...lock, packages: Object.fromEntries([[root, own], ...sorted]) };
}

for (const path of LOCKS) {
  const file = fileURLToPath(new URL(path, import.meta.url));
  const before = readFileSync(file, "utf8");
  const after = `${JSON.stringify(complete(JSON.parse(before)), undefined, 2)}\n`;
  // An untouched lock asks nobody to install anything again.
  if (after !== before) writeFileSync(file, after);
}
