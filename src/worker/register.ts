import { register } from "node:module";

/**
 * Lets this process import TypeScript without a build step: with Node.js' own
 * type stripping where it has it (22.18 and later), else with the compiler that
 * Node.js is built with. Types are erased; `enum` and other syntax that leaves
 * code behind is refused, the same everywhere.
 *
 * Importing `ganger/register` does it: `node --import ganger/register app.ts`.
 */
export function registerTypeScript(): void {
  if (isRegistered || Boolean(Reflect.get(process.features, "typescript"))) return;
  isRegistered = true;
  register(new URL("./typescript-hooks.js", import.meta.url));
}

let isRegistered = false;

registerTypeScript();
