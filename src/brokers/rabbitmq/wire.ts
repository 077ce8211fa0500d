import type { ChannelModel } from "amqplib";
import { GangerError } from "../../errors.ts";
import { loadDriver } from "./driver.ts";
import { toFailure } from "./failure.ts";
import type { RabbitmqLocation } from "./location.ts";
import { socketOf, versionOf } from "./rows.ts";

/** How long anything may go without an answer: longer than the server's own pauses, shorter than people's patience. */
export const ANSWER_MS = 5000;
/** How long a new connection may be silent while it is made. */
const CONNECT_MS = 5000;

/** One connection to the server, until it is lost. It never emits an error that nobody handles. */
export class Wire {
  readonly model: ChannelModel;
  readonly title: string;
  /** Why the server takes no messages now, or `undefined` when it does. */
  blocked: string | undefined;
  readonly #listeners = new Set<() => void>();
  #loss: unknown;
  #isOpen = true;

  private constructor(model: ChannelModel, title: string) {
    this.model = model;
    this.title = title;
    model.on("error", (error) => this.#lost(error));
    model.on("close", (error) => this.#lost(error));
    model.on("blocked", (reason) => {
      this.blocked = reason;
      this.#tell();
    });
    model.on("unblocked", () => {
      this.blocked = undefined;
    });
  }

  /** @throws `GANGER_BROKER_*` when the server cannot be used. */
  static async open(location: RabbitmqLocation, heartbeatSeconds: number): Promise<Wire> {
    const { title, protocol, hostname, port, username, password, vhost } = location;
    const { connect } = await loadDriver();
    let model: ChannelModel;
    try {
      model = await connect(
        { protocol, hostname, port, username, password, vhost, heartbeat: heartbeatSeconds },
        {
          noDelay: true,
          keepAlive: true,
          keepAliveDelay: 10_000,
          timeout: CONNECT_MS,
          clientProperties: { connection_name: `ganger ${process.pid}` },
        },
      );
    } catch (error) {
      throw toFailure(error, title);
    }
    const wire = new Wire(model, title);
    const reason = unsuited(versionOf(model));
    if (reason === undefined) return wire;
    await wire.close();
    throw new GangerError("GANGER_BROKER_UNSUITED", `${title}: it is ${reason}`, {
      hint: "Use RabbitMQ 3.10 or later.",
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What ended it, in words. */
  get failure(): GangerError {
    return toFailure(this.#loss ?? new Error("the connection was closed"), this.title);
  }

  /** Calls back when it is lost, and when the server stops to take messages. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Waits for an answer. One that does not come ends the connection: nobody knows what it still does. */
  async answer<T>(asked: Promise<T>, patienceMs = ANSWER_MS): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`no answer within ${patienceMs / 1000} s, timeout`);
        this.fail(error);
        reject(error);
      }, patienceMs);
    });
    try {
      return await Promise.race([asked, late]);
    } catch (error) {
      throw this.#isOpen ? error : this.failure;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives the connection up without a farewell. */
  fail(error: Error): void {
    this.#lost(error);
    socketOf(this.model).destroy(error);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        socketOf(this.model).destroy();
        resolve();
      }, FAREWELL_MS);
    });
    // The driver may wait for ever for an answer that a destroyed socket does not bring.
    await Promise.race([this.model.close().catch(() => {}), late]);
    clearTimeout(timer);
    this.#tell();
  }

  #lost(error: unknown): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#loss = error;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

const FAREWELL_MS = 500;

/** What a server is that cannot be used, or `undefined` for one that can. */
export function unsuited({ product, version }: ReturnType<typeof versionOf>): string | undefined {
  if (product !== "RabbitMQ") return product;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 10) ? undefined : `version ${version}`;
}
