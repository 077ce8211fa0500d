import { GangerError } from "../../errors.ts";
import type { RabbitmqLocation } from "./location.ts";
import { Wire } from "./wire.ts";

export interface LinkOptions<T> {
  /** 0 where nothing is lost with the connection. */
  readonly heartbeatSeconds: number;
  /** Makes what is used over a new connection. */
  readonly setUp: (wire: Wire) => Promise<T>;
  /** Called once for each connection that is lost, before a new one is made. */
  readonly onLost?: ((session: T) => void) | undefined;
}

/** A connection that is made when it is needed, and made anew when it was lost. */
export class Link<T> {
  readonly #location: RabbitmqLocation;
  readonly #options: LinkOptions<T>;
  #current: { readonly wire: Wire; readonly session: T } | undefined;
  #opening: Promise<T> | undefined;
  #isClosed = false;

  constructor(location: RabbitmqLocation, options: LinkOptions<T>) {
    this.#location = location;
    this.#options = options;
  }

  /** What is open now, without waiting for anything. */
  get current(): T | undefined {
    return this.#current?.wire.isOpen === true ? this.#current.session : undefined;
  }

  /** @throws `GANGER_BROKER_*` when there is no connection and none can be had. */
  async open(): Promise<T> {
    if (this.#isClosed) throw closed();
    const { current } = this;
    if (current !== undefined) return current;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => {});
    await this.#current?.wire.close();
  }

  async #open(): Promise<T> {
    const { heartbeatSeconds, setUp, onLost } = this.#options;
    const wire = await Wire.open(this.#location, heartbeatSeconds);
    try {
      const session = await wire.answer(setUp(wire));
      this.#current = { wire, session };
      let isLost = false;
      const unsubscribe = wire.onChange(() => {
        if (wire.isOpen || isLost) return;
        isLost = true;
        unsubscribe();
        onLost?.(session);
      });
      if (!wire.isOpen) throw wire.failure;
      if (this.#isClosed) throw closed();
      return session;
    } catch (error) {
      await wire.close();
      throw error;
    }
  }
}

function closed(): GangerError {
  return new GangerError("GANGER_BROKER_CLOSED", "The rabbitmq broker was closed during a call", {
    hint: "Await its calls before you close it.",
  });
}
