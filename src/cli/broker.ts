import type { Broker } from "../broker/broker.ts";
import type { FacetName } from "../broker/facets.ts";
import type { LoadedConfig } from "../config/load.ts";
import { GangerError } from "../errors.ts";
import type { CliContext, GlobalOptions } from "./context.ts";

/** Reads the configuration. A file is needed unless something else names the broker. */
export async function readConfig(context: CliContext, options: GlobalOptions): Promise<LoadedConfig> {
  const { loadConfig } = await import("../config/load.ts");
  const { config: file, environment, broker } = options;
  const { env, cwd } = context;
  const optional = broker !== undefined || Boolean(env["GANGER_BROKER"]);
  return loadConfig({ file, environment, env, cwd, flags: { broker }, optional });
}

/** Opens the broker for as long as `use` takes. With `--broker` alone no configuration is read. */
export async function withBroker<T>(
  context: CliContext,
  options: GlobalOptions,
  use: (broker: Broker) => Promise<T>,
): Promise<T> {
  return withBrokerAt(context, await findBroker(context, options), use);
}

export async function withBrokerAt<T>(
  { stderr }: CliContext,
  url: string,
  use: (broker: Broker) => Promise<T>,
): Promise<T> {
  const { openBroker } = await import("../broker/connect.ts");
  await using broker = await openBroker(url);
  if (broker.url === undefined) {
    stderr.write(`The ${broker.name} broker lives in one process: this command sees no jobs but its own.\n`);
  }
  return await use(broker);
}

/** The URL of the broker, with its path made absolute. It may hold a password. */
export async function findBroker(context: CliContext, options: GlobalOptions): Promise<string> {
  const { broker, config } = options;
  if (broker === undefined || config !== undefined) return (await readConfig(context, options)).config.broker;
  const { toAbsoluteBroker } = await import("../config/broker-path.ts");
  return toAbsoluteBroker(broker, context.cwd);
}

/** @throws `GANGER_FACET_MISSING` when the broker does not have it. */
export function facet<Name extends FacetName>(broker: Broker, name: Name): NonNullable<Broker[Name]> {
  const found = broker[name];
  if (found !== undefined && found !== null) return found;
  throw new GangerError("GANGER_FACET_MISSING", `The ${broker.name} broker has no facet "${name}"`, {
    hint: "Use a broker that has it, such as sqlite:./ganger.db.",
  });
}
