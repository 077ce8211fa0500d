import type { Claim, ClaimRequest } from "../../broker/claim.ts";
import type { Counts } from "../../broker/counts.ts";
import type { QueueList, QueueOrder } from "../../job/queue-list.ts";
import type { MaybePromise } from "../../util/maybe-promise.ts";
import type { ResolvedWorkerOptions } from "../options.ts";
import { Pace } from "./pace.ts";
import { QueueChoice } from "./queue-choice.ts";

/** What a worker holds and has not started, and when it asks for more. */
export class Intake {
  readonly pace: Pace;
  readonly #counts: Counts | undefined;
  #list: QueueList;
  #choice: QueueChoice;
  /** The list that the claim under way was made by. */
  #asked: QueueList;
  readonly #concurrency: number;
  readonly #holder: string;
  #claims: readonly Claim[] = [];
  #head = 0;
  /** Of those held, the ones that crashed before: they may have to wait, and must not keep others from being claimed. */
  #suspects = 0;
  /** The last claim brought less than was asked for: another is of no use until somebody wakes us. */
  #isDry = false;
  #wakes = 0;
  /** Queues that have work, where it is known that all others had none; empty when that is not known. */
  readonly #named = new Set<string>();

  constructor(
    { list, order, concurrency, ahead, holder }: ResolvedWorkerOptions,
    counts: Counts | undefined,
  ) {
    this.pace = new Pace(concurrency, ahead);
    this.#counts = counts;
    this.#list = list;
    this.#asked = list;
    this.#choice = new QueueChoice(list, order, counts);
    this.#concurrency = concurrency;
    this.#holder = holder;
  }

  get size(): number {
    return this.#claims.length - this.#head;
  }

  get #ready(): number {
    return this.size - this.#suspects;
  }

  /** Takes the first that may start now, past those that must wait. */
  take(admits: (claim: Claim) => boolean): Claim | undefined {
    for (let place = this.#head; place < this.#claims.length; place++) {
      const claim = this.#claims[place];
      if (claim === undefined || !admits(claim)) continue;
      if (place > this.#head)
        this.#claims = [claim, ...this.#claims.slice(this.#head).filter((it) => it !== claim)];
      this.#head = place > this.#head ? 1 : this.#head + 1;
      if (claim.crashes > 0) this.#suspects--;
      return claim;
    }
    return undefined;
  }

  /** Everything that is held and has not started; it is held no more. */
  empty(): readonly Claim[] {
    const rest = this.#claims.slice(this.#head);
    this.#claims = [];
    this.#head = 0;
    this.#suspects = 0;
    return rest;
  }

  /**
   * Goes by another list from now on.
   *
   * @throws `GANGER_FACET_MISSING` when the broker cannot serve it; then nothing changes.
   */
  serve(list: QueueList, order: QueueOrder): void {
    this.#choice = new QueueChoice(list, order, this.#counts);
    this.#list = list;
    this.wake();
  }

  /** Whether the last claim was made by a list that is not served any more. */
  get isOutdated(): boolean {
    return this.#asked !== this.#list;
  }

  /** What is held and not started of queues that are served no more; it is held no more. */
  dropForeign(): readonly Claim[] {
    const held = this.empty();
    this.#claims = held.filter(({ queue }) => this.#list.includes(queue));
    for (const { crashes } of this.#claims) if (crashes > 0) this.#suspects++;
    return held.filter(({ queue }) => !this.#list.includes(queue));
  }

  /** There may be something new; with a name, in that queue alone. */
  wake(queue?: string): void {
    if (queue !== undefined && !this.#choice.includes(queue)) return;
    if (queue === undefined || !(this.#isDry || this.#named.size > 0)) this.#named.clear();
    else this.#named.add(queue);
    this.#isDry = false;
    this.#wakes++;
    this.#choice.expire();
  }

  /** Whether it is time to ask: half of what is held ahead has been started. */
  wants(free: number): boolean {
    const { ahead } = this.pace;
    return !this.#isDry && this.#ready <= ahead / 2 && free + ahead > this.#ready;
  }

  next(free: number): MaybePromise<ClaimRequest | undefined> {
    if (!this.wants(free)) return undefined;
    this.#wakes = 0;
    this.#asked = this.#list;
    // As the broker would say it: a pattern stands for its queues in the order of their names.
    const named = this.#named.size === 0 ? undefined : Array.from(this.#named).sort();
    this.#named.clear();
    const queues = this.#choice.next(named);
    return queues instanceof Promise
      ? queues.then((known) => this.#toRequest(known, free))
      : this.#toRequest(queues, free);
  }

  #toRequest(queues: readonly string[], free: number): ClaimRequest | undefined {
    if (queues.length === 0) {
      this.#isDry = this.#wakes === 0;
      return undefined;
    }
    const room = free + this.pace.ahead - this.#ready;
    const share = Math.max(this.#concurrency, Math.ceil(room / this.#choice.sharers));
    return { queues, limit: Math.max(1, Math.min(room, share)), holder: this.#holder };
  }

  claimed(claims: readonly Claim[], { limit }: ClaimRequest): void {
    // A wake that came while the claim was under way may be for a job that it missed.
    if (claims.length < limit) this.#isDry = this.#wakes === 0;
    if (claims.length === 0) return;
    for (const { crashes } of claims) if (crashes > 0) this.#suspects++;
    this.#claims = this.size === 0 ? claims : [...this.#claims.slice(this.#head), ...claims];
    this.#head = 0;
    this.pace.claimed(new Set(claims.map(({ queue }) => queue)), claims.length);
  }
}
