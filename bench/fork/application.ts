import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A module that exports `work(n)`, one job. */
export const BARE = program("bare-app.mjs");
export const HEAVY = program("heavy-app.mjs");

/** Writes the modules of the heavy application, once, for all programs that this one starts. They go with it. */
export function prepareHeavy(): void {
  if (process.env[VARIABLE] !== undefined) return;
  const folder = mkdtempSync(join(tmpdir(), "ganger-bench-app-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (let nth = 0; nth < MODULES; nth++) writeFileSync(join(folder, `module-${nth}.mjs`), moduleOf(nth));
  process.env[VARIABLE] = folder;
}

const VARIABLE = "GANGER_BENCH_MODULES";
const MODULES = 150;
const FUNCTIONS = 60;

/** About 27 KB, as modules of applications are: classes with methods, tables, and functions of which few are ever called. */
function moduleOf(nth: number): string {
  const functions = Array.from(
    { length: FUNCTIONS },
    (_, place) => `
export function handle${nth}x${place}(request, context) {
  const { id, user, items = [] } = request;
  if (id === undefined) throw new TypeError("Request ${nth}.${place} has no id");
  const total = items.reduce((sum, item) => sum + item.price * item.count, 0);
  for (const [name, value] of Object.entries(context ?? {})) table.set(name, { value, user, total });
  return { id: \`\${id}-${nth}-${place}\`, total, message: "Handled by module ${nth}, function ${place}" };
}`,
  );
  return `export const table = new Map();
export class Model${nth} {
  constructor(fields) { Object.assign(this, fields); }
  get label() { return \`\${this.name} (\${this.id})\`; }
  validate() { return typeof this.id === "number" && this.name !== ""; }
}
export const models = Array.from({ length: 20 }, (_, id) => new Model${nth}({ id, name: "model " + id, tags: [id, ${nth}] }));
${functions.join("\n")}
export const routes = [${Array.from({ length: FUNCTIONS }, (_, place) => `["/${nth}/${place}", handle${nth}x${place}]`).join(", ")}];
`;
}

function program(name: string): string {
  return fileURLToPath(new URL(`../programs/fork/${name}`, import.meta.url));
}
