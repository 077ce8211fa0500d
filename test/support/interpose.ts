import type { Broker } from "../../src/broker/broker.ts";
import type { FacetName } from "../../src/broker/facets.ts";
import { GangerError } from "../../src/errors.ts";

/** What happens when a method is called, by its name: `settle`, `edit.annotate` for one of a facet, `after settle`. */
export type Hooks = Record<string, (() => unknown) | undefined>;

/** A real broker whose calls do what the hooks say as well, which may throw or wait. Change them as you go. */
export function interpose<Thing extends object>(thing: Thing, hooks: Hooks, path = ""): Thing {
  return new Proxy(thing, {
    get(target, key) {
      const name = `${path}${String(key)}`;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value === "object" && value !== null) return interpose(value, hooks, `${name}.`);
      if (typeof value !== "function") return value;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        await hooks[name]?.();
        const answer: unknown = await Reflect.apply(value, target, args);
        await hooks[`after ${name}`]?.();
        return answer;
      };
    },
  });
}

/** A real broker that lacks a facet. */
export function without(broker: Broker, ...facets: readonly FacetName[]): Broker {
  const lacking = new Set<PropertyKey>(facets);
  return new Proxy(interpose(broker, {}), {
    get: (target, key) => (lacking.has(key) ? undefined : Reflect.get(target, key)),
  });
}

/** As a broker throws when its server does not answer. */
export function unreachable(): never {
  throw new GangerError("GANGER_BROKER_UNREACHABLE", "The broker did not answer");
}

/** Something to wait for, until it is opened. */
export class Gate {
  readonly opened: Promise<void>;
  open: () => void = () => undefined;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}
