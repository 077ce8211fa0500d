/** The row of an id, or one that no job has for a text that is no id of ours. */
export function toRowId(id: string): number {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : 0;
}

/** The rows of ids, each once and in order: so they are locked by everybody. */
export function toRowIds(ids: readonly string[]): readonly number[] {
  return [...new Set(ids.map(toRowId))].sort((a, b) => a - b);
}

/** A token as a number that the server can read; one that was never given stays one. */
export function toToken(token: number): number {
  return Number.isSafeInteger(token) ? token : -1;
}

/** Which of these were changed; of the same one twice, the first. */
export function answersFor(keys: readonly string[], changed: Iterable<string>): readonly boolean[] {
  const left = new Set(changed);
  return keys.map((key) => left.delete(key));
}

/** What the server can keep and read back: no NUL, and no half of a character. */
export function clean(text: string): string {
  return Buffer.from(text.replaceAll("\0", "\uFFFD")).toString();
}
