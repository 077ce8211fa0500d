import type { Counts } from "./counts.ts";
import type { Edit } from "./edit.ts";
import type { Flows, Limits, Schedules } from "./governance.ts";
import type { Inspect } from "./inspect.ts";
import type { Maintenance } from "./maintenance.ts";
import type { Events, Stats } from "./observe.ts";
import type { DocumentStore } from "./store.ts";
import type { Transactions } from "./transactions.ts";
import type { Wakeups } from "./wakeups.ts";

/** Optional abilities of a broker. Each is there or `undefined`; `docs/guide/choosing-a-broker.md` has the table. */
export interface Facets {
  readonly inspect: Inspect | undefined;
  /** A broker that `openBroker` opened has it wherever it has `inspect`, which is more. */
  readonly counts?: Counts | undefined;
  readonly wakeups: Wakeups | undefined;
  readonly edit: Edit | undefined;
  readonly schedules: Schedules | undefined;
  readonly flows: Flows | undefined;
  readonly limits: Limits | undefined;
  readonly events: Events | undefined;
  readonly stats: Stats | undefined;
  readonly store: DocumentStore | undefined;
  readonly transactions: Transactions | undefined;
  readonly maintenance: Maintenance | undefined;
}

export type FacetName = keyof Facets;

export const FACET_NAMES = [
  "inspect",
  "counts",
  "wakeups",
  "edit",
  "schedules",
  "flows",
  "limits",
  "events",
  "stats",
  "store",
  "transactions",
  "maintenance",
] as const satisfies readonly FacetName[];
