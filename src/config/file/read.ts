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
import { invalidConfig, type Problem } from "../check/problems.ts";
import type { Path } from "../layer/sources.ts";
import { findErb } from "./erb.ts";
import { type Evaluate, evaluateModule } from "./evaluated.ts";
import { toPoolMap } from "./pool-map.ts";

/** The data of a configuration file, and which line a key is in. */
export interface ConfigFile {
  readonly data: unknown;
  readonly lineOf: (path: Path) => number | undefined;
  /** A module with a function that has to be asked again and again. */
  readonly isDynamic: boolean;
  /** What is allowed in it and yet most likely not meant. */
  readonly doubts: readonly Problem[];
}

export interface ReadOptions {
  readonly environment: string;
  /** @default in a process of its own */
  readonly evaluate?: Evaluate | undefined;
}

/** Reads a configuration file by its extension. A map of queue lists to counts, as resque-pool has it, is translated. */
export async function readConfigFile(file: string, options: ReadOptions): Promise<ConfigFile> {
  const { environment, evaluate = evaluateModule } = options;
  switch (extname(file)) {
    case ".yml":
    case ".yaml":
      return translated(fromYaml(await readText(file), basename(file)), file, environment);
    case ".json":
      return translated(fromJson(await readText(file), basename(file)), file, environment);
    case ".js":
    case ".mjs":
    case ".ts":
    case ".mts":
      return { ...(await evaluate({ file, environment })), lineOf: () => undefined, doubts: [] };
    default:
      throw invalidConfig([`${basename(file)}: must end in .yml, .yaml, .json, .js, .mjs, .ts or .mts`]);
  }
}

function translated(read: TextFile, file: string, environment: string): ConfigFile {
  const map = toPoolMap(read.data, file, environment);
  if (map === undefined) return { ...read, isDynamic: false, doubts: [] };
  const { data, doubts, pathOf } = map;
  return { data, lineOf: (path) => read.lineOf(pathOf(path)), isDynamic: false, doubts };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GangerError("GANGER_CONFIG_MISSING", `The configuration cannot be read: ${reason}`, { cause });
  }
}

type TextFile = Pick<ConfigFile, "data" | "lineOf">;

function fromYaml(text: string, name: string): TextFile {
  const erb = findErb(text);
  if (erb.length > 0) throw invalidConfig(erb.map(({ line, reason }) => `${name}:${line}: ${reason}`));
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

function fromJson(text: string, name: string): TextFile {
  try {
    // A BOM is no JSON, but some editors write one.
    const data: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    const lines = new LineCounter();
    // JSON is YAML, nearly; where it is not, problems are reported without a line.
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    return { data, lineOf: (path) => lineOf(document, lines, path) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // Which place is said, and whether one is, differs between versions of Node.js.
    const position = /at position (\d+)/.exec(reason)?.[1];
    const line = position === undefined ? "" : `:${text.slice(0, Number(position) + 1).split("\n").length}`;
    throw invalidConfig([`${name}${line}: ${reason}`], cause);
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
