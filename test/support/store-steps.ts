import { expect } from 'vitest';
import type { KeyRange, Operation, Store, StoreErrorCode, Transaction } from '../../store/index.ts';

// Vitest compares every byte of two buffers as it compares objects, which takes seconds for what stores hold.
expect.addEqualityTesters([(one, other) => (Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : undefined)]);

/** A store that is closed, and gone, when it is disposed of. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: Store;
  /** Lets time go by: on the store's virtual clock, or really. */
  pass(seconds: number): Promise<void>;
  /**
   * The store is on the other side of a network: what is asked at the same time is done in any order, watchers are told soon after the answer
   * instead of before it, and a compaction ends a snapshot that is being read.
   */
  readonly remote?: boolean | undefined;
  /** The store is etcd itself: what the compacted revision changed is not told wholly (the state before it, and deletes before etcd 3.4.34). */
  readonly forgetsAtCompaction?: boolean | undefined;
}

/** Does some work at once where that is done in the order of the calls; otherwise one after the other. */
export async function inOrder<T>({ remote }: StoreFixture, work: readonly (() => Promise<T>)[]): Promise<PromiseSettledResult<T>[]> {
  if (!remote) return Promise.allSettled(work.map((each) => each()));
  const settled: PromiseSettledResult<T>[] = [];
  for (const each of work) settled.push(...(await Promise.allSettled([each()])));
  return settled;
}

/** Operations in one transaction: etcd's limit is 128. */
const OPERATIONS_MAX = 100;

/** Does many operations, in as few transactions as any store takes them. */
export async function fill(store: Store, operations: readonly Operation[]): Promise<void> {
  for (let at = 0; at < operations.length; at += OPERATIONS_MAX) await store.txn(plain(...operations.slice(at, at + OPERATIONS_MAX)));
}

export const ALL: KeyRange = { key: '', end: '\uffff' };

export const put = (key: string, value = `value of ${key}`, prevKv = false): Operation => ({
  op: 'put',
  key,
  value: Buffer.from(value),
  prevKv,
});
export const remove = (key: string, prevKv = false): Operation => ({ op: 'delete', range: { key }, prevKv });
export const read = (key: string): Operation => ({ op: 'range', range: { key } });
export const plain = (...success: Operation[]): Transaction => ({ compare: [], success });
export const withCode = (code: StoreErrorCode) => expect.objectContaining({ name: 'StoreError', code });

export type Open = () => Promise<StoreFixture>;
export const keysOf = (kvs: readonly { readonly key: string }[]): string[] => kvs.map((kv) => kv.key);
