import { expect } from 'vitest';
import type { KeyRange, Operation, Store, StoreErrorCode, Transaction } from '../../store/index.ts';

/** A store that is closed, and gone, when it is disposed of. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: Store;
  /** Lets time go by: on the store's virtual clock, or really. */
  pass(seconds: number): Promise<void>;
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
