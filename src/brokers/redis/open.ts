import type { Broker } from "../../broker/broker.ts";
import { GangerError } from "../../errors.ts";
import { RedisBroker } from "./broker.ts";
import { Connection } from "./connection.ts";
import { parseLocation } from "./location.ts";
import { toNumber } from "./rows.ts";

/** The layout of keys that this release knows; docs/decisions/0008-redis-layout.md. */
const LAYOUT = 1;

/**
 * Opens a broker on Redis or Valkey:
 * `redis://USER:PASSWORD@HOST:PORT,…/DB?prefix=NAME&timeout=5s&sentinel=NAME&ca=FILE`, with `rediss:` by TLS.
 * A cluster is recognised by itself.
 */
export async function openRedis(url: string): Promise<Broker> {
  const connection = await Connection.open(parseLocation(url));
  try {
    await assertLayout(connection);
    return new RedisBroker(connection, url);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Notes the layout on the first use of a prefix. @throws `GANGER_BROKER_NEWER` when a later release has changed it. */
async function assertLayout(connection: Connection): Promise<void> {
  const noted = await connection.call("GET", "layout");
  if (noted === null) await connection.call("SET", "layout", LAYOUT, "NX");
  const found = toNumber(noted ?? LAYOUT);
  if (found <= LAYOUT) return;
  const { label, prefix } = connection.location;
  throw new GangerError(
    "GANGER_BROKER_NEWER",
    `${label} has keys of layout ${found} under ${prefix}; this release knows ${LAYOUT}`,
    { hint: "Install the newer release of ganger that wrote them." },
  );
}
