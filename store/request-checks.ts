/** What every driver asks of what it is given: mistakes of the caller are TypeErrors. */
import type { KeyRange, Operation, Revision, Transaction } from './store.ts';

/** What a key may not hold: NUL ends it on the disk, and surrogates sort differently in UTF-8. */
const NOT_IN_KEY = /[\0\ud800-\udfff]/;

export function checkTransaction({ compare, success, failure }: Transaction): void {
  for (const each of compare) checkRange(each);
  for (const operation of success) checkOperation(operation);
  for (const operation of failure ?? []) checkOperation(operation);
}

function checkOperation(operation: Operation): void {
  if (operation.op === 'put') {
    checkKey(operation.key);
    if (operation.ignoreValue && operation.value.length > 0) throw new TypeError('a put that keeps the value has one of its own');
    return;
  }
  if (operation.op === 'txn') {
    checkTransaction(operation);
    return;
  }
  checkRange(operation.range);
  if (operation.op === 'range') checkRevision(operation.options?.revision);
}

function checkKey(key: string): void {
  if (key === '' || NOT_IN_KEY.test(key)) throw new TypeError(`not a key of the store: ${JSON.stringify(key)}`);
}

export function checkRange({ key, end }: KeyRange): void {
  if (end === undefined) checkKey(key);
  else if (NOT_IN_KEY.test(key)) throw new TypeError(`not a key of the store: ${JSON.stringify(key)}`);
}

export function checkRevision(revision: Revision | undefined): void {
  if (revision !== undefined && !(Number.isSafeInteger(revision) && revision > 0)) throw new TypeError(`not a revision: ${revision}`);
}
