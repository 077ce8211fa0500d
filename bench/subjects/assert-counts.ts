/** Throws with both in one line, as it goes into the note of a row. */
export function assertCounts(actual: Counts, expected: Counts): void {
  const names = [...new Set([...Object.keys(actual), ...Object.keys(expected)])];
  if (names.every((name) => actual[name] === expected[name])) return;
  throw new Error(`the books say ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

type Counts = Readonly<Record<string, unknown>>;
