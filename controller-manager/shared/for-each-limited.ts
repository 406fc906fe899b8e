/** Calls `fn` for every item, at most `limit` at a time. Rejects with the first error, once those under way have ended. */
export async function forEachLimited<T>(items: readonly T[], limit: number, fn: (item: T) => Promise<unknown>): Promise<void> {
  const iterator = items.values();
  const work = async () => {
    for (const item of iterator) await fn(item);
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, work));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
