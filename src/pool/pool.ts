import type { ManagerAction } from "../config/options.ts";
import type { ResolvedConfig, WorkerGroup } from "../config/resolved.ts";
import type { ControlClient } from "../control/client.ts";
import { ControlServer } from "../control/server.ts";
import type { GangerError } from "../errors.ts";
import type { SystemCalls } from "../forkserver/client.ts";
import { startTimeOf } from "../util/proc-stat.ts";
import type { Surroundings } from "./child/child.ts";
import { startMemoryMonitor } from "./group/memory-monitor.ts";
import type { PoolWorker } from "./group/pool-worker.ts";
import { Announcement } from "./host/announcement.ts";
import { Notifier, withoutNotify } from "./host/notify.ts";
import type { Pidfile } from "./host/pidfile.ts";
import { Manager, type PoolEnd } from "./manager.ts";
import { OrphanWatch } from "./orphan-watch.ts";
import type { Output } from "./output.ts";
import { perform } from "./perform.ts";
import { startReaper } from "./process/reaper.ts";
import { Roster } from "./process/roster.ts";
import type { ConfigHost } from "./reload/config-host.ts";
import { Reloads } from "./reload/reloads.ts";
import { answerRequests } from "./requests.ts";
import type { RunPoolOptions } from "./run-pool.ts";
import { Signals } from "./signals.ts";
import { Handover } from "./swap/handover.ts";
import { Takeover } from "./swap/takeover.ts";
import { managerTitle } from "./title.ts";

export interface PoolOptions extends RunPoolOptions {
  readonly config: ResolvedConfig;
  readonly host: ConfigHost;
  /** Where this application's managers leave word of themselves. */
  readonly directory: string;
  readonly output: Output;
  readonly pidfile: Pidfile | undefined;
  /** Where an addon offers them. */
  readonly system: SystemCalls | undefined;
  /** A manager to take over from. */
  readonly predecessor: ControlClient | undefined;
}

