import type { Broker } from "../../broker/broker.ts";
import { GangerError } from "../../errors.ts";
import { RabbitmqBroker } from "./broker.ts";
import { loadDriver } from "./driver.ts";
import { parseLocation } from "./location.ts";

/**
 * Opens a RabbitMQ server, 3.10 or later: `amqp://USER:PASSWORD@HOST/VHOST`. A second broker, named by
 * `?store=`, has what AMQP cannot keep; `openStore` opens it.
 */
export async function openRabbitmq(
  url: string,
  openStore: (url: string) => Promise<Broker>,
): Promise<Broker> {
  const location = parseLocation(url);
  await loadDriver();
  const second = location.store === undefined ? undefined : await openSecond(location.store, openStore);
  const broker = new RabbitmqBroker(location, url, second);
  try {
    await broker.connect();
    return broker;
  } catch (error) {
    await broker[Symbol.asyncDispose]();
    throw error;
  }
}

async function openSecond(url: string, openStore: (url: string) => Promise<Broker>): Promise<Broker> {
  const second = await openStore(url);
  if (second.store !== undefined && second.url !== undefined) return second;
  await second[Symbol.asyncDispose]();
  throw new GangerError("GANGER_URL_INVALID", `The ${second.name} broker cannot be the store of another`, {
    hint: "Name one that keeps documents for several processes, such as sqlite:./ganger.db or redis://….",
  });
}
