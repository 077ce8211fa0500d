import { isMapping } from "../layer/sources.ts";
import { within } from "../module/deadline.ts";
import { defaultOf, importModule } from "../module/import.ts";
import type { ManagerHook } from "./messages.ts";

const NAMES = ["afterSpawn", "onShutdown", "onInfo"] as const satisfies readonly ManagerHook[];

type Hook = (facts: unknown) => unknown;

export type LiveHooks = ReadonlyMap<ManagerHook, Hook>;

/** The hooks of a module that run beside the manager. */
export async function loadHooks(file: string, importMs: number): Promise<LiveHooks> {
  const module = await within(importMs, importModule(file), () => {
    throw new Error(`took longer than ${importMs / 1000} s to load`);
  });
  return pickHooks(module);
}

/** By name, in the default export, or in the `hooks` of a configuration. A worker looks in the same places. */
function pickHooks(module: unknown): LiveHooks {
  const exported = defaultOf(module);
  const places = [module, exported, at(exported, "hooks")];
  const hooks = new Map<ManagerHook, Hook>();
  for (const name of NAMES) {
    const place = places.find((candidate) => typeof at(candidate, name) === "function");
    const hook = at(place, name);
    if (typeof hook === "function") hooks.set(name, (facts) => Reflect.apply(hook, place, [facts]));
  }
  return hooks;
}

function at(place: unknown, name: string): unknown {
  return isMapping(place) ? place[name] : undefined;
}