/** A manager and all that connects it to its host: signals, files, the control socket, those before and after it. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #manager: Manager;
  readonly #reloads: Reloads;
  readonly #handover: Handover;
  readonly #roster: Roster;
  readonly #signals: Signals;
  readonly #notifier: Notifier | undefined;
  readonly #announcement: Announcement;
  readonly #env: Surroundings["env"];
  #takeover: Takeover | undefined;
  #failure: GangerError | undefined;
  #isShuttingDown: Promise<void> | undefined;
  #title = "";

  constructor(options: PoolOptions) {
    const { config, directory, output, order, host, signals } = options;
    const { log } = output;
    this.#options = options;
    this.#env = withoutNotify(order.env);
    this.#notifier = Notifier.from(order.env, {
      native: options.system,
      warn: (message) => log.warn({}, message),
    });
    this.#roster = new Roster(directory, { pid: process.pid, start: startTimeOf(process.pid) });
    const around = (): Surroundings => {
      const { processGroup } = this.#manager.config;
      return { env: this.#env, openStdio: () => output.openStdio(), processGroup };
    };
    const observer = {
      placed: ({ pid }: { readonly pid: number | undefined }, queues: string) => this.#placed(pid, queues),
      ready: ({ pid, holder }: Pick<PoolWorker, "pid" | "holder">, queues: string) =>
        void this.host.hook("afterSpawn", { pid, holder, queues }),
      ended: (pid: number) => this.#roster.delete(pid),
      changed: () => this.#changed(),
    };
    this.#manager = new Manager(config, { log, around, directory, observer });
    this.#announcement = new Announcement(this.#manager, {
      notifier: this.#notifier,
      log,
      onUp: (shortfall) => options.onUp?.(shortfall),
    });
    this.#handover = new Handover(this.#manager, log, {
      isTakingOver: () => this.#takeover?.isOver === false,
      handOver: () => this.#announcement.handOver(),
      takeBack: () => this.#announcement.takeBack(),
    });
    this.#reloads = new Reloads({
      order,
      output,
      around,
      host,
      manager: this.#manager,
      onBegin: () => this.#announcement.reloading(),
      onEnd: () => {
        this.#signals.use(this.#manager.config.signals);
        this.#announcement.reloaded();
      },
    });
    this.#signals = new Signals(signals, {
      isStopping: () => this.#manager.isStopping,
      perform: (action, signal) => this.#perform(action, signal),
    });
  }

  get host(): ConfigHost {
    return this.#reloads.host;
  }

  /** What the loader of a configuration says, while that one is in force. */
  assign(workers: readonly WorkerGroup[], host: ConfigHost): void {
    if (this.host === host) this.#manager.assign(workers);
  }

  /** The process of the configuration is gone: another takes its place, if it is in force. */
  revive(host: ConfigHost): void {
    void this.#reloads.revive(host);
  }

  /** @throws what kept the pool from starting. */
  async run(): Promise<PoolEnd> {
    const { directory, output, pidfile, predecessor } = this.#options;
    const { log } = output;
    const manager = this.#manager;
    using signals = this.#signals;
    using _roster = this.#roster;
    const onRequest = answerRequests({
      manager,
      handover: this.#handover,
      reloads: this.#reloads,
    });
    await using _server = await listen(directory, onRequest, log);
    using orphans = new OrphanWatch(directory, manager.groups, () => manager.changed());
    using _monitor = this.#watchMemory();
    using _reaper = process.pid === 1 ? this.#startReaper() : undefined;
    using _watchdog = this.#notifier?.startWatchdog(() => this.#announcement.speaks);
    using announcement = this.#announcement;
    using _life = keepAlive();
    signals.use(manager.config.signals);
    if (orphans.count > 0)
      log.info({ workers: orphans.count }, "workers of an earlier manager finish their jobs");
    if (predecessor !== undefined) this.#takeOver(predecessor, pidfile);
    announcement.begin({ isTakingOver: predecessor !== undefined });
    manager.start();
    this.#takeover?.start();
    try {
      const end = await manager.done;
      if (this.#failure !== undefined) throw this.#failure;
      return end;
    } finally {
      await this.#isShuttingDown;
      await this.#notifier?.sent;
    }
  }

  #takeOver(client: ControlClient, pidfile: Pidfile | undefined): void {
    const { output, isFrugal = false } = this.#options;
    this.#takeover = new Takeover(this.#manager, {
      client,
      isFrugal,
      onReady: () => this.#announcement.takeOver(),
      onDone: () => {
        pidfile?.take();
        output.log.info({}, "took over from the manager before");
      },
      onFailed: (error) => {
        this.#failure = error;
        this.#manager.end("stop");
      },
    });
  }

  #perform(action: ManagerAction, signal: NodeJS.Signals): void {
    const { log } = this.#options.output;
    switch (action) {
      case "reload":
        log.info({ signal }, "reloading");
        // The log says why, should it not go well.
        return void this.#reloads.reload(false).catch(() => undefined);
      case "restart":
        log.info({ signal }, WORDS[action]);
        return void this.#reloads.restart().catch(() => undefined);
      case "report":
        return this.#report();
      case "ignore":
        return;
      case "graceful-wait":
      case "graceful":
      case "immediate":
      case "kill":
      case "empty":
      case "more":
      case "fewer":
      case "abort":
      case "pause":
      case "resume":
        log.info({ signal }, WORDS[action]);
        perform(this.#manager, action);
    }
  }

  #report(): void {
    const status = this.#manager.status();
    this.#options.output.log.info({ status }, "report");
    void this.host.hook("onInfo", status);
  }

  #placed(pid: number | undefined, queues: string): void {
    if (pid !== undefined) this.#roster.add({ pid, queues });
  }

  #changed(): void {
    this.#handover.check();
    this.#takeover?.check();
    this.#announcement.check();
    for (const { pid, home } of this.#manager.groups.workers) {
      if (pid !== undefined && home !== undefined) this.#roster.move(pid, home.spec.queues);
    }
    if (this.#manager.isStopping && this.#isShuttingDown === undefined) {
      this.#isShuttingDown = this.host.hook("onShutdown", undefined);
    }
    const title = managerTitle(this.#manager.status());
    if (title !== this.#title) process.title = this.#title = title;
  }

  #watchMemory(): Disposable {
    const { log } = this.#options.output;
    const manager = this.#manager;
    return startMemoryMonitor(manager.groups, {
      servers: () => manager.forks?.pids ?? [],
      onExcess: (worker, rss, hard) => {
        const jobs = worker.status?.jobs.map(({ name }) => name) ?? [];
        log.error(
          { worker: worker.holder ?? worker.pid, rss, hard, jobs },
          "killed a worker beyond its memory",
        );
        manager.journal.note(
          `a worker of ${worker.spec.queues} was killed at ${rss} bytes, running ${jobs.join(", ")}`,
        );
        worker.wasExcessive = true;
        worker.kill();
      },
      onWorn: (worker, worn) => {
        manager.journal.worn(worker, worn);
        worker.home?.converge();
        manager.changed();
      },
    });
  }

  #startReaper(): Disposable {
    const { system } = this.#options;
    return startReaper({
      reap: system === undefined ? undefined : (pid) => system.reap(pid),
      isOurs: (pid) => this.#manager.groups.workers.some((worker) => worker.pid === pid),
      warn: (message) => this.#options.output.log.warn({}, message),
    });
  }
}

const WORDS = {
  "graceful-wait": "draining; a second signal aborts what runs, a third kills",
  graceful: "leaving the workers to finish what they run",
  immediate: "aborting what runs, and ending at once",
  kill: "killing all workers, and ending at once",
  restart: "replacing all workers one by one",
  empty: "stopping all workers until a reload",
  more: "one worker more in the first group",
  fewer: "one worker less in the first group",
  abort: "ending what runs as failed",
  pause: "pausing",
  resume: "resuming",
} as const;

/** A host on which nothing can be listened at can still run jobs. */
async function listen(
  directory: string,
  onRequest: Parameters<typeof ControlServer.listen>[1],
  log: Output["log"],
): Promise<ControlServer | undefined> {
  try {
    return await ControlServer.listen(directory, onRequest);
  } catch (error) {
    log.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      "no command can reach this manager",
    );
    return undefined;
  }
}

/** Listeners of signals keep nothing running, and a pool may be empty. */
function keepAlive(): Disposable {
  const timer = setInterval(() => undefined, 2 ** 30);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
