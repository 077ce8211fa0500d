import type { GangerConfig } from "./options.ts";

/**
 * Returns its argument; there for the types.
 *
 * @example
 * ```ts
 * export default defineConfig({ broker: "sqlite:./ganger.db", workers: { mail: 2 } });
 * ```
 */
export function defineConfig(config: GangerConfig): GangerConfig {
  return config;
}
