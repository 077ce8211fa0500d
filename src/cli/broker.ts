import type { Broker } from "../broker/broker.ts";
import type { FacetName } from "../broker/facets.ts";
import type { OpenOptions } from "../broker/migrate.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { ResolvedConfig } from "../config/resolved.ts";
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

/** Where a broker is, and how it is to be opened. */
export interface FoundBroker extends OpenOptions {
  /** With its path made absolute. It may hold a password. */
  readonly url: string;
}

export async function withBrokerAt<T>(
  { stderr }: CliContext,
  { url, migrate }: FoundBroker,
  use: (broker: Broker) => Promise<T>,
): Promise<T> {
  const { openBroker } = await import("../broker/connect.ts");
  await using broker = await openBroker(url, { migrate });
  if (broker.url === undefined) {
    stderr.write(`The ${broker.name} broker lives in one process: this command sees no jobs but its own.\n`);
  }
  return await use(broker);
}

export async function findBroker(context: CliContext, options: GlobalOptions): Promise<FoundBroker> {
  const { broker, config } = options;
  if (broker === undefined || config !== undefined)
    return toFound((await readConfig(context, options)).config);
  const { toAbsoluteBroker } = await import("../config/broker-path.ts");
  return { url: toAbsoluteBroker(broker, context.cwd) };
}

/** The broker of a configuration, which may say that its schema is left alone. */
export function toFound({ broker, migrate }: Pick<ResolvedConfig, "broker" | "migrate">): FoundBroker {
  return { url: broker, migrate };
}

/** @throws `GANGER_FACET_MISSING` when the broker does not have it. */
export function facet<Name extends FacetName>(broker: Broker, name: Name): NonNullable<Broker[Name]> {
  const found = broker[name];
  if (found !== undefined && found !== null) return found;
  throw new GangerError("GANGER_FACET_MISSING", `The ${broker.name} broker has no facet "${name}"`, {
    hint: "Use a broker that has it, such as sqlite:./ganger.db.",
  });
}
