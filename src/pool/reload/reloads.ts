import { setTimeout as wait } from "node:timers/promises";
import type { LoadOrder } from "../../config/live/messages.ts";
import type { ResolvedConfig } from "../../config/resolved.ts";
import type { Surroundings } from "../child/child.ts";
import type { Manager } from "../manager.ts";
import type { Output } from "../output.ts";
import type { Mark } from "./by-hand.ts";
import { CONFIG_TROUBLE, ConfigHost } from "./config-host.ts";
import { assertSame, warnOfLock } from "./refusals.ts";

export interface ReloadsOptions {
  readonly order: LoadOrder;
  readonly output: Output;
  readonly around: () => Surroundings;
  readonly manager: Manager;
  readonly host: ConfigHost;
  /** Before a reload or a restart, and after it, however it went. */
  readonly onBegin: () => void;
  readonly onEnd: () => void;
}

/**
 * Reads the configuration again, and follows what its loader says in between. Reads
 * are one after the other; workers that are still being replaced, which may take as
 * long as their jobs do, hold up no later one.
 */
export class Reloads {
  readonly #options: ReloadsOptions;
  #host: ConfigHost;
  #reading: Promise<unknown> = Promise.resolve();
  #reviveMs = REVIVE_MS;

  constructor(options: ReloadsOptions) {
    this.#options = options;
    this.#host = options.host;
  }

  get host(): ConfigHost {
    return this.#host;
  }

  /**
   * What was changed by hand before this call is forgotten when the configuration is in force; what an operator says after
   * it holds.
   *
   * @throws why the configuration of before is still in force.
   */
  async reload(all: boolean): Promise<void> {
    const { manager, output } = this.#options;
    const mark = manager.groups.marked;
    await this.#announced(async () => {
      try {
        const { host, rollout } = await this.#inTurn(() => this.#begin(all, mark));
        await rollout;
        output.log.info({ file: host.loaded.config.file }, "reloaded the configuration");
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        output.log.error({ reason }, "the configuration was not taken up; the one of before stays in force");
        manager.journal.note(`reload failed: ${reason}`);
        throw error;
      }
    });
  }

  /** Replaces all workers one by one. @throws `GANGER_ROLLOUT_FAILED`, `GANGER_RELOAD_REFUSED` */
  async restart(): Promise<void> {
    const { manager } = this.#options;
    await this.#announced(async () => {
      const { rollout } = await this.#inTurn(async () => {
        return { rollout: manager.reconfigure(manager.config, true) };
      });
      await rollout;
    });
  }

  /** One after the other; what follows from it may go on beside the next. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#reading.then(work);
    this.#reading = next.catch(() => undefined);
    return next;
  }

  async #announced(work: () => Promise<void>): Promise<void> {
    const { onBegin, onEnd } = this.#options;
    onBegin();
    try {
      await work();
    } finally {
      onEnd();
    }
  }

  async #begin(
    all: boolean,
    mark: Mark,
  ): Promise<{ readonly host: ConfigHost; readonly rollout: Promise<void> }> {
    const { order, around, manager, output } = this.#options;
    output.reopen();
    manager.refuseToChange();
    let host: ConfigHost | undefined;
    host = await ConfigHost.load(
      order,
      around(),
      this.listenAs(() => host),
    );
    const { config, warnings } = host.loaded;
    try {
      assertSame(config, manager.config);
      manager.refuseToChange();
      output.use(config.log);
    } catch (error) {
      host.close();
      throw error;
    }
    for (const warning of warnings) output.log.warn({}, warning);
    warnOfLock(config, manager.config, output.log);
    return { host, rollout: this.#takeUp(host, all, mark) };
  }

  async #takeUp(host: ConfigHost, all: boolean, mark: Mark): Promise<void> {
    const { manager } = this.#options;
    const { config } = host.loaded;
    const last = this.#host;
    const { log } = manager.config;
    const undo = manager.groups.forget(mark);
    this.#host = host;
    this.#reviveMs = REVIVE_MS;
    try {
      await manager.reconfigure(config, all || config.restart.all);
      last.close();
    } catch (error) {
      this.#host = last;
      host.close();
      this.#putBack(log);
      // A pool that ends wants no workers, whatever was wanted before.
      if (!manager.isStopping) {
        undo();
        // Its loader may have said something else meanwhile.
        if (last.loaded.isDynamic) manager.assign(last.workers);
        manager.groups.converge();
        manager.changed();
      }
      throw error;
    }
  }

  #putBack(settings: ResolvedConfig["log"]): void {
    const { output } = this.#options;
    try {
      output.use(settings);
    } catch (error) {
      output.log.error({ reason: String(error) }, "the log goes on in the new file");
    }
  }

  /** Starts another process for the loader and the hooks in force; counts and options changed by hand stay as they are. */
  async revive(gone: ConfigHost): Promise<void> {
    const { order, around, manager, output } = this.#options;
    const { log } = output;
    await wait(this.#reviveMs, undefined, { ref: false });
    this.#reviveMs = Math.min(this.#reviveMs * 2, MAX_REVIVE_MS);
    if (this.#host !== gone || manager.isStopping) return;
    let host: ConfigHost | undefined;
    try {
      host = await ConfigHost.load(
        order,
        around(),
        this.listenAs(() => host),
      );
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ reason }, "the user's configuration was not started again");
      return this.revive(gone);
    }
    if (this.#host !== gone || manager.isStopping) return host.close();
    this.#host = host;
    log.info({}, "started the user's configuration again");
    if (host.loaded.isDynamic) manager.assign(host.workers);
  }

  /** What a host says counts while it is the one in force. */
  listenAs(self: () => ConfigHost | undefined) {
    const { log } = this.#options.output;
    return {
      onWorkers: (workers: ResolvedConfig["workers"]) => {
        if (this.#host === self()) this.#options.manager.assign(workers);
      },
      onTrouble: (what: string, reason: string) => log.error({ what, reason }, CONFIG_TROUBLE),
      onGone: () => {
        const host = self();
        if (host !== undefined) void this.revive(host);
      },
    };
  }
}

/** One that ends at once, again and again, is to cost next to nothing. */
const REVIVE_MS = 1000;
const MAX_REVIVE_MS = 60_000;
