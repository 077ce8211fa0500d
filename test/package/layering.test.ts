import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, sep } from "node:path";
import { describe, expect, it } from "vitest";

const manifest: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = JSON.parse(
  readFileSync("package.json", "utf8"),
);

const CORE = ["errors", "util", "job"];
const REST = [
  "telemetry",
  "broker",
  "brokers",
  "ipc",
  "config",
  "client",
  "worker",
  "coordinator",
  "control",
  "forkserver",
  "pool",
];

/** Which rooms of `src/` each room may import from, besides itself. A file at the top is a room. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  errors: [],
  util: ["errors"],
  job: ["errors", "util"],
  telemetry: CORE,
  broker: CORE,
  brokers: [...CORE, "broker"],
  ipc: ["errors", "util"],
  config: [...CORE, "ipc"],
  control: ["errors", "util", "ipc"],
  client: [...CORE, "broker"],
  worker: [...CORE, "telemetry", "broker", "ipc", "coordinator"],
  coordinator: [...CORE, "telemetry", "broker", "ipc"],
  forkserver: [...CORE, "telemetry", "broker", "ipc", "worker"],
  pool: ["errors", "util", "telemetry", "ipc", "config", "control", "forkserver"],
  testing: [...CORE, "broker", "brokers/memory", "client", "worker"],
  cli: [...CORE, ...REST, "testing"],
  index: ["errors", "job", "broker", "client", "worker", "config"],
};

/** The one room that knows a library, so that it can be replaced in one place. */
const HOME: Record<string, string> = {
  "@standard-schema/spec": "job",
  zod: "config",
  yaml: "config",
  commander: "cli",
  "cli-table3": "cli",
  "cli-progress": "cli",
  "@swc/wasm-typescript": "worker",
  "ganger-fork": "forkserver",
  "better-sqlite3": join("brokers", "sqlite"),
  "node:sqlite": join("brokers", "sqlite"),
  ioredis: join("brokers", "redis"),
  pg: join("brokers", "postgres"),
  mysql2: join("brokers", "mysql"),
  amqplib: join("brokers", "rabbitmq"),
};

/** The single door from the contract to its implementations: opens them by URL, and only then. */
const CONNECT = join("broker", "connect.ts");

const ANY = /(?:\bfrom|^import|\bimport\(|\bgetBuiltinModule\()\s*"([^"\s]+)"/gm;
/** What is loaded with a file: neither types nor what is imported when it is needed. */
const STATIC = /^(?:(?:import|export)\s+(?!type\b)[^;]*?from|import)\s+"([^"]+)"/gm;

/** Text that may be a program for somebody else, such as what `ganger init` writes. */
const TEMPLATE = /`(?:[^`\\]|\\.)*`/gs;

const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

describe("rooms", () => {
  it.each(files)("%s imports only from rooms below its own", (file) => {
    const room = roomOf(file);
    const allowed = MAY_IMPORT[room];

    expect(allowed, `${room} needs a row in MAY_IMPORT`).toBeDefined();
    const forbidden = relativeImports(file)
      .filter((path) => roomOf(path) !== room)
      .filter((path) => !isDoor(file, path))
      .filter((path) => !allowed?.some((other) => other === roomOf(path) || isInside(other, path)));
    expect(forbidden).toEqual([]);
  });

  it.each(files.filter((file) => roomOf(file) === "brokers"))("%s knows no other broker", (file) => {
    const others = relativeImports(file)
      .filter((path) => roomOf(path) === "brokers")
      .filter((path) => path.split(sep)[1] !== file.split(sep)[1]);

    expect(others).toEqual([]);
  });
});

describe("libraries", () => {
  it.each(files)("%s imports only libraries at home in its room", (file) => {
    const strangers = libraryImports(file).filter((name) => !isInside(HOME[name] ?? "nowhere", file));

    expect(strangers).toEqual([]);
  });

  it("are declared, each with a home", () => {
    const declared = ["dependencies", "peerDependencies", "optionalDependencies"].flatMap((kind) =>
      Object.keys(manifest[kind] ?? {}),
    );

    expect(Object.keys(HOME)).toEqual(expect.arrayContaining(declared));
    expect([...declared, ...builtinModules, "node:sqlite"]).toEqual(
      expect.arrayContaining(Object.keys(HOME)),
    );
  });
});

describe("import cost", () => {
  const drivers = ["better-sqlite3", "ioredis", "pg", "mysql2", "amqplib"];
  const heavy = new Set(["zod", "yaml", "commander", "cli-table3", "cli-progress", ...drivers]);

  const lean = [
    "index.ts",
    join("worker", "process", "main.ts"),
    join("worker", "isolation", "process-main.ts"),
    join("worker", "isolation", "thread-main.ts"),
  ];

  it.each([...lean, join("forkserver", "main.ts")])(
    "%s loads no library of the CLI, the file or a store",
    (entry) => {
      const loaded = reachable(entry).flatMap((file) => libraryImports(file, STATIC));

      expect(loaded.filter((name) => heavy.has(name))).toEqual([]);
    },
  );

  it.each([...lean, join("pool", "manager.ts")])("%s loads no addon", (entry) => {
    const loaded = reachable(entry).flatMap((file) => libraryImports(file, STATIC));

    expect(loaded).not.toContain("ganger-fork");
  });

  it("keeps the application's side out of the manager", () => {
    const rooms = new Set(reachable(join("pool", "pool.ts")).map(roomOf));

    expect(["worker", "broker", "brokers", "client"].filter((room) => rooms.has(room))).toEqual([]);
  });
});

/** A file and all that is loaded with it. */
function reachable(file: string, seen = new Set<string>()): readonly string[] {
  if (seen.has(file) || !files.includes(file)) return [];
  seen.add(file);
  relativeImports(file, STATIC).forEach((path) => reachable(path, seen));
  return [...seen];
}

function roomOf(file: string): string {
  return (file.split(sep)[0] ?? "").replace(/\.ts$/, "");
}

function isInside(folder: string, file: string): boolean {
  return file.startsWith(folder + sep);
}

function isDoor(file: string, imported: string): boolean {
  const opens = /^brokers.[a-z]+.open\.ts$/.test(imported);
  return (
    file === CONNECT && opens && !/\bfrom "\.\.\/brokers\//.test(readFileSync(join("src", file), "utf8"))
  );
}

function relativeImports(file: string, syntax = ANY): readonly string[] {
  return importsOf(file, syntax)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => join(dirname(file), specifier));
}

/** Names of packages, and `node:sqlite`, which only some versions of Node have. */
function libraryImports(file: string, syntax = ANY): readonly string[] {
  return importsOf(file, syntax)
    .filter((specifier) => !specifier.startsWith("."))
    .filter((specifier) => !specifier.startsWith("node:") || specifier in HOME)
    .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
}

function importsOf(file: string, syntax: RegExp): readonly string[] {
  const code = readFileSync(join("src", file), "utf8")
    .split("\n")
    .filter((line) => !/^\s*(?:\*|\/\/|\/\*)/.test(line))
    .join("\n")
    .replace(TEMPLATE, "``");
  return Array.from(code.matchAll(syntax), ([, specifier = ""]) => specifier);
}
