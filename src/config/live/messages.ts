import type { Failure } from "../../ipc/messages.ts";
import type { FlagValues } from "../layer/layers.ts";
import type { ResolvedConfig, WorkerGroup } from "../resolved.ts";

/** What the manager and the process that holds the user's configuration say to each other. */

export interface LoadOrder {
  readonly file?: string | undefined;
  readonly environment?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly flags?: FlagValues | undefined;
}

/** Hooks that run beside the manager; the others run in workers. */
export type ManagerHook = "afterSpawn" | "onShutdown" | "onInfo";

export type ToConfigHost =
  | { readonly type: "load"; readonly order: LoadOrder }
  /** Answered by `hooked`, also when it threw. */
  | { readonly type: "hook"; readonly id: number; readonly name: ManagerHook; readonly facts: unknown };

export type FromConfigHost =
  | { readonly type: "loaded"; readonly loaded: LiveConfig }
  | { readonly type: "failed"; readonly failure: Failure }
  /** The loader has another answer. */
  | { readonly type: "workers"; readonly workers: readonly WorkerGroup[] }
  /** The loader or a hook threw; the last good answer stays. */
  | { readonly type: "trouble"; readonly what: string; readonly reason: string }
  | { readonly type: "hooked"; readonly id: number };

export interface LiveConfig {
  readonly config: ResolvedConfig;
  readonly warnings: readonly string[];
  /** `workers` is a function, which is asked again and again. */
  readonly isDynamic: boolean;
  readonly hooks: readonly ManagerHook[];
}
