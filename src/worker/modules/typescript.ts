import { readFile } from "node:fs/promises";
import { register } from "node:module";

/**
 * Lets this process import TypeScript without a build step: with Node.js' own
 * type stripping where it has it (22.18 and later), else with the compiler that
 * Node.js is built with. Types are erased; `enum` and other syntax that leaves
 * code behind is refused, the same everywhere.
 *
 * Below 22.18 it starts a thread with the compiler, which takes as long as the
 * start of a worker without it, and twice its memory.
 */
export function registerTypeScript(): void {
  if (isRegistered || isNative()) return;
  if (refusal !== undefined) throw refusal();
  isRegistered = true;
  register(new URL("./typescript-hooks.js", import.meta.url));
}

let isRegistered = false;

/** From now on this process starts no such thread, but throws what `reason` makes. */
export function forbidCompilerThread(reason: () => Error): void {
  refusal = reason;
}

let refusal: (() => Error) | undefined;

/** Whether a module is TypeScript, or says in so many words that it imports some. */
export async function usesTypeScript(file: string): Promise<boolean> {
  if (isRegistered || isNative()) return false;
  if (TYPESCRIPT.test(file)) return true;
  return SPECIFIER.test(await readFile(file, "utf8").catch(() => ""));
}

const TYPESCRIPT = /\.m?ts$/;
const SPECIFIER = /\.m?ts["'`]/;

function isNative(): boolean {
  return Boolean(Reflect.get(process.features, "typescript"));
}
