import type { Claim, ClaimRequest } from "../../broker/claim.ts";
import { int4s, int8s } from "./binary.ts";
import { Floors } from "./floors.ts";
import type { Lanes } from "./lanes.ts";
import type { Queues } from "./queues.ts";
import { type PgRow, toClaim, toNumber } from "./rows.ts";

/** Hands out jobs, and remembers where in each queue the next claim goes on. */
export class Claims {
  readonly floors = new Floors();
  readonly #lanes: Lanes;
  readonly #queues: Queues;

  constructor(lanes: Lanes, queues: Queues) {
    this.#lanes = lanes;
    this.#queues = queues;
  }

  async claim({ queues: names, limit, holder }: ClaimRequest): Promise<readonly Claim[]> {
    await this.#queues.find(names);
    const queues = [...new Set(names)]
      .map((name) => this.#queues.known(name))
      .filter((id) => id !== undefined);
    if (queues.length === 0) return [];
    if (this.floors.isDue) this.floors.reset();
    const marked = queues.some((queue) => this.floors.of(queue).id > 0);
    const claimed = await this.#take(queues, limit, holder);
    if (claimed.length >= limit || !marked || !this.floors.mayWalk) return claimed;
    this.floors.reset();
    return [...claimed, ...(await this.#take(queues, limit - claimed.length, holder))];
  }

  async #take(queues: readonly number[], limit: number, holder: string): Promise<readonly Claim[]> {
    const floors = queues.map((queue) => this.floors.of(queue));
    const start = performance.now();
    const { rows } = await this.#lanes.runPlanned(
      "claim",
      [
        holder,
        int4s(queues),
        int4s(floors.map(({ rank }) => rank)),
        int8s(floors.map(({ id }) => id)),
        limit,
      ],
      limit,
    );
    const tookMs = performance.now() - start;
    const sorted = inOrder(rows, queues);
    this.#advance(sorted);
    if (floors.every(({ id }) => id === 0)) {
      this.floors.walked(tookMs - rows.length * ROW_MS);
    }
    return sorted.map((row) => toClaim(row, this.#queues.name(toNumber(row[1]))));
  }

  #advance(rows: readonly PgRow[]): void {
    let taken = 0;
    for (const [place, row] of rows.entries()) {
      taken++;
      const queue = toNumber(row[1]);
      if (rows[place + 1]?.[1] === queue) continue;
      this.floors.advance(queue, toNumber(row[2]), toNumber(row[0]), taken);
      taken = 0;
    }
  }
}

/** What a job costs that is there, on a slow day. */
const ROW_MS = 0.05;

/** The server answers in the order of ids: the list's order, then priority, then age is made here. */
function inOrder(rows: readonly PgRow[], queues: readonly number[]): readonly PgRow[] {
  const places = new Map(queues.map((queue, place) => [queue, place]));
  const placeOf = (row: PgRow) => places.get(toNumber(row[1])) ?? 0;
  return rows.toSorted(
    (a, b) => placeOf(a) - placeOf(b) || toNumber(a[2]) - toNumber(b[2]) || toNumber(a[0]) - toNumber(b[0]),
  );
}
