export type Defer = (undo: () => unknown) => void;

/** Undoes at its end, last first, what `defer` was told. (Node.js 20 has no `await using`, and types are all that is erased here.) */
export async function scoped<T>(work: (defer: Defer) => Promise<T>): Promise<T> {
  const undos: (() => unknown)[] = [];
  try {
    return await work((undo) => undos.push(undo));
  } finally {
    for (const undo of undos.toReversed()) await undo();
  }
}
