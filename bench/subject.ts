/** What every queue in a comparison is made to look like, so that one program drives them all. An address is a file or a URL. */
export interface Subject {
  /** Makes the store, its tables and queues. */
  create(address: string): Promise<void>;
  openProducer(address: string): Promise<Producer>;
  /** Opens a worker with the queue's own settings; it begins with `start`. */
  openConsumer(address: string, perform: Perform): Promise<Consumer>;
  openBooks(address: string): Promise<Books>;
}

export interface Producer {
  /** Adds one job; done when the store has it. */
  add(payload: Payload, placing?: Placing): Promise<unknown>;
  /** Adds many with one call; queues without such a call add them one after another, or all at once where that is quicker. */
  addMany(payloads: readonly Payload[], place?: (payload: Payload) => Placing): Promise<unknown>;
  close(): Promise<void>;
}

/** Where a job goes, and when, other than to the end of the one queue and at once. */
export interface Placing {
  readonly queue?: string | undefined;
  /** 1 to 10; 10 is the most urgent. */
  readonly priority?: number | undefined;
  /** Milliseconds since 1970. */
  readonly dueAt?: number | undefined;
}

export interface Consumer {
  start(): Promise<void>;
  /** Resolves when the store knows of every end that was sent to it; for queues whose books show no running jobs. */
  settled?(): Promise<void>;
  /** Takes nothing new, and resolves when what runs is on record. */
  stop(): Promise<void>;
}

/** The store's own word on what became of the jobs. */
export interface Books {
  /** Whether no job waits or runs. Cheap, because it is asked every other millisecond. */
  isIdle(): Promise<boolean>;
  /** Throws unless `count` jobs were completed at the first attempt and nothing else is there. */
  assertCompleted(count: number): Promise<void>;
  /** Jobs that wait. */
  waiting(): Promise<number>;
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
  /** The module in `subjects/` and its argument, as `bullmq:10`; nothing where none is needed. */
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
