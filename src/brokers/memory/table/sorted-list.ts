const MAX_CHUNK = 1024;

/**
 * Items in the order of `compare`, which tells any two apart. They are kept in
 * chunks, so that adding, deleting and taking from the front stay quick with
 * hundreds of thousands.
 */
export class SortedList<T extends K, K = T> {
  readonly #compare: (a: K, b: K) => number;
  readonly #chunks: T[][] = [];
  #size = 0;

  constructor(compare: (a: K, b: K) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#chunks[0]?.[0];
  }

  add(item: T): void {
    this.#size++;
    const place = Math.min(this.#chunkOf(item), this.#chunks.length - 1);
    const chunk = this.#chunks[place];
    if (chunk === undefined) {
      this.#chunks.push([item]);
      return;
    }
    const index = this.#indexIn(chunk, item);
    if (index === chunk.length) chunk.push(item);
    else chunk.splice(index, 0, item);
    if (chunk.length > MAX_CHUNK) this.#chunks.splice(place + 1, 0, chunk.splice(MAX_CHUNK / 2));
  }

  /** Deletes the item that is equal to the key, if it is there. */
  delete(key: K): void {
    const place = this.#chunkOf(key);
    const chunk = this.#chunks[place];
    if (chunk === undefined) return;
    const index = this.#indexIn(chunk, key);
    const found = chunk[index];
    if (found === undefined || this.#compare(found, key) !== 0) return;
    if (index === 0) chunk.shift();
    else chunk.splice(index, 1);
    if (chunk.length === 0) this.#chunks.splice(place, 1);
    this.#size--;
  }

  /** The first items, `limit` at most. They stay in the list. */
  head(limit: number): readonly T[] {
    const items: T[] = [];
    for (const chunk of this.#chunks) {
      if (items.length >= limit) break;
      items.push(...chunk.slice(0, limit - items.length));
    }
    return items;
  }

  /** The items in order, those that come after `key` when there is one. The list must not change meanwhile. */
  *items(key?: K): Generator<T, void> {
    let place = key === undefined ? 0 : this.#chunkOf(key);
    for (let first = true; place < this.#chunks.length; place++, first = false) {
      const chunk = this.#chunks[place] ?? [];
      for (const item of chunk) if (!first || key === undefined || this.#compare(item, key) > 0) yield item;
    }
  }

  /** The place of the first chunk whose last item does not come before `key`. */
  #chunkOf(key: K): number {
    return lowerBound(this.#chunks, (chunk) => {
      const last = chunk.at(-1);
      return last !== undefined && this.#compare(last, key) < 0;
    });
  }

  #indexIn(chunk: readonly T[], key: K): number {
    return lowerBound(chunk, (item) => this.#compare(item, key) < 0);
  }
}

/** The place of the first item that is not before what is looked for; the length when all are. */
function lowerBound<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && isBefore(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
