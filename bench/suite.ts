import type { Contender } from "./measure.ts";
import type { Entry } from "./subject.ts";

export interface Case {
  readonly name: string;
  readonly contenders: readonly Contender[];
  readonly isLowerBetter?: boolean;
}

/** What `npm run bench -- NAME` runs. */
export interface Suite {
  readonly name: string;
  readonly entries: readonly Entry[];
  /** Packages whose versions belong beside the figures. */
  readonly packages: readonly string[];
  /** `scale` is 1, or less for a quick look. */
  readonly cases: (scale: number) => readonly Case[];
}
