import { createHash } from 'node:crypto';

/**
 * Items in the order of the hashes of what Go prints of them (apimachinery, `pkg/util/dump/dump.go`, `ForHash`), which clients see.
 * One alone needs no hash, and most lists are of one.
 */
export function byHash<T>(items: readonly T[], printed: (item: T) => string): T[] {
  if (items.length < 2) return [...items];
  const hashed = items.map((item) => ({ item, hash: createHash('md5').update(printed(item)).digest('hex') }));
  return hashed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)).map(({ item }) => item);
}
