import { GangerError } from "../../errors.ts";

/** What a `sqlite:` URL says. */
export interface SqliteLocation {
  readonly path: string;
  readonly synchronous: Synchronous;
  readonly prefix: string;
}

/** When a commit is on disk: `full` at once, `normal` a little later (a power cut may undo the newest), `off` whenever. */
export type Synchronous = "full" | "normal" | "off";

const LEVELS: readonly Synchronous[] = ["full", "normal", "off"];

/**
 * Reads `sqlite:PATH?synchronous=full|normal|off&prefix=NAME`.
 *
 * @throws `GANGER_URL_INVALID` for a missing path, an unknown parameter or value.
 */
export function parseLocation(url: string): SqliteLocation {
  const [, path = "", query = ""] = /^sqlite:(?:\/\/(?=\/))?([^?]*)(?:\?(.*))?$/.exec(url) ?? [];
  if (path === "" || path === ":memory:") {
    throw new GangerError("GANGER_URL_INVALID", `${JSON.stringify(url)} names no file`, {
      hint: "Write sqlite:./ganger.db, or memory: for jobs that die with the process.",
    });
  }
  const parameters = new URLSearchParams(query);
  for (const key of parameters.keys()) {
    if (key === "synchronous" || key === "prefix") continue;
    throw new GangerError("GANGER_URL_INVALID", `"${key}" is no parameter of a sqlite: URL`, {
      hint: "Use synchronous and prefix.",
    });
  }
  return {
    path: decodeURI(path),
    synchronous: toSynchronous(parameters.get("synchronous") ?? "full"),
    prefix: toPrefix(parameters.get("prefix") ?? "ganger"),
  };
}

function toSynchronous(text: string): Synchronous {
  const level = LEVELS.find((known) => known === text.toLowerCase());
  if (level !== undefined) return level;
  throw new GangerError("GANGER_URL_INVALID", `synchronous=${text} is not known`, {
    hint: `Use ${LEVELS.join(", ")}.`,
  });
}

function toPrefix(text: string): string {
  if (/^[a-z][a-z0-9_]{0,30}$/.test(text)) return text;
  throw new GangerError("GANGER_URL_INVALID", `prefix=${text} cannot start a table's name`, {
    hint: "Use 1 to 31 of a-z 0-9 _ and start with a letter.",
  });
}
