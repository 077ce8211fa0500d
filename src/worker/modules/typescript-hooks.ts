import { readFile } from "node:fs/promises";
import type { LoadHook } from "node:module";
import { fileURLToPath } from "node:url";
import { transform } from "@swc/wasm-typescript";

const TYPESCRIPT = /\.m?ts$/;

/** A loader hook of Node.js: erases the types of `.ts` and `.mts` files, which are ES modules here. */
export const load: LoadHook = async (url, context, nextLoad) => {
  if (!url.startsWith("file:") || !TYPESCRIPT.test(url) || url.includes("/node_modules/")) {
    return nextLoad(url, context);
  }
  const filename = fileURLToPath(url);
  const source = await readFile(filename, "utf8");
  return { format: "module", shortCircuit: true, source: await strip(source, filename) };
};

async function strip(source: string, filename: string): Promise<string> {
  try {
    const { code } = await transform(source, { mode: "strip-only", filename, module: true });
    return code;
  } catch (error) {
    throw new SyntaxError(describe(error, filename), { cause: error });
  }
}

/** The compiler throws plain objects. */
function describe(error: unknown, filename: string): string {
  if (typeof error !== "object" || error === null || !("message" in error))
    return `${filename}: ${String(error)}`;
  const place =
    "startLine" in error && "startColumn" in error
      ? `:${String(error.startLine)}:${String(error.startColumn)}`
      : "";
  return `${String(error.message)} (${filename}${place})`;
}
