/** What can be said of a transaction before its turn has come: that it is not too large, and changes no key twice. */
import { inRange, type KeyRange, type Operation, StoreError } from '../store.ts';

/** Bytes that a transaction may put, keys and values together (etcd's request limit). */
export const TRANSACTION_BYTES_MAX = 1.5 * 1024 * 1024;

/** Bytes that operations put, of both branches of a transaction within them. @throws StoreError when they are too many. */
export function bytesOf(operations: readonly Operation[]): number {
  const bytes = sumOf(operations);
  if (bytes > TRANSACTION_BYTES_MAX) {
    throw new StoreError('ValueTooLarge', `a transaction of ${bytes} bytes is larger than the ${TRANSACTION_BYTES_MAX} there may be`);
  }
  return bytes;
}

function sumOf(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const operation of operations) {
    if (operation.op === 'put') bytes += operation.key.length + operation.value.length;
    else if (operation.op === 'txn') bytes += sumOf(operation.success) + sumOf(operation.failure ?? []);
  }
  return bytes;
}

/** The keys that operations put, and the ranges they delete. */
interface Touched {
  readonly puts: Set<string>;
  readonly deletes: KeyRange[];
}

/**
 * Keys of one transaction are changed once: no key is put twice, or put and deleted. The two branches of a transaction within it never
 * both happen, so they may change the same keys.
 */
export function checkDistinct(operations: readonly Operation[]): void {
  if (operations.length > 1 || operations[0]?.op === 'txn') touchedBy(operations);
}

function touchedBy(operations: readonly Operation[]): Touched {
  const touched: Touched = { puts: new Set(), deletes: [] };
  for (const operation of operations) if (operation.op === 'delete') touched.deletes.push(operation.range);
  for (const operation of operations) {
    if (operation.op !== 'txn') continue;
    const branches = [touchedBy(operation.success), touchedBy(operation.failure ?? [])];
    const puts = new Set(branches.flatMap((branch) => [...branch.puts]));
    for (const key of puts) add(touched, key);
    for (const { deletes } of branches) touched.deletes.push(...deletes);
  }
  for (const operation of operations) if (operation.op === 'put') add(touched, operation.key);
  return touched;
}

function add({ puts, deletes }: Touched, key: string): void {
  if (puts.has(key)) throw new StoreError('DuplicateKey', `key ${JSON.stringify(key)} is put twice in a transaction`);
  if (deletes.some((range) => inRange(key, range))) {
    throw new StoreError('DuplicateKey', `key ${JSON.stringify(key)} is both put and deleted in a transaction`);
  }
  puts.add(key);
}
