import { toFailure } from "../../ipc/failure.ts";
import { invalidConfig } from "../check/problems.ts";
import { type FoundConfig, findConfig, type LoadOptions, resolveConfig } from "../load.ts";
import { inWords, within } from "../module/deadline.ts";
import { ModuleError } from "../module/import.ts";
import { redact } from "../redact.ts";
import { type LiveHooks, loadHooks } from "./live-hooks.ts";
import { LiveModule } from "./live-module.ts";
import { LoaderPoll } from "./loader-poll.ts";
import type { FromConfigHost, LiveConfig, LoadOrder, ToConfigHost } from "./messages.ts";
import { Troubles } from "./troubles.ts";

/** How long a hook may take, and a module with hooks to be loaded. */
const HOOK_MS = 10_000;
const IMPORT_MS = 30_000;

/** Holds the user's configuration for a manager, which loads no code of the user's: its loader and its hooks. */
export class ConfigHost {
  readonly #send: (message: FromConfigHost) => unknown;
  readonly #troubles: Troubles;
  #hooks: LiveHooks = new Map();
  #poll: LoaderPoll | undefined;
  /** The groups in force, to tell a change from the same said differently. */
  #workers = "";

  constructor(send: (message: FromConfigHost) => unknown) {
    this.#send = send;
    this.#troubles = new Troubles((what, reason) => this.#tell(what, reason));
  }

  async obey(message: ToConfigHost): Promise<void> {
    switch (message.type) {
      case "load":
        return this.#load(message.order);
      case "hook":
        return this.#call(message);
    }
  }

  /** Something in the user's code was thrown that nobody caught. */
  fault(error: unknown): void {
    this.#troubles.add("configuration", `uncaught ${inWords(error)}`);
  }

  async #load(order: LoadOrder): Promise<void> {
    const module = new LiveModule();
    const options: LoadOptions = { ...order, evaluate: module.evaluate };
    try {
      const found = await findConfig(options);
      const { config, warnings, isDynamic } = resolveConfig(found, options);
      const hooks: LiveHooks = config.hooks === undefined ? new Map() : await openHooks(config.hooks);
      // From here on it counts; until now the last good one did.
      this.#poll?.stop();
      this.#hooks = hooks;
      this.#workers = JSON.stringify(config.workers);
      this.#poll = isDynamic ? this.#follow(module, found, options) : undefined;
      const loaded: LiveConfig = { config, warnings, isDynamic, hooks: [...hooks.keys()] };
      this.#send({ type: "loaded", loaded });
    } catch (error) {
      this.#send({ type: "failed", failure: toFailure(error) });
    }
  }

  #follow(module: LiveModule, found: FoundConfig, options: LoadOptions): LoaderPoll {
    return new LoaderPoll(found.content.data, {
      ask: () => module.ask(),
      onChange: (data) => {
        const content = { ...found.content, data };
        const { workers } = resolveConfig({ ...found, content }, options).config;
        const text = JSON.stringify(workers);
        if (text === this.#workers) return;
        this.#workers = text;
        this.#send({ type: "workers", workers });
      },
      onSettled: (error) => {
        if (error === undefined) this.#troubles.forget(LOADER);
        else this.#troubles.add(LOADER, toFailure(error).message);
      },
    });
  }

  async #call({ id, name, facts }: Extract<ToConfigHost, { type: "hook" }>): Promise<void> {
    try {
      const late = () => Promise.reject(new Error(`it did not end within ${HOOK_MS / 1000} s`));
      await within(HOOK_MS, run(this.#hooks.get(name), facts), late);
    } catch (error) {
      this.#tell(`hook ${name}`, inWords(error));
    }
    this.#send({ type: "hooked", id });
  }

  #tell(what: string, reason: string): void {
    this.#send({ type: "trouble", what, reason: redact(reason) });
  }
}

const LOADER = "loader";

async function run(hook: ((facts: unknown) => unknown) | undefined, facts: unknown): Promise<unknown> {
  return hook?.(facts);
}

async function openHooks(file: string): Promise<LiveHooks> {
  try {
    return await loadHooks(file, IMPORT_MS);
  } catch (error) {
    const reason = error instanceof ModuleError ? error.message : inWords(error);
    throw invalidConfig([`hooks: ${file}: ${reason.replaceAll(/\s+/g, " ")}`], error);
  }
}
