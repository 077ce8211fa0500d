import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { GangerError, isGangerError } from "../../errors.ts";
import { registerTypeScript, usesTypeScript } from "./typescript.ts";

/**
 * Loads a module of the user's, TypeScript too.
 *
 * @throws `GANGER_MODULE_BROKEN` when it cannot be loaded, and what of ours it throws itself, each naming the file.
 */
export async function importModule(file: string): Promise<object> {
  if (await usesTypeScript(file)) registerTypeScript();
  try {
    const module: object = await import(pathToFileURL(file).href);
    return module;
  } catch (cause) {
    if (isGangerError(cause)) {
      throw new GangerError(cause.code, `${file}: ${cause.message}`, { cause, hint: cause.hint });
    }
    throw new GangerError("GANGER_MODULE_BROKEN", `${file} cannot be loaded: ${describe(cause, file)}`, {
      cause,
      hint: isDeepTypeScript(cause) ? DEEP_HINT : MEND_HINT,
    });
  }
}

const MEND_HINT = "Mend the module; run it by itself with: node --import ganger/register FILE";
const DEEP_HINT =
  "Give the module itself the ending .ts, or start ganger with NODE_OPTIONS=--import=ganger/register, for TypeScript that only modules of modules import.";

/** TypeScript that a module of a module imports, which shows only when it is too late to register. */
function isDeepTypeScript(cause: unknown): boolean {
  if (!(cause instanceof Error) || !("code" in cause)) return false;
  return cause.code === "ERR_UNKNOWN_FILE_EXTENSION" && /"\.m?ts"/.test(cause.message);
}

function describe(cause: unknown, file: string): string {
  if (!(cause instanceof Error)) return String(cause);
  const text = `${cause.name}: ${cause.message}`;
  const isPlaced = !(cause instanceof SyntaxError) || text.includes(file);
  const place = isPlaced ? undefined : (placeIn(cause.stack?.split("\n", 1)[0] ?? "") ?? placeOf(file));
  return place === undefined ? text : `${text} (${place})`;
}

/** Of JavaScript, Node.js says where a syntax error is only when it ends for it. */
function placeOf(file: string): string | undefined {
  if (file.endsWith("ts")) return undefined;
  const { stderr } = spawnSync(process.execPath, ["--check", file], { encoding: "utf8", timeout: 10_000 });
  return placeIn(stderr);
}

function placeIn(text: string): string | undefined {
  return /^(?:file:\/\/)?(\/.+:\d+)$/m.exec(text)?.[1];
}
