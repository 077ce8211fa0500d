/** Calls `add` for each, a hundred at a time: for queues without a call that adds many, and for callers that cannot use it. */
export async function inHundreds<T>(items: readonly T[], add: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values();
  const lane = async () => {
    for (const item of left) await add(item);
  };
  await Promise.all(Array.from({ length: 100 }, lane));
}
