import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

export type Mapping = Readonly<Record<string, unknown>>;

/** Why a module cannot be used; the message is the reason, for people. */
export class ModuleError extends Error {
  override readonly name = "ModuleError";
}

/** The default export of a module. */
export async function importDefault(file: string): Promise<unknown> {
  return defaultOf(await importModule(file));
}

/** Where the compiled files are, also when this one is run from its source. */
export const DIST = new URL(import.meta.url.endsWith(".ts") ? "../../../dist/" : "../../", import.meta.url);

const REGISTER = new URL("worker/modules/register.js", DIST).href;

/**
 * Loads a module of the user's, TypeScript too.
 *
 * @throws `ModuleError` with what it threw.
 */
export async function importModule(file: string): Promise<unknown> {
  // Only now: most configurations are no modules, and this starts a thread.
  await import(REGISTER);
  try {
    return await import(pathToFileURL(resolve(file)).href);
  } catch (cause) {
    // Only when it ends a process does Node.js tell where the slip is.
    if (isPlaceless(cause)) throw cause;
    const { name, message, stack } = cause instanceof Error ? cause : new Error(String(cause));
    const error = new ModuleError(`cannot be loaded: ${name}: ${message}`, { cause });
    if (stack !== undefined) error.stack = stack;
    throw error;
  }
}

/** A syntax error that does not tell where it is. */
export function isPlaceless(error: unknown): boolean {
  return error instanceof SyntaxError && !/:\d+/.test(error.message);
}

/** The default export. A CommonJS module that was compiled from ES has it one level deeper. */
export function defaultOf(module: unknown): unknown {
  if (typeof module !== "object" || module === null || !("default" in module)) return undefined;
  const exported = module.default;
  const isCompiled = typeof exported === "object" && exported !== null && "__esModule" in exported;
  return isCompiled ? defaultOf(exported) : exported;
}
