import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const PROGRAM = `
import { connect, defineJob, Worker } from "ganger";

const greet = defineJob({
  name: "greet",
  perform(input: { name: string }): string {
    process.stdout.write(\`hello \${input.name}\\n\`);
    done();
    return input.name;
  },
});
let done: () => void = () => {};
const performed = new Promise<void>((resolve) => {
  done = resolve;
});

const client = await connect("memory:");
const worker = new Worker(client.broker, [greet]);
await worker.start();
const id: string = await client.enqueue(greet, { name: "consumer" });
await performed;
await worker[Symbol.asyncDispose]();
await client[Symbol.asyncDispose]();
process.stdout.write(typeof id);
// @ts-expect-error a payload of another shape does not compile
void (() => client.enqueue(greet, { nome: "consumer" }));
`;

const SETTINGS = {
  compilerOptions: {
    target: "es2022",
    module: "nodenext",
    lib: ["es2023", "esnext.disposable"],
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    rootDir: ".",
    outDir: "out",
  },
  files: ["program.ts"],
};

describe("a project that installs the package", () => {
  const project = mkdtempSync(join(tmpdir(), "ganger-consumer-"));

  beforeAll(() => {
    installFromTarball(project);
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", type: "module" }));
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(SETTINGS));
    writeFileSync(join(project, "program.ts"), PROGRAM);
  });

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it("compiles against its types and runs", () => {
    node(project, resolve("node_modules/typescript/bin/tsc"), "-p", ".");

    expect(node(project, "out/program.js")).toBe("hello consumer\nstring");
  });

  it.each([
    ["redis://localhost", "ioredis"],
    ["postgres://localhost/shop", "pg"],
    ["mysql://localhost/shop", "mysql2"],
    ["amqp://localhost", "amqplib"],
  ])("is told what to install for %s", (url, library) => {
    const program = `
      import { connect } from "ganger";
      await connect("${url}").catch(({ code, message, hint }) => process.stdout.write([code, message, hint].join("|")));
    `;
    writeFileSync(join(project, "driver.mjs"), program);

    expect(node(project, "driver.mjs")).toBe(
      `GANGER_DRIVER_MISSING|The client library "${library}" is not installed|npm install ${library}`,
    );
  });

  it("has the ganger command", () => {
    const version = node(project, join("node_modules/ganger", manifest.bin.ganger), "--version");

    expect(version.trim()).toBe(manifest.version);
  });
});

/** What `npm install` does, without a network: unpacks the tarball, and takes its dependencies from ours. */
function installFromTarball(project: string): void {
  const installed = join(project, "node_modules", "ganger");
  mkdirSync(installed, { recursive: true });
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", project];
  execFileSync("npm", args, { stdio: "pipe" });
  const tarball = join(project, `${manifest.name}-${manifest.version}.tgz`);
  execFileSync("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve("node_modules", name), link, "junction");
  }
}

function node(cwd: string, ...args: readonly string[]): string {
  try {
    return execFileSync(process.execPath, args, { cwd, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    throw new Error(`node ${args.join(" ")} failed\n${output}`, { cause: error });
  }
}
