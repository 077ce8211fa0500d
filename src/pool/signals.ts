import { constants } from "node:os";
import type { ManagerAction } from "../config/options.ts";
import type { SignalTable } from "../config/resolved.ts";

export interface SignalSource {
  on(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
  off(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
}

/** Of one Ctrl-C under npm both the terminal and npm tell us: what follows within this time is the same wish. */
const ECHO_MS = 300;

const ENDINGS: ReadonlySet<ManagerAction> = new Set(["graceful-wait", "graceful", "immediate", "kill"]);

export interface SignalListener {
  readonly perform: (action: ManagerAction, signal: NodeJS.Signals) => void;
  readonly isStopping: () => boolean;
}

/**
 * Turns signals into actions, in the order they came in; none is lost, however many
 * come at once. While the pool ends, each further signal to end goes one step
 * further: jobs are aborted, then everything is killed.
 */
export class Signals implements Disposable {
  readonly #source: SignalSource;
  readonly #listener: SignalListener;
  readonly #handle = (signal: NodeJS.Signals) => this.#receive(signal);
  #table: SignalTable = {};
  #askedAt = Number.NEGATIVE_INFINITY;
  #asked = 0;

  constructor(source: SignalSource, listener: SignalListener) {
    this.#source = source;
    this.#listener = listener;
  }

  /** Listens to the signals of this table, and to no others. */
  use(table: SignalTable): void {
    const before = this.#names;
    this.#table = table;
    const after = this.#names;
    for (const name of after) if (!before.includes(name)) this.#source.on(name, this.#handle);
    for (const name of before) if (!after.includes(name)) this.#source.off(name, this.#handle);
  }

  [Symbol.dispose](): void {
    this.use({});
  }

  get #names(): readonly NodeJS.Signals[] {
    return Object.keys(this.#table).filter(isSignal);
  }

  #receive(signal: NodeJS.Signals): void {
    for (const action of this.#table[signal] ?? []) {
      if (ENDINGS.has(action)) this.#end(action, signal);
      else this.#listener.perform(action, signal);
    }
  }

  #end(action: ManagerAction, signal: NodeJS.Signals): void {
    const now = performance.now();
    if (!this.#listener.isStopping()) this.#asked = 0;
    else if (now - this.#askedAt <= ECHO_MS) return;
    this.#askedAt = now;
    this.#asked++;
    if (this.#asked === 1) this.#listener.perform(action, signal);
    else this.#listener.perform(this.#asked === 2 && action !== "kill" ? "immediate" : "kill", signal);
  }
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}
