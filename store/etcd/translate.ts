/**
 * Between the store's words and etcd's messages. Keys are UTF-8 with the cluster's prefix before them.
 */

import {
  COMPARE_RESULT,
  COMPARE_TARGET,
  type CompareMessage,
  type DraftOf,
  type KeyValueMessage,
  type MessageOf,
  type RangeRequest,
  type RangeResponse,
  type RequestOpDraft,
  type ResponseOp,
  SORT_ORDER,
  SORT_TARGET,
  type TxnRequestDraft,
  type TxnResponse,
} from '../rpc/index.ts';
import type {
  Compare,
  KeyRange,
  KeyValue,
  Operation,
  OperationResult,
  RangeOptions,
  RangeResult,
  Revision,
  Transaction,
  TransactionResult,
} from '../store.ts';

/** The first key there can be, in etcd. Only as an end it would mean "no end". */
export const FIRST_KEY = Buffer.from([0]);
/** As an end: all keys from the first on. */
export const NO_END = Buffer.from([0]);

/** A range in etcd's terms. */
export interface EtcdRange {
  readonly key: Buffer;
  readonly rangeEnd: Buffer | undefined;
}

export class Translator {
  readonly #prefix: string;
  readonly #prefixBytes: Buffer;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#prefixBytes = Buffer.from(prefix);
  }

  keyOf(key: string): Buffer {
    return Buffer.from(this.#prefix + key);
  }

  /** The store's name of a key; undefined when it is not one of this store's. */
  nameOf(key: Buffer): string | undefined {
    const { length } = this.#prefixBytes;
    if (length === 0) return key.toString('utf8');
    if (key.length < length || this.#prefixBytes.compare(key, 0, length) !== 0) return undefined;
    return key.toString('utf8', length);
  }

  rangeOf({ key, end }: KeyRange): EtcdRange {
    if (end === undefined) return { key: this.keyOf(key), rangeEnd: undefined };
    // To etcd an empty end is none at all: what is empty here is written as a range that is empty there.
    if (end <= key) return { key: this.keyOf('a'), rangeEnd: this.keyOf('a') };
    const first = this.#prefix + key;
    return { key: first === '' ? FIRST_KEY : Buffer.from(first), rangeEnd: this.keyOf(end) };
  }

  rangeRequest(range: KeyRange, options: RangeOptions = {}): DraftOf<typeof RangeRequest> {
    const { revision, limit, keysOnly, countOnly, sort } = options;
    return {
      ...this.rangeOf(range),
      revision,
      limit,
      keysOnly,
      countOnly,
      sortOrder: sort && (sort.descending ? SORT_ORDER.descend : SORT_ORDER.ascend),
      sortTarget: sort && SORT_TARGET[sort.by],
      minModRevision: options.modRevisionMin,
      maxModRevision: options.modRevisionMax,
      minCreateRevision: options.createRevisionMin,
      maxCreateRevision: options.createRevisionMax,
    };
  }

  rangeResult(response: MessageOf<typeof RangeResponse>, revision: Revision): RangeResult {
    return { revision, kvs: this.keyValues(response.kvs), count: response.count, more: response.more };
  }

  keyValues(kvs: readonly KeyValueMessage[]): KeyValue[] {
    return kvs.map((kv) => this.keyValue(kv));
  }

  keyValue(message: KeyValueMessage): KeyValue {
    return this.named(this.nameOf(message.key) ?? '', message);
  }

  named(key: string, { value, createRevision, modRevision, version, lease }: KeyValueMessage): KeyValue {
    return { key, value, createRevision, modRevision, version, lease: lease === 0n ? undefined : lease };
  }

  txnRequest({ compare, success, failure = [] }: Transaction): TxnRequestDraft {
    return {
      compare: compare.map((each) => this.#compare(each)),
      success: success.map((operation) => this.#operation(operation)),
      failure: failure.map((operation) => this.#operation(operation)),
    };
  }

  #compare(compare: Compare): DraftOf<typeof CompareMessage> {
    const draft = { ...this.rangeOf(compare), result: COMPARE_RESULT[compare.is], target: COMPARE_TARGET[compare.target] };
    switch (compare.target) {
      case 'value':
        return { ...draft, value: compare.than };
      case 'lease':
        return { ...draft, lease: compare.than };
      case 'version':
        return { ...draft, version: compare.than };
      case 'create':
        return { ...draft, createRevision: compare.than };
      case 'mod':
        return { ...draft, modRevision: compare.than };
    }
  }

  #operation(operation: Operation): RequestOpDraft {
    switch (operation.op) {
      case 'put': {
        const { value, lease, prevKv, ignoreValue, ignoreLease } = operation;
        return { put: { key: this.keyOf(operation.key), value, lease, prevKv, ignoreValue, ignoreLease } };
      }
      case 'delete':
        return { deleteRange: { ...this.rangeOf(operation.range), prevKv: operation.prevKv } };
      case 'range':
        return { range: this.rangeRequest(operation.range, operation.options) };
      case 'txn':
        return { txn: this.txnRequest(operation) };
    }
  }

  /** @param revision of the whole transaction: those within it have no other. */
  txnResult({ success, failure = [] }: Transaction, response: TxnResponse, revision: Revision): TransactionResult {
    const { succeeded, responses } = response;
    const operations = succeeded ? success : failure;
    return { succeeded, revision, results: responses.map((each, at) => this.#result(operations[at], each, revision)) };
  }

  #result(operation: Operation | undefined, response: ResponseOp, revision: Revision): OperationResult {
    if (response.put) return { op: 'put', ...(response.put.prevKv ? { prev: this.keyValue(response.put.prevKv) } : {}) };
    if (response.range) return { op: 'range', ...this.rangeResult(response.range, revision) };
    if (response.deleteRange) {
      const { deleted, prevKvs } = response.deleteRange;
      const wanted = operation?.op === 'delete' && operation.prevKv;
      return { op: 'delete', deleted, ...(wanted ? { prev: this.keyValues(prevKvs) } : {}) };
    }
    if (response.txn && operation?.op === 'txn') return { op: 'txn', ...this.txnResult(operation, response.txn, revision) };
    throw new Error('etcd answered an operation with nothing that answers it');
  }
}
