import type * as Amqplib from "amqplib";
import { importDriver } from "../../broker/driver.ts";

/** @throws `GANGER_DRIVER_MISSING` when amqplib is not installed. */
export async function loadDriver(): Promise<typeof Amqplib> {
  return importDriver("amqplib", () => import("amqplib"));
}
