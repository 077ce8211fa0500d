import type { Failure, LogStart } from "../ipc/messages.ts";

/** What a fork server is to load, and where it is to listen. One line of JSON on its link, before anything else. */
export interface ForkServerStart {
  readonly socket: string;
  readonly environment: string;
  readonly app: string;
  /** Only its scheme counts: the driver is loaded, and nothing is opened. */
  readonly broker: string;
  readonly jobs: readonly string[];
  readonly preload: readonly string[];
  readonly hooks?: string | undefined;
  readonly log: LogStart;
}

/** Lines of JSON, until the word `ready`, which is the last thing that it says. */
export type FromForkServer =
  | { readonly type: "loading"; readonly what: string }
  /** It cannot serve; it ends. */
  | { readonly type: "failed"; readonly failure: Failure };

/** What a child is to become. Its first socket is its link. */
export type ForkRequest = { readonly kind: "worker" } | { readonly kind: "job" };
