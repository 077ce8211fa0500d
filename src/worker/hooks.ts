import { resolve } from "node:path";
import { GangerError } from "../errors.ts";
import type { WorkerHooks } from "../job/hooks.ts";
import type { Logger } from "../telemetry/log.ts";
import { importModule } from "./modules/import-module.ts";
import { callHook } from "./run-hooks.ts";

const NAMES = ["beforeFork", "afterFork", "beforeJob", "afterJob"] as const;
type Name = (typeof NAMES)[number];

type Hook = (...facts: readonly unknown[]) => unknown;
type Hooks = Partial<Record<Name, Hook>>;

/**
 * Loads the hooks of a worker from a module, TypeScript too: its named exports,
 * or those of its default export, or of the `hooks` in that, as in a configuration.
 *
 * @throws `GANGER_MODULE_BROKEN` when it cannot be loaded, or one of them is no function.
 */
export async function loadHooks(path: string): Promise<Hooks> {
  const file = resolve(path);
  const module = await importModule(file);
  const byDefault = at(module, "default");
  const places = [module, byDefault, at(byDefault, "hooks")];
  const hooks: Hooks = {};
  for (const name of NAMES) {
    const hook = find(places, name, file);
    if (hook !== undefined) hooks[name] = hook;
  }
  return hooks;
}

function find(places: readonly unknown[], name: Name, file: string): Hook | undefined {
  for (const place of places) {
    const hook = at(place, name);
    if (hook === undefined) continue;
    if (typeof hook === "function") return (...facts) => Reflect.apply(hook, place, facts);
    throw new GangerError("GANGER_MODULE_BROKEN", `${file}: the hook ${name} is no function`, {
      hint: `Export a function, such as: export function ${name}() {}`,
    });
  }
  return undefined;
}

function at(place: unknown, name: string): unknown {
  return typeof place === "object" && place !== null && name in place ? Reflect.get(place, name) : undefined;
}

/** The same hooks, of which none throws or hangs: that is logged. Those that are not there stay so. */
export function guardHooks(hooks: Hooks, log: Logger): WorkerHooks {
  const report = (hook: string, error: string) => log.error({ hook, error }, "a hook failed");
  const guarded: Hooks = {};
  for (const name of NAMES) {
    const hook = hooks[name];
    if (hook !== undefined) guarded[name] = (...facts) => callHook(name, () => hook(...facts), report);
  }
  return guarded;
}
