/** What clients ask, in the store's words. */
import {
  COMPARE_RESULT,
  COMPARE_TARGET,
  type CompareMessage,
  type DeleteRangeRequest,
  type MessageOf,
  type PutRequest,
  type RangeRequest,
  type RequestOp,
  SORT_ORDER,
  SORT_TARGET,
  type TxnRequest,
} from '../../rpc/index.ts';
import type { Compare, Operation, Put, RangeOptions, RangeSort, Transaction } from '../../store.ts';
import { GRPC_CODE, GrpcError } from '../grpc/status.ts';
import { toStoreKey, toStoreRange } from '../keys.ts';

/** The words by their numbers on the wire. */
const wordsOf = <W extends string>(numbers: Readonly<Record<W, number>>): ReadonlyMap<number, W> =>
  new Map((Object.entries(numbers) as [W, number][]).map(([word, number]) => [number, word]));

const SORT_TARGETS = wordsOf(SORT_TARGET);
const COMPARE_TARGETS = wordsOf(COMPARE_TARGET);
const COMPARE_RESULTS = wordsOf(COMPARE_RESULT);

const positive = (value: number): number | undefined => (value > 0 ? value : undefined);
const nonZero = (value: number): number | undefined => value || undefined;

/** A revision of 0, or below, is the newest. */
export function rangeOptionsOf(request: MessageOf<typeof RangeRequest>): RangeOptions {
  return {
    revision: positive(request.revision),
    limit: positive(request.limit),
    keysOnly: request.keysOnly,
    countOnly: request.countOnly,
    sort: sortOf(request),
    modRevisionMin: nonZero(request.minModRevision),
    modRevisionMax: nonZero(request.maxModRevision),
    createRevisionMin: nonZero(request.minCreateRevision),
    createRevisionMax: nonZero(request.maxCreateRevision),
  };
}

/** Without an order, by anything but the key is ascending (server/etcdserver/apply.go, `Range`). */
function sortOf({ sortOrder, sortTarget }: MessageOf<typeof RangeRequest>): RangeSort | undefined {
  const by = SORT_TARGETS.get(sortTarget);
  if (by === undefined) throw unknown('sort target', sortTarget);
  const descending = sortOrder === SORT_ORDER.descend;
  return by === 'key' && !descending ? undefined : { by, descending };
}

export const putOf = ({ key, value, lease, prevKv, ignoreValue, ignoreLease }: MessageOf<typeof PutRequest>): Put => ({
  op: 'put',
  key: toStoreKey(key),
  value,
  prevKv,
  lease: lease === 0n ? undefined : lease,
  ignoreValue,
  ignoreLease,
});

export const deleteOf = ({ key, rangeEnd, prevKv }: MessageOf<typeof DeleteRangeRequest>): Operation => ({
  op: 'delete',
  range: toStoreRange(key, rangeEnd),
  prevKv,
});

export function transactionOf({ compare, success, failure }: TxnRequest): Transaction {
  return { compare: compare.map(compareOf), success: success.map(operationOf), failure: failure.map(operationOf) };
}

function operationOf({ range, put, deleteRange, txn }: RequestOp): Operation {
  if (range) return { op: 'range', range: toStoreRange(range.key, range.rangeEnd), options: rangeOptionsOf(range) };
  if (put) return putOf(put);
  if (deleteRange) return deleteOf(deleteRange);
  if (txn) return { op: 'txn', ...transactionOf(txn) };
  throw unknown('operation', 0);
}

function compareOf(message: MessageOf<typeof CompareMessage>): Compare {
  const target = COMPARE_TARGETS.get(message.target);
  const is = COMPARE_RESULTS.get(message.result);
  if (is === undefined) throw unknown('comparison', message.result);
  const range = toStoreRange(message.key, message.rangeEnd);
  switch (target) {
    case 'version':
      return { ...range, is, target, than: message.version };
    case 'create':
      return { ...range, is, target, than: message.createRevision };
    case 'mod':
      return { ...range, is, target, than: message.modRevision };
    case 'value':
      return { ...range, is, target, than: message.value };
    case 'lease':
      return { ...range, is, target, than: message.lease };
    case undefined:
      throw unknown('target of a comparison', message.target);
  }
}

const unknown = (what: string, number: number): GrpcError =>
  new GrpcError(GRPC_CODE.invalidArgument, `etcdserver: unknown ${what} ${number}`);
