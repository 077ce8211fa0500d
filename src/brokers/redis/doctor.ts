import type { Finding } from "../../broker/maintenance.ts";
import type { Connection } from "./connection.ts";
import type { RedisInspect } from "./inspect.ts";

/** Looks at a store as an operator would. Reads alone. */
export async function diagnose(_connection: Connection, _inspect: RedisInspect): Promise<readonly Finding[]> {
  return [];
}
