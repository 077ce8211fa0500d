/**
 * Loads a configuration module and writes what it exports, as JSON, to file
 * descriptor 3. Runs in a process of its own: `file/evaluated.ts` starts it.
 */
import { writeSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

export type Answer =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly reason: string; readonly stack: string | undefined };

const CHANNEL = 3;

async function evaluate(file: string): Promise<Answer> {
  try {
    const module: unknown = await import(pathToFileURL(resolve(file)).href);
    const data = defaultOf(module);
    const odd = findOdd(data, []);
    if (odd !== undefined) return { ok: false, reason: odd, stack: undefined };
    return { ok: true, data };
  } catch (error) {
    // Only when it ends a process does Node.js tell where the slip is.
    if (error instanceof SyntaxError && !/:\d+/.test(error.message)) throw error;
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    return { ok: false, reason: `cannot be loaded: ${name}: ${message}`, stack };
  }
}

/** The default export. A CommonJS module that was compiled from ES has it one level deeper. */
function defaultOf(module: unknown): unknown {
  if (typeof module !== "object" || module === null || !("default" in module)) return undefined;
  const exported = module.default;
  const isCompiled = typeof exported === "object" && exported !== null && "__esModule" in exported;
  return isCompiled ? defaultOf(exported) : exported;
}

/** What cannot be handed to another process, named by its path. */
function findOdd(value: unknown, path: readonly string[]): string | undefined {
  if (path.length === 0 && (typeof value !== "object" || value === null || Array.isArray(value))) {
    return "must export a plain object as its default: export default defineConfig({ … })";
  }
  if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") {
    return `${path.join(".")}: is a ${typeof value}; a configuration is plain data`;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (path.length > 20) return `${path.slice(0, 3).join(".")}: is nested too deeply`;
  for (const [key, child] of Object.entries(value)) {
    const odd = findOdd(child, [...path, key]);
    if (odd !== undefined) return odd;
  }
  return undefined;
}

function send(answer: Answer): void {
  const rest = Buffer.from(`${JSON.stringify(answer)}\n`);
  for (let sent = 0; sent < rest.length; ) sent += writeSync(CHANNEL, rest, sent);
}

send(await evaluate(process.argv[2] ?? ""));
// The module may have left a timer or a connection open.
process.exit(0);
