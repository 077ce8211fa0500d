/** The newest things that an operator may want to know, a few of them. */
export class EventList {
  #list: readonly { readonly atMs: number; readonly text: string }[] = [];

  get list(): readonly { readonly atMs: number; readonly text: string }[] {
    return this.#list;
  }

  add(text: string): void {
    this.#list = [...this.#list, { atMs: Date.now(), text: text.slice(0, MAX_LENGTH) }].slice(-MAX_EVENTS);
  }
}

const MAX_EVENTS = 10;
const MAX_LENGTH = 300;
