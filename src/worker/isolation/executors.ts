import type { Broker } from "../../broker/broker.ts";
import { GangerError } from "../../errors.ts";
import type { ResolvedIsolation } from "../../job/isolation.ts";
import type { AnyJob, JobRegistry } from "../../job/registry.ts";
import type { Executor } from "../run/executor.ts";
import { HostPool } from "./host-pool.ts";
import { launchProcess } from "./launch-process.ts";
import { launchThread } from "./launch-thread.ts";
import type { HostBroker, HostStart } from "./messages.ts";
import type { Launch } from "./transport.ts";

export interface ExecutorsOptions {
  readonly inline: Executor;
  /** For jobs that say nothing of their own. */
  readonly isolation: ResolvedIsolation;
  /** What a thread or process loads. Without modules there can be none. */
  readonly start: HostStart | undefined;
  /** A quicker way to a process than a new one. */
  readonly fork?: Launch | undefined;
  /** Where the jobs come from. */
  readonly broker: Pick<Broker, "name" | "url" | "transactions">;
}

/** Runs each job where it is to run: in this process, in a thread, or in a process of its own. */
export class Executors implements Disposable {
  readonly #options: ExecutorsOptions;
  readonly #pools = new Map<string, HostPool>();

  constructor(options: ExecutorsOptions) {
    this.#options = options;
  }

  readonly execute: Executor = (run, settle) => {
    const isolation = this.#isolationOf(run.definition);
    if (isolation.type === "inline") this.#options.inline(run, settle);
    else this.#pool(isolation).execute(run, settle);
  };

  /** @throws `GANGER_OPTION_INVALID` when one of these jobs needs modules, and there are none. */
  check(jobs: JobRegistry): void {
    if (this.#options.start !== undefined) return;
    for (const name of jobs.names) {
      const isolation = this.#isolationOf(jobs.get(name));
      if (isolation.type !== "inline") throw withoutModules(name, isolation);
    }
  }

  /** Starts ahead what these jobs will need. */
  warmUp(jobs: JobRegistry): void {
    for (const name of jobs.names) {
      const isolation = this.#isolationOf(jobs.get(name));
      if (isolation.type !== "inline") this.#pool(isolation).warmUp();
    }
  }

  [Symbol.dispose](): void {
    for (const pool of this.#pools.values()) pool[Symbol.dispose]();
  }

  #isolationOf(definition: AnyJob): ResolvedIsolation {
    return definition.isolation ?? this.#options.isolation;
  }

  #pool(isolation: ResolvedIsolation): HostPool {
    const key = JSON.stringify(isolation);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = this.#createPool(isolation);
    this.#pools.set(key, pool);
    return pool;
  }

  #createPool({ type, memory, maxJobs }: ResolvedIsolation): HostPool {
    const { start = { modules: [] }, fork } = this.#options;
    const { bootMs } = start;
    const broker = toHostBroker(this.#options.broker);
    if (type === "thread")
      return new HostPool({ launch: launchThread(start, memory), broker, bootMs, maxJobs, warm: 1 });
    const launch = fork ?? launchProcess(start);
    // A fork is quicker than it is worth to keep one waiting.
    return new HostPool({ launch, broker, bootMs, maxJobs, memory, warm: fork === undefined ? 1 : 0 });
  }
}

function toHostBroker({ name, url, transactions }: ExecutorsOptions["broker"]): HostBroker {
  return { name, url: transactions === undefined ? undefined : url };
}

function withoutModules(job: string, { type }: ResolvedIsolation): GangerError {
  return new GangerError(
    "GANGER_OPTION_INVALID",
    `The job "${job}" is to run in a ${type}, and this worker does not know which module defines it`,
    { hint: 'Give the worker the option modules, such as ["./jobs"], or make the job inline.' },
  );
}
