import { readFileSync } from "node:fs";
import { readStatements } from "../../broker/sql.ts";

const SCRIPTS = ["core", "inspect", "edit", "maintenance", "doctor", "store"];

/** The statements of the scripts in `sql/`, by name, for one schema. */
export class Statements {
  readonly #texts: ReadonlyMap<string, string>;

  constructor(schema: string) {
    const files = SCRIPTS.map((script) => new URL(`./sql/${script}.sql`, import.meta.url));
    const read = files.flatMap((file) => Array.from(readStatements(file, "ganger")));
    this.#texts = new Map(read.map(([name, text]) => [name, inSchema(bare(text), schema)]));
  }

  text(name: string): string {
    const text = this.#texts.get(name);
    if (text === undefined) throw new TypeError(`There is no statement ${name}`);
    return text;
  }
}

/** Without comments: one that stands above a statement is read as the end of the statement before. */
function bare(text: string): string {
  return text
    .replaceAll(/^--.*$/gm, "")
    .trim()
    .replace(/;$/, "");
}

/** A script of `sql/` as a whole. */
export function readScript(name: string, schema: string): string {
  return inSchema(readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), "utf8"), schema);
}

/** Names our schema wherever a text says `ganger.`, for nothing may depend on what the search path is. In quotes, as it may be a reserved word. */
function inSchema(text: string, schema: string): string {
  return text.replaceAll(/\bganger\./g, `"${schema}".`);
}
