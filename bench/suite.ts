import type { Ground } from "./ground.ts";
import type { Contender } from "./measure.ts";
import type { Entry } from "./subject.ts";

export interface Case {
  /** What `--case` may say to have it: the first word of its name, or all of it. */
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
  /** Packages of `bench/peers`, likewise. */
  readonly peers?: readonly string[];
  /** What has to be started before its cases, and described beside the figures. */
  readonly ground?: Ground;
  /** `scale` is 1, or less for a quick look. */
  readonly cases: (scale: number) => readonly Case[];
}
