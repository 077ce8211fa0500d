/** The row of an id; an id that is not this store's has none. */
export function toRowId(id: string): number {
  const number = Number(id);
  return Number.isSafeInteger(number) && number > 0 && String(number) === id ? number : NO_ROW;
}

const NO_ROW = -1;
