/** What every queue in a comparison is made to look like, so that one program drives them all. */
export interface Subject {
  /** Makes the store and its tables. */
  create(file: string): Promise<void>;
  openProducer(file: string): Promise<Producer>;
  /** Opens a worker with the queue's own settings; it begins with `start`. */
  openConsumer(file: string, perform: Perform): Promise<Consumer>;
  openBooks(file: string): Promise<Books>;
}

export interface Producer {
  /** Adds one job; done when the store has it. */
  add(payload: Payload): Promise<unknown>;
  /** Adds many with one call; queues without such a call add them one after another. */
  addMany(payloads: readonly Payload[]): Promise<unknown>;
  close(): Promise<void>;
}

export interface Consumer {
  start(): Promise<void>;
}

/** The store's own word on what became of the jobs. */
export interface Books {
  /** Whether no job waits or runs. Cheap, because it is asked every other millisecond. */
  isIdle(): Promise<boolean>;
  /** Throws unless `count` jobs were completed at the first attempt and nothing else is there. */
  assertCompleted(count: number): Promise<void>;
  close(): Promise<void>;
}

export type Perform = (payload: Payload) => void;

/** About 50 bytes of JSON. */
export interface Payload {
  readonly order: number;
  readonly mail: string;
  /** When it was handed over, in milliseconds since 1970 with fractions. */
  readonly at?: number;
}

export function createPayload(order: number): Payload {
  return { order, mail: `customer${order}@example.com` };
}

/** How a subject is printed, and what its figures mean. */
export interface Entry {
  readonly name: string;
  /** The module in `subjects/` and its argument, as `ganger:normal,10`; nothing where none is needed. */
  readonly key: string;
  /** When an enqueue and a completion count as done, and what a power cut may take. */
  readonly contract: string;
  readonly role: "ganger" | "peer" | "bare";
  /** What is synced to disk, where that makes a difference. */
  readonly synchronous?: "NORMAL" | "FULL";
  readonly notes: readonly string[];
}

/** Milliseconds since 1970, fine enough to compare two processes of one machine. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}
