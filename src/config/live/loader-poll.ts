import type { PlainConfig } from "../module/plain.ts";

export interface LoaderPollOptions {
  readonly ask: () => Promise<PlainConfig>;
  /** It answered something else than the last time. */
  readonly onChange: (data: unknown) => void;
  /** It answered, or did not. */
  readonly onSettled: (error: unknown) => void;
  /** @default a second */
  readonly pauseMs?: number | undefined;
}

/** Asks a loader again and again, each time a while after its answer. What it answered last well stays in force. */
export class LoaderPoll {
  readonly #options: LoaderPollOptions;
  #last: string;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(first: unknown, options: LoaderPollOptions) {
    this.#options = options;
    this.#last = JSON.stringify(first);
    this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#ask(), this.#options.pauseMs ?? PAUSE_MS);
  }

  async #ask(): Promise<void> {
    const { ask, onChange, onSettled } = this.#options;
    let error: unknown;
    try {
      const { data } = await ask();
      const text = JSON.stringify(data);
      if (text !== this.#last && !this.#isStopped) {
        onChange(data);
        // Only now: an answer that is refused is looked at again.
        this.#last = text;
      }
    } catch (thrown) {
      error = thrown ?? new Error("it threw nothing");
    }
    if (!this.#isStopped) onSettled(error);
    this.#wait();
  }
}

const PAUSE_MS = 1000;
