import { GangerError } from "../../src/errors.ts";

/** What happens before a method is called, by its name: `settle`, or `edit.annotate` for one of a facet. */
export type Before = Record<string, (() => unknown) | undefined>;

/** A real broker whose calls first do what `before` says, which may throw or wait. Change `before` as you go. */
export function interpose<Thing extends object>(thing: Thing, before: Before, path = ""): Thing {
  return new Proxy(thing, {
    get(target, key) {
      const name = `${path}${String(key)}`;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value === "object" && value !== null) return interpose(value, before, `${name}.`);
      if (typeof value !== "function") return value;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        await before[name]?.();
        return Reflect.apply(value, target, args);
      };
    },
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
