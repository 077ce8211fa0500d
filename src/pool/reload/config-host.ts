import type {
  FromConfigHost,
  LiveConfig,
  LoadOrder,
  ManagerHook,
  ToConfigHost,
} from "../../config/live/messages.ts";
import type { WorkerGroup } from "../../config/resolved.ts";
import { GangerError } from "../../errors.ts";
import { fromFailure } from "../../ipc/failure.ts";
import { type Child, type ChildOptions, type Surroundings, startChild } from "../child/child.ts";

export interface ConfigListener {
  /** The loader has another answer. */
  readonly onWorkers: (workers: readonly WorkerGroup[]) => void;
  readonly onTrouble: (what: string, reason: string) => void;
  /** It ended though there was something left for it to do. */
  readonly onGone: () => void;
}

/** How the log tells of what a listener hears. */
export const CONFIG_TROUBLE = "trouble in the user's configuration";

/**
 * The process that reads the configuration for the manager, and stays when there is
 * something of the user's to run beside it: a loader, or hooks.
 */
export class ConfigHost {
  readonly loaded: LiveConfig;
  /** What the configuration says, or its loader said last. */
  workers: readonly WorkerGroup[];
  readonly #child: Child<ToConfigHost>;
  readonly #waiting: Map<number, () => void>;
  #calls = 0;
  #isClosed = false;

  private constructor(loaded: LiveConfig, child: Child<ToConfigHost>, waiting: Map<number, () => void>) {
    this.loaded = loaded;
    this.workers = loaded.config.workers;
    this.#child = child;
    this.#waiting = waiting;
  }

  /** @throws what is wrong with the configuration, such as `GANGER_CONFIG_INVALID`, also when it takes too long. */
  static async load(
    order: LoadOrder,
    around: Surroundings,
    listener: ConfigListener,
    withinMs = LOAD_MS,
  ): Promise<ConfigHost> {
    let child: Child<ToConfigHost> | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const waiting = new Map<number, () => void>();
        let host: ConfigHost | undefined;
        const starting = startHost(around, {
          onMessage: (message) => {
            if (message.type === "loaded") {
              host = new ConfigHost(message.loaded, starting, waiting);
              if (!host.isOfUse) host.close();
              resolve(host);
            }
            if (message.type === "failed") reject(fromFailure(message.failure, "GANGER_CONFIG_INVALID"));
            if (message.type === "workers") {
              if (host !== undefined) host.workers = message.workers;
              listener.onWorkers(message.workers);
            }
            if (message.type === "trouble") listener.onTrouble(message.what, message.reason);
            if (message.type === "hooked") waiting.get(message.id)?.();
          },
          onExit: ({ code, signal }) => {
            for (const done of waiting.values()) done();
            const how = `ended with ${signal ?? `exit status ${code}`}`;
            if (host === undefined) reject(unread(`its process ${how}`));
            else if (!host.#isClosed) {
              listener.onTrouble("the configuration's process", how);
              listener.onGone();
            }
          },
        });
        child = starting;
        timer = setTimeout(() => reject(unread(`it took longer than ${withinMs / 1000} s`)), withinMs);
        child.send({ type: "load", order });
      });
    } catch (error) {
      // What is no use stays for nobody.
      child?.kill("SIGKILL");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether it has anything left to do. */
  get isOfUse(): boolean {
    return this.loaded.isDynamic || this.loaded.hooks.length > 0;
  }

  /** Runs a hook, if there is one of this name, and resolves when it has ended or taken too long. */
  async hook(name: ManagerHook, facts: unknown): Promise<void> {
    if (!this.loaded.hooks.includes(name)) return;
    const id = ++this.#calls;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, HOOK_MS);
      this.#waiting.set(id, () => {
        clearTimeout(timer);
        resolve();
      });
      if (!this.#child.send({ type: "hook", id, name, facts })) resolve();
    });
    this.#waiting.delete(id);
  }

  close(): void {
    this.#isClosed = true;
    this.#child.kill("SIGKILL");
  }
}

function startHost(
  around: Surroundings,
  listeners: Pick<ChildOptions<FromConfigHost>, "onMessage" | "onExit">,
): Child<ToConfigHost> {
  return startChild<FromConfigHost, ToConfigHost>({
    ...around,
    ...listeners,
    program: new URL("../../config/live/main.js", import.meta.url),
  });
}

function unread(reason: string): GangerError {
  return new GangerError("GANGER_CONFIG_INVALID", `The configuration was not read: ${reason}`, {
    hint: "Look for what blocks or ends its module, its loader or its hooks: ganger check.",
  });
}

/** As long as a module has that is evaluated by a command. The host cannot tell when the user's code blocks it. */
const LOAD_MS = 30_000;

/** A little more than the host itself gives a hook. */
const HOOK_MS = 11_000;
