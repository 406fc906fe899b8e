/**
 * One transaction on a draft: compare, then do. Everything that can be wrong with it is found before it changes anything, and nothing is
 * waited for: values that only the answer needs are fetched while the commit is on its way to the disk.
 */
import {
  type Compare,
  inRange,
  type KeyValue,
  type Operation,
  type OperationResult,
  StoreError,
  type Transaction,
  type TransactionResult,
} from '../store.ts';
import type { Draft } from './draft.ts';
import { type KeyState, SUB_MAX } from './log-codec.ts';
import { type Reader, toKeyValue } from './reader.ts';

/** Bytes that a transaction may put, keys and values together (etcd's request limit). */
export const TRANSACTION_BYTES_MAX = 1.5 * 1024 * 1024;

const NO_VALUE: Buffer = Buffer.alloc(0);

/**
 * Does a transaction.
 *
 * @returns its answer, to be given once the draft is durable; it rejects only when values could not be read.
 * @throws StoreError when it cannot be done; it has then changed nothing.
 */
export function evaluate(transaction: Transaction, draft: Draft, reader: Reader): Promise<TransactionResult> {
  const succeeded = transaction.compare.every((compare) => holds(compare, draft, reader));
  const operations = succeeded ? transaction.success : (transaction.failure ?? []);
  checkChanges(operations, draft);
  checkReads(operations, reader);
  const answers = operations.map((operation) => apply(operation, draft, reader));
  draft.endTransaction();
  const { revision } = draft;
  const answer = (results: readonly OperationResult[]) => ({
    succeeded,
    revision,
    results: results.map((result) => (result.op === 'range' ? { ...result, revision } : result)),
  });
  return answers.every(isReady) ? Promise.resolve(answer(answers)) : Promise.all(answers).then(answer);
}

const isReady = (answer: OperationResult | Promise<OperationResult>): answer is OperationResult => !(answer instanceof Promise);

function holds(compare: Compare, draft: Draft, reader: Reader): boolean {
  const state = draft.get(compare.key);
  switch (compare.target) {
    case 'mod':
      return is((state?.modRevision ?? 0) - compare.than, compare.is);
    case 'create':
      return is((state?.createRevision ?? 0) - compare.than, compare.is);
    case 'version':
      return is((state?.version ?? 0) - compare.than, compare.is);
    case 'lease':
      return is(Number((state?.lease ?? 0n) - compare.than), compare.is);
    case 'value':
      // As etcd does: a key that is not there has no value to compare, so nothing holds of it.
      return state !== undefined && is(Buffer.compare(reader.valueNow(state, draft.values), compare.than), compare.is);
  }
}

function is(difference: number, relation: Compare['is']): boolean {
  switch (relation) {
    case '=':
      return difference === 0;
    case '!=':
      return difference !== 0;
    case '<':
      return difference < 0;
    case '>':
      return difference > 0;
  }
}

/** Keys of one transaction are changed once: no key is put twice, or put and deleted. */
export function checkDistinct(operations: readonly Operation[]): void {
  if (operations.length < 2) return;
  const put = new Set<string>();
  for (const operation of operations) {
    if (operation.op !== 'put') continue;
    if (put.has(operation.key)) throw new StoreError('DuplicateKey', `key ${JSON.stringify(operation.key)} is put twice in a transaction`);
    put.add(operation.key);
  }
  if (put.size === 0) return;
  for (const operation of operations) {
    if (operation.op !== 'delete') continue;
    for (const key of put) {
      if (inRange(key, operation.range)) {
        throw new StoreError('DuplicateKey', `key ${JSON.stringify(key)} is both put and deleted in a transaction`);
      }
    }
  }
}

/** Bytes that operations put. @throws StoreError when they are too many. */
export function bytesOf(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const operation of operations) if (operation.op === 'put') bytes += operation.key.length + operation.value.length;
  if (bytes > TRANSACTION_BYTES_MAX) {
    throw new StoreError('ValueTooLarge', `a transaction of ${bytes} bytes is larger than the ${TRANSACTION_BYTES_MAX} there may be`);
  }
  return bytes;
}

function checkChanges(operations: readonly Operation[], draft: Draft): void {
  if (operations.length <= SUB_MAX && operations.every((operation) => operation.op !== 'delete' || operation.range.end === undefined))
    return;
  let changes = 0;
  for (const operation of operations) {
    if (operation.op === 'put') changes++;
    else if (operation.op === 'delete') changes += draft.collect(operation.range).length;
  }
  if (changes > SUB_MAX)
    throw new StoreError('ValueTooLarge', `a transaction of ${changes} changes is larger than the ${SUB_MAX} there may be`);
}

function checkReads(operations: readonly Operation[], reader: Reader): void {
  for (const operation of operations) {
    if (operation.op !== 'range') continue;
    const revision = operation.options?.revision;
    if (revision !== undefined) reader.checkRevision(revision);
  }
}

function apply(operation: Operation, draft: Draft, reader: Reader): OperationResult | Promise<OperationResult> {
  switch (operation.op) {
    case 'put': {
      const before = draft.put(operation.key, operation.value);
      if (!operation.prevKv || !before) return { op: 'put' };
      return reader.load([before], draft.values).then(([prev]) => ({ op: 'put', prev }));
    }
    case 'delete': {
      const states = draft.collect(operation.range);
      for (const state of states) draft.delete(state);
      if (!operation.prevKv) return { op: 'delete', deleted: states.length };
      return reader.load(states, draft.values).then((prev) => ({ op: 'delete', deleted: states.length, prev }));
    }
    case 'range':
      return readRange(operation, draft, reader);
    case 'txn':
      throw new TypeError('nested transactions are not there yet');
  }
}

async function readRange(operation: Operation & { op: 'range' }, draft: Draft, reader: Reader): Promise<OperationResult> {
  const { range, options = {} } = operation;
  const { revision } = draft;
  if (options.revision !== undefined) return { op: 'range', ...(await reader.range(range, options)), revision };
  const all = draft.collect(range);
  const wanted = options.countOnly ? [] : options.limit ? all.slice(0, options.limit) : all;
  const kvs: readonly KeyValue[] = options.keysOnly
    ? wanted.map((state: KeyState) => toKeyValue(state, NO_VALUE))
    : await reader.load(wanted, draft.values);
  return { op: 'range', revision, kvs, count: all.length, more: all.length > kvs.length && !options.countOnly };
}
