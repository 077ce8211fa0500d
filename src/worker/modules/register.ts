import { registerTypeScript } from "./typescript.ts";

/** Importing `ganger/register` lets a process import TypeScript: `node --import ganger/register app.ts`. */
registerTypeScript();
