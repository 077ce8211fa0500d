import type { Subject } from "../subject.ts";

/** Loads one subject, so that no process holds the libraries of the others. */
export async function openSubject(key: string): Promise<Subject> {
  const [name = "", argument = ""] = key.split(":");
  switch (name) {
    case "ganger":
      return (await import("./ganger.ts")).createGanger(argument);
    case "plainjob":
      return (await import("./plainjob.ts")).createPlainjob(argument);
    case "liteque":
      return (await import("./liteque.ts")).createLiteque();
    case "bare":
      return (await import("./bare.ts")).createBare(argument);
    default:
      throw new TypeError(`There is no subject "${name}"`);
  }
}
