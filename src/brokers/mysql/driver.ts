import { importDriver } from "../../broker/driver.ts";
import { type Mysql2, toMysql2 } from "./rows.ts";

/** @throws `GANGER_DRIVER_MISSING` */
export async function loadMysql2(): Promise<Mysql2> {
  return toMysql2(await importDriver("mysql2", () => import("mysql2")));
}
