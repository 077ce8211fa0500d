import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const FOLDER = "examples/snippets";
const PAGES = ["README.md", ...readdirSync("docs/guide").map((name) => join("docs/guide", name))];

interface Block {
  readonly page: string;
  readonly file: string | undefined;
  readonly code: string;
}

const blocks = PAGES.flatMap((page): readonly Block[] =>
  Array.from(
    readFileSync(page, "utf8").matchAll(/^```ts(?: file=(\S+))?\n(.*?)^```$/gms),
    ([, file, code = ""]) => ({ page, file, code }),
  ),
);
const shown = blocks.filter((block) => block.file !== undefined);
const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(FOLDER, name));

describe("code in the pages", () => {
  it.each(shown.map(({ page, file, code }) => [page, file, code]))(
    "%s shows %s as it is",
    (_, file, code) => {
      expect(code).toBe(readFileSync(String(file), "utf8"));
    },
  );

  it("is a file wherever it is a whole program", () => {
    const loose = blocks.filter(({ file, code }) => file === undefined && /^import /m.test(code));

    expect(loose.map(({ page, code }) => `${page}: ${code}`)).toEqual([]);
  });

  it("leaves no snippet unshown", () => {
    const missing = files.filter((path) => shown.every(({ file }) => file !== path));

    expect(missing).toEqual([]);
  });
});

describe("snippets", () => {
  it("compile against the built package", () => {
    const settings = {
      extends: resolve("tsconfig.json"),
      compilerOptions: { paths: {}, rootDir: resolve("."), typeRoots: [resolve("node_modules/@types")] },
      files: files.map((file) => resolve(file)),
      include: [],
    };
    const folder = mkdtempSync(join(tmpdir(), "ganger-snippets-"));
    try {
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
      expect(compile(folder)).toBe("");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.concurrent.each(files)("%s runs and exits with 0", async (file) => {
    expect(await run(file)).toMatchObject({ code: 0 });
  });
});

/** What the compiler has to say. */
function compile(folder: string): string {
  try {
    return execFileSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "-p", folder], {
      encoding: "utf8",
    });
  } catch (error) {
    return error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
  }
}

/** Runs a snippet in a folder of its own. One that waits for SIGTERM gets it with the first line it prints. */
async function run(file: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const folder = mkdtempSync(join(tmpdir(), `ganger-${basename(file, ".ts")}-`));
  const waits = readFileSync(file, "utf8").includes('"SIGTERM"');
  const child = spawn(
    process.execPath,
    ["--import", resolve("dist/worker/modules/register.js"), resolve(file)],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
      killSignal: "SIGKILL",
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  if (waits) child.stdout.once("data", () => child.kill("SIGTERM"));
  try {
    const code = await new Promise<number | null>((done) => child.once("close", done));
    return { code, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
