import { readFileSync } from "node:fs";

/** One version of the schema: how to get there and back. */
export interface Step {
  readonly version: number;
  /** The oldest version that a release may know to work with this one all the same. */
  readonly compatible: number;
  /** The script that leads here from the version before; tables are written `ganger_…`. */
  readonly up: () => string;
  /** The script that leads back to the version before. */
  readonly down: () => string;
}

/** All versions, from 1 on without a gap. `sql/schema-N.sql` leads to version N, and `sql/schema-N-down.sql` back. */
export const STEPS: readonly Step[] = [toStep(1, 1)];

function toStep(version: number, compatible: number): Step {
  return {
    version,
    compatible,
    up: () => read(`schema-${version}`),
    down: () => read(`schema-${version}-down`),
  };
}

function read(name: string): string {
  return readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), "utf8");
}
