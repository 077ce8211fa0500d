import type { ResolvedConfig } from "../config/resolved.ts";
import { GangerError } from "../errors.ts";
import { createLog } from "../telemetry/log.ts";
import { Manager, type PoolEnd } from "./manager.ts";

export interface RunPoolOptions {
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: {
    on(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
    off(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
  };
}

/** Of one Ctrl-C under npm both the terminal and npm tell us: what follows within this time is the same wish. */
const ECHO_MS = 300;

const ENDING: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT"];

/**
 * Runs a pool until a signal ends it: the first SIGTERM or SIGINT lets running
 * jobs finish, the second ends everything at once.
 *
 * @throws what kept the pool from starting, such as `GANGER_MODULE_BROKEN` or `GANGER_BROKER_LOCKED`.
 */
export async function runPool(
  config: ResolvedConfig,
  { stderr, env, signals }: RunPoolOptions,
): Promise<PoolEnd> {
  if (config.broker.startsWith("memory:")) {
    throw new GangerError(
      "GANGER_CONFIG_INVALID",
      "A pool cannot work on the memory broker: no other process sees its jobs",
      {
        hint: "Set broker to sqlite:./ganger.db.",
      },
    );
  }
  const log = createLog({ ...config.log, name: "manager", write: (line) => stderr.write(line) });
  const manager = new Manager(config, { log, env });
  let askedAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (askedAt === undefined) {
      log.info({ signal }, "draining; a second signal ends at once");
      manager.drain();
      askedAt = performance.now();
    } else if (performance.now() - askedAt > ECHO_MS) {
      log.info({ signal }, "ending at once");
      manager.end();
    }
  };
  for (const name of ENDING) signals.on(name, onSignal);
  try {
    process.title = `ganger[${config.app}]: manager`;
    manager.start();
    return await manager.done;
  } finally {
    for (const name of ENDING) signals.off(name, onSignal);
  }
}
