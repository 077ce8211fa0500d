import { connect } from "./driver.ts";
import { Lane } from "./lane.ts";
import type { PostgresLocation } from "./location.ts";

/** One connection that listens on channels, until it is lost. */
export class Listener {
  readonly #lane: Lane;
  readonly #timeoutMs: number;

  private constructor(lane: Lane, timeoutMs: number) {
    this.#lane = lane;
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when whatever is announced from now on is heard. `lost` is called once. */
  static async open(
    location: PostgresLocation,
    channels: readonly string[],
    { heard, lost }: { readonly heard: (payload: string) => void; readonly lost: () => void },
  ): Promise<Listener> {
    const client = await connect(location, { isPooled: false, isSynchronous: true });
    const lane = new Lane(client);
    const listener = new Listener(lane, location.timeoutMs);
    client.on("notification", ({ payload = "" }) => heard(payload));
    let isLost = false;
    const lose = () => {
      if (!isLost) lost();
      isLost = true;
    };
    client.on("end", lose);
    client.on("error", lose);
    try {
      for (const channel of channels) await listener.#query(`listen ${channel}`);
    } catch (error) {
      lane.destroy();
      throw error;
    }
    return listener;
  }

  /** Ends it at once. */
  destroy(): void {
    this.#lane.destroy();
  }

  async close(): Promise<void> {
    await this.#lane.close();
  }

  async #query(text: string): Promise<void> {
    await this.#lane.query({ text, rowMode: "array" }, this.#timeoutMs);
  }
}
