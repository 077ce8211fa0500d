import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLParseError,
} from "yaml";
import { GangerError } from "../../errors.ts";
import { invalidConfig } from "../check/problems.ts";
import type { Path } from "../layer/sources.ts";
import { evaluateModule } from "./evaluated.ts";

/** The data of a configuration file, and which line a key is in. */
export interface ConfigFile {
  readonly data: unknown;
  readonly lineOf: (path: Path) => number | undefined;
}

/** Reads a configuration file by its extension. */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  switch (extname(file)) {
    case ".yml":
    case ".yaml":
      return fromYaml(await readText(file), basename(file));
    case ".json":
      return fromJson(await readText(file), basename(file));
    case ".js":
    case ".mjs":
    case ".ts":
    case ".mts":
      return { data: await evaluateModule(file), lineOf: () => undefined };
    default:
      throw invalidConfig([`${basename(file)}: must end in .yml, .yaml, .json, .js, .mjs, .ts or .mts`]);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GangerError("GANGER_CONFIG_MISSING", `The configuration cannot be read: ${reason}`, { cause });
  }
}

function fromYaml(text: string, name: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  if (document.errors.length > 0) throw toError(document.errors, text, lines, name);
  try {
    return { data: document.toJS(), lineOf: (path) => lineOf(document, lines, path) };
  } catch (cause) {
    throw invalidConfig([`${name}: ${cause instanceof Error ? cause.message : String(cause)}`], cause);
  }
}

/** One slip makes many errors further down: only the first of them says something. */
function toError(errors: readonly YAMLParseError[], text: string, lines: LineCounter, name: string) {
  const twins = errors.filter(({ code }) => code === "DUPLICATE_KEY");
  const telling = twins.length === errors.length ? twins : errors.slice(0, 1);
  const problems = telling.map(({ pos, message }) => {
    const { line } = lines.linePos(pos[0]);
    const isReference = text.split("\n")[line - 1]?.includes("${") ?? false;
    return `${name}:${line}: ${message}${isReference ? " (between { and }, put ${…} in quotes)" : ""}`;
  });
  return invalidConfig(problems, errors[0]);
}

function fromJson(text: string, name: string): ConfigFile {
  try {
    // A BOM is no JSON, but some editors write one.
    const data: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    const lines = new LineCounter();
    // JSON is YAML, nearly; where it is not, problems are reported without a line.
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    return { data, lineOf: (path) => lineOf(document, lines, path) };
  } catch (cause) {
    throw invalidConfig([`${name}: ${cause instanceof Error ? cause.message : String(cause)}`], cause);
  }
}

/** The line of a key, or of the nearest one around it that is there. */
function lineOf(document: Document, lines: LineCounter, path: Path): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isSeq(node)) {
      node = node.items[Number(key)];
      continue;
    }
    if (!isMap(node)) break;
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    if (pair === undefined) break;
    if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}
