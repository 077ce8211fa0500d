/** Something that was started, has its application, and works when it is told to. */
export interface Life {
  /** Milliseconds from the request to its first line, with the application loaded. */
  readonly firstLineMs: number;
  work(jobs: number): Promise<void>;
  /** Resolves when it is gone. */
  end(): Promise<void>;
}

/** One way of starting lives. */
export interface Way {
  start(): Promise<Life>;
  /** The processes whose memory is theirs, the one that they come from included. */
  pids(): readonly number[];
}

export type Word =
  /** `asked` is when the request was made, where it was not made here. */
  | { readonly type: "began"; readonly at: number; readonly asked?: number }
  | { readonly type: "worked" }
  | { readonly type: "ended" };

/** What a life says, for the one who waits for it. */
export class Voice {
  #hear: ((word: Word) => void) | undefined;

  hear(word: Word): void {
    this.#hear?.(word);
    this.#hear = undefined;
  }

  /** Its next word, which is to be of this type. */
  next<T extends Word["type"]>(type: T): Promise<Extract<Word, { type: T }>> {
    return new Promise((resolve, reject) => {
      this.#hear = (word) => {
        if (isWord(word, type)) resolve(word);
        else reject(new Error(`a life ${word.type}, instead of ${type}`));
      };
    });
  }
}

function isWord<T extends Word["type"]>(word: Word, type: T): word is Extract<Word, { type: T }> {
  return word.type === type;
}

/** Milliseconds of a clock that is the same for all processes of this machine. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
