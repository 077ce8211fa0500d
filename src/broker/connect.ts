import { GangerError } from "../errors.ts";
import type { Broker } from "./broker.ts";
import { guarded } from "./guarded.ts";

/** Which room speaks to which kind of store. Each loads its own driver and nothing else does. */
const OPENERS: Readonly<Record<string, () => Promise<(url: string) => Promise<Broker>>>> = {
  "memory:": async () => (await import("../brokers/memory/open.ts")).openMemory,
  "sqlite:": async () => (await import("../brokers/sqlite/open.ts")).openSqlite,
};

/**
 * Opens a broker by its URL, such as `sqlite:./ganger.db` or `memory:`, and makes its store ready for use.
 *
 * @throws `GANGER_URL_INVALID` for a URL that names no broker, `GANGER_DRIVER_MISSING` when its
 * library is not installed, and `GANGER_BROKER_*` when its store cannot be used.
 */
export async function openBroker(url: string): Promise<Broker> {
  const open = await openerOf(url)();
  return guarded(await open(url));
}

/** Loads what a broker of this URL needs, and opens nothing. @throws as `openBroker` does for what is not installed. */
export async function loadDriver(url: string): Promise<void> {
  await openerOf(url)();
}

/** @throws `GANGER_URL_INVALID` for a URL that names no broker. Opens nothing. */
export function assertBrokerUrl(url: string): void {
  openerOf(url);
}

function openerOf(url: string): () => Promise<(url: string) => Promise<Broker>> {
  const scheme = /^[a-z]+:/.exec(url)?.[0] ?? "";
  const opener = Object.hasOwn(OPENERS, scheme) ? OPENERS[scheme] : undefined;
  if (opener !== undefined) return opener;
  throw new GangerError("GANGER_URL_INVALID", `${quote(scheme, url)} names no broker`, {
    hint: `Start the URL with one of ${Object.keys(OPENERS).join(" ")}, such as sqlite:./ganger.db.`,
  });
}

/** A URL may hold a password: only what precedes it is shown. */
function quote(scheme: string, url: string): string {
  if (scheme !== "") return JSON.stringify(`${scheme}…`);
  return url === "" ? "An empty text" : "A URL without a scheme";
}
