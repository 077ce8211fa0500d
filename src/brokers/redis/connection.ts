import { GangerError } from "../../errors.ts";
import { type ClusterNode, createClient, createCluster, type RedisClient } from "./driver.ts";
import { type ServerFacts, toFacts } from "./facts.ts";
import { isScriptMissing, isTimeout, toFailure } from "./failure.ts";
import { type Cluster, homeOf } from "./home.ts";
import type { RedisLocation } from "./location.ts";
import { toText } from "./rows.ts";
import { readScripts, type Script } from "./scripts.ts";

/**
 * One connection to a server, group or cluster, which comes back by itself.
 *
 * A call waits for the connection for as long as the URL's `timeout` says, and its answer for as long
 * again; then it rejects. Nothing is sent twice: what was under way when a connection broke may have
 * been done, and its caller decides.
 */
export class Connection {
  readonly location: RedisLocation;
  readonly facts: ServerFacts;
  readonly #client: RedisClient;
  readonly #cluster: Cluster | undefined;
  readonly #scripts: ReadonlyMap<string, Script>;
  readonly #trouble: Trouble;
  #isOpen = true;
  /** The node of a cluster that had our keys at that epoch. */
  #home: { readonly epoch: number; readonly node: ClusterNode | undefined } | undefined;
  #epoch = 0;
  /** What all calls wait for while there is no connection. */
  #reconnecting: Promise<void> | undefined;

  private constructor(client: RedisClient, location: RedisLocation, { facts, trouble, cluster }: Opening) {
    this.#client = client;
    this.#cluster = cluster;
    this.location = location;
    this.facts = facts;
    this.#trouble = trouble;
    this.#scripts = readScripts(facts.major >= 7);
    client.on("ready", () => {
      this.#epoch++;
    });
  }

  /** @throws `GANGER_BROKER_*` when the server cannot be used. */
  static async open(location: RedisLocation): Promise<Connection> {
    const client = await connect(await createClient(location), location);
    try {
      const facts = toFacts(toText(await client.call("INFO", [])), location.label);
      if (!facts.isCluster) return new Connection(client, location, { facts, trouble: watch(client) });
      const cluster = await connect(await createCluster(location), location);
      client.disconnect();
      return new Connection(cluster, location, { facts, trouble: watch(cluster), cluster });
    } catch (error) {
      client.disconnect();
      throw toFailure(error, location.label);
    }
  }

  /** Runs a script of `lua/`. */
  async run(name: string, args: (string | number)[]): Promise<unknown> {
    const script = this.#scripts.get(name);
    if (script === undefined) throw new TypeError(`There is no script ${name}`);
    return this.#guard(async () => {
      const sent = [1, this.location.prefix, ...args];
      try {
        return await this.#client.call("EVALSHA", [script.digest, ...sent]);
      } catch (error) {
        if (!isScriptMissing(error)) throw error;
        return this.#client.call("EVAL", [script.text, ...sent]);
      }
    });
  }

  /** Runs one command on the key of this name. */
  async call(command: string, name: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#guard(() => this.#client.call(command, [this.key(name), ...args]));
  }

  /** Runs a command that is about the server, not about a key: in a cluster, on the one that has our keys. */
  async ask(command: string, ...args: string[]): Promise<unknown> {
    return this.#guard(async () => {
      if (this.#cluster !== undefined && this.#home?.epoch !== this.#epoch)
        this.#home = { epoch: this.#epoch, node: await homeOf(this.#cluster, this.location.prefix) };
      return (this.#home?.node ?? this.#client).call(command, args);
    });
  }

  key(name: string): string {
    return `${this.location.prefix}:${name}`;
  }

  /** Grows with each connection and each call that failed: what was known of the server before may have changed. */
  get epoch(): number {
    return this.#epoch;
  }

  close(): void {
    this.#isOpen = false;
    this.#client.disconnect();
  }

  async #guard<T>(send: () => Promise<T>): Promise<T> {
    if (this.#client.status !== "ready") {
      this.#reconnecting ??= this.#ready().finally(() => {
        this.#reconnecting = undefined;
      });
      await this.#reconnecting;
    }
    const epoch = this.#epoch;
    try {
      return await send();
    } catch (error) {
      // A connection that is half open is dropped once, not again by each of its calls.
      if (isTimeout(error) && epoch === this.#epoch) this.#client.disconnect(true);
      this.#epoch++;
      if (this.#isOpen) throw toFailure(error, this.location.label);
      throw closed();
    }
  }

  async #ready(): Promise<void> {
    if (!this.#isOpen) throw closed();
    const { label, timeoutMs } = this.location;
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: unknown) => {
        clearTimeout(timer);
        this.#client.off("ready", onReady);
        this.#client.off("end", onEnd);
        if (error === undefined) resolve();
        else reject(error);
      };
      const onReady = () => settle();
      const onEnd = () => settle(closed());
      const timer = setTimeout(
        () => settle(toFailure(this.#trouble.last ?? new Error("the connection timed out"), label)),
        timeoutMs,
      );
      this.#client.on("ready", onReady);
      this.#client.on("end", onEnd);
    });
  }
}

interface Opening {
  readonly facts: ServerFacts;
  readonly trouble: Trouble;
  readonly cluster?: Cluster | undefined;
}

/** The last thing that a client said went wrong. */
export interface Trouble {
  last: unknown;
}

/** Hears a client's errors, which would end the process otherwise. */
export function watch(client: RedisClient): Trouble {
  const trouble: Trouble = { last: undefined };
  client.on("error", (error) => {
    trouble.last = error;
  });
  return trouble;
}

/** Connects once, or says why that cannot be: by the first error, as the client goes on trying after it. */
async function connect<T extends RedisClient>(client: T, { label }: RedisLocation): Promise<T> {
  const failed = new Promise<never>((_, reject) => client.on("error", reject));
  try {
    await Promise.race([client.connect(), failed]);
    return client;
  } catch (error) {
    client.disconnect();
    throw toFailure(error, label);
  }
}

function closed(): GangerError {
  return new GangerError("GANGER_BROKER_CLOSED", "The redis broker was closed during a call", {
    hint: "Await its calls before you close it.",
  });
}
