/**
 * One transaction on a draft: compare, then do. Everything that can be wrong with it is found before it changes anything, and nothing is
 * waited for: values that only the answer needs are fetched while the commit is on its way to the disk.
 */
import {
  type Compare,
  type KeyValue,
  type Operation,
  type OperationResult,
  type Put,
  StoreError,
  type Transaction,
  type TransactionResult,
} from '../store.ts';
import type { Draft } from './draft.ts';
import { type KeyState, SUB_MAX } from './log-codec.ts';
import { shape } from './range-shape.ts';
import type { Reader } from './reader.ts';

type Leaf = Exclude<Operation, { readonly op: 'txn' }>;

/** What a transaction was found to do, and the transactions in it, in the order of their operations. */
interface Choice {
  readonly succeeded: boolean;
  readonly operations: readonly Operation[];
  readonly nested: readonly Choice[];
}

const NONE: readonly Choice[] = [];

/**
 * Does a transaction.
 *
 * @returns its answer, to be given once the draft is durable; it rejects only when values could not be read.
 * @throws StoreError when it cannot be done; it has then changed nothing.
 */
export function evaluate(transaction: Transaction, draft: Draft, reader: Reader): Promise<TransactionResult> {
  const choice = choose(transaction, draft, reader);
  check(leavesOf(choice), draft, reader);
  const answers = answersOf(choice, draft, reader);
  draft.endTransaction();
  return finish(choice.succeeded, answers, draft.revision);
}

/** Compares; transactions within see the same state as the one around them. */
function choose(transaction: Transaction, draft: Draft, reader: Reader): Choice {
  const succeeded = transaction.compare.every((compare) => holds(compare, draft, reader));
  const operations = succeeded ? transaction.success : (transaction.failure ?? []);
  const within = operations.some((operation) => operation.op === 'txn');
  const nested = within ? operations.flatMap((operation) => (operation.op === 'txn' ? [choose(operation, draft, reader)] : [])) : NONE;
  return { succeeded, operations, nested };
}

/** All operations that are done, without the transactions they are in. */
function leavesOf({ operations, nested }: Choice): readonly Leaf[] {
  const leaves = operations.filter((operation) => operation.op !== 'txn');
  return nested.length === 0 ? leaves : leaves.concat(nested.flatMap(leavesOf));
}

type Answer = OperationResult | Promise<OperationResult>;

function answersOf(choice: Choice, draft: Draft, reader: Reader): Answer[] {
  const nested = choice.nested.values();
  return choice.operations.map((operation) => {
    if (operation.op !== 'txn') return apply(operation, draft, reader);
    const within = nested.next().value ?? choice;
    const answers = answersOf(within, draft, reader);
    // Its revision is that of the whole, which is known at the end.
    return finish(within.succeeded, answers, 0).then((result) => ({ op: 'txn', ...result }));
  });
}

function finish(succeeded: boolean, answers: readonly Answer[], revision: number): Promise<TransactionResult> {
  const answer = (results: readonly OperationResult[]): TransactionResult => ({
    succeeded,
    revision,
    results: results.map((result) => stamp(result, revision)),
  });
  return answers.every(isReady) ? Promise.resolve(answer(answers)) : Promise.all(answers).then(answer);
}

/** Reads and transactions within tell the revision of the whole. */
function stamp(result: OperationResult, revision: number): OperationResult {
  if (result.op === 'range') return { ...result, revision };
  if (result.op === 'txn') return { ...result, revision, results: result.results.map((each) => stamp(each, revision)) };
  return result;
}

const isReady = (answer: Answer): answer is OperationResult => !(answer instanceof Promise);

function holds(compare: Compare, draft: Draft, reader: Reader): boolean {
  if (compare.end === undefined) return holdsOf(draft.get(compare.key), compare, { draft, reader });
  const states = draft.collect(compare);
  if (states.length === 0) return holdsOf(undefined, compare, { draft, reader });
  return states.every((state) => holdsOf(state, compare, { draft, reader }));
}

function holdsOf(state: KeyState | undefined, compare: Compare, { draft, reader }: { draft: Draft; reader: Reader }): boolean {
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

function check(operations: readonly Leaf[], draft: Draft, reader: Reader): void {
  checkChanges(operations, draft);
  for (const operation of operations) {
    if (operation.op === 'put') checkPut(operation, draft, reader);
    else if (operation.op === 'range' && operation.options?.revision !== undefined) reader.checkRevision(operation.options.revision);
  }
}

function checkPut({ key, lease, ignoreValue, ignoreLease }: Put, draft: Draft, reader: Reader): void {
  if (lease !== undefined && !draft.lease(lease)) throw leaseNotFound();
  if (!ignoreValue && !ignoreLease) return;
  const before = draft.get(key);
  if (!before) throw new StoreError('KeyNotFound', 'etcdserver: key not found');
  // Whether it can be read must be known before anything is changed.
  if (ignoreValue) reader.valueNow(before, draft.values);
}

/** In etcd's words, which clients look for. */
export const leaseNotFound = (): StoreError => new StoreError('LeaseNotFound', 'etcdserver: requested lease not found');

function checkChanges(operations: readonly Leaf[], draft: Draft): void {
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

function apply(operation: Leaf, draft: Draft, reader: Reader): Answer {
  switch (operation.op) {
    case 'put': {
      const before = draft.put(operation.key, valueToPut(operation, draft, reader), leaseToPut(operation, draft));
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
  }
}

function valueToPut({ key, value, ignoreValue }: Put, draft: Draft, reader: Reader): Buffer {
  const before = ignoreValue ? draft.get(key) : undefined;
  return before ? reader.valueNow(before, draft.values) : value;
}

const leaseToPut = ({ key, lease, ignoreLease }: Put, draft: Draft) => (ignoreLease ? draft.get(key)?.lease : lease);

async function readRange(operation: Leaf & { op: 'range' }, draft: Draft, reader: Reader): Promise<OperationResult> {
  const { range, options = {} } = operation;
  const { revision } = draft;
  if (options.revision !== undefined) return { op: 'range', ...(await reader.range(range, options)), revision };
  const all = draft.collect(range);
  const load = (states: readonly KeyState[]): Promise<readonly KeyValue[]> => reader.load(states, draft.values);
  return { op: 'range', revision, count: all.length, ...(await shape(all, options, load)) };
}
