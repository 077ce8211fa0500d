import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Words that os-release calls a system or its kin by, and what brings a compiler there. */
const INSTALL = [
  { names: ["debian", "ubuntu"], line: "sudo apt-get update && sudo apt-get install -y python3 make g++" },
  { names: ["fedora", "rhel", "centos"], line: "sudo dnf install -y python3 make gcc-c++" },
  { names: ["amzn"], line: "sudo yum install -y python3 make gcc-c++" },
  { names: ["suse", "opensuse"], line: "sudo zypper install -y python3 make gcc-c++" },
  { names: ["arch"], line: "sudo pacman -S --needed python make gcc" },
  { names: ["alpine"], line: "apk add python3 make g++" },
  { names: ["darwin"], line: "xcode-select --install" },
];

/** What to type when a native addon cannot be compiled here, or `undefined` when the tools are all there. */
export function toolchainAdvice() {
  const missing = ["python3", "make", "g++"].filter(
    (tool) => spawnSync(tool, ["--version"], { stdio: "ignore" }).error !== undefined,
  );
  if (missing.length === 0) return undefined;
  const here = platformNames();
  const known = INSTALL.find(({ names }) => names.some((name) => here.includes(name)));
  const commands =
    known === undefined ? INSTALL.map(({ names, line }) => `${names[0]}: ${line}`) : [known.line];
  return [
    `better-sqlite3 must be compiled on Node.js ${process.versions.node}, and a C++ compiler is missing (no ${missing.join(", ")}).`,
    "Install it with",
    ...commands.map((line) => `  ${line}`),
    "and run the command again, or use Node.js 22.13 or newer, which needs no compiler.",
  ].join("\n");
}

function platformNames() {
  if (process.platform !== "linux") return [process.platform];
  try {
    const release = readFileSync("/etc/os-release", "utf8");
    return Array.from(release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm), ([, names]) =>
      names.split(" "),
    ).flat();
  } catch {
    return [];
  }
}
