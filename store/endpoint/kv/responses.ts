/** What the store answers, in etcd's words. */
import type { DraftOf, KeyValueMessage, RangeResponse, ResponseOpDraft } from '../../rpc/index.ts';
import type { KeyValue, OperationResult, RangeResult, Revision, TransactionResult } from '../../store.ts';
import { toWireKey } from '../keys.ts';

export type KeyValueDraft = DraftOf<typeof KeyValueMessage>;

export const keyValueDraft = ({ key, value, createRevision, modRevision, version, lease }: KeyValue): KeyValueDraft => ({
  key: toWireKey(key),
  value,
  createRevision,
  modRevision,
  version,
  lease,
});

/** A range without its header. */
export const rangeDraft = (result: RangeResult): DraftOf<typeof RangeResponse> => ({
  kvs: result.kvs.map(keyValueDraft),
  more: result.more,
  count: result.count,
});

/**
 * The answers to a transaction's operations. As etcd's, each tells the revision as it was when its turn had come: before the transaction's
 * first change that is the one before it.
 */
export function responsesOf(result: TransactionResult): ResponseOpDraft[] {
  const walk = { changed: false, before: result.results.some(changes) ? result.revision - 1 : result.revision, after: result.revision };
  return responses(result.results, walk);
}

interface Walk {
  changed: boolean;
  readonly before: Revision;
  readonly after: Revision;
}

const responses = (results: readonly OperationResult[], walk: Walk): ResponseOpDraft[] => results.map((result) => response(result, walk));

function response(result: OperationResult, walk: Walk): ResponseOpDraft {
  if (result.op === 'txn') return { txn: { header: {}, succeeded: result.succeeded, responses: responses(result.results, walk) } };
  walk.changed ||= changes(result);
  const header = { revision: walk.changed ? walk.after : walk.before };
  switch (result.op) {
    case 'put':
      return { put: { header, prevKv: result.prev && keyValueDraft(result.prev) } };
    case 'delete':
      return { deleteRange: { header, deleted: result.deleted, prevKvs: result.prev?.map(keyValueDraft) } };
    case 'range':
      return { range: { header, ...rangeDraft(result) } };
  }
}

function changes(result: OperationResult): boolean {
  if (result.op === 'txn') return result.results.some(changes);
  return result.op === 'put' || (result.op === 'delete' && result.deleted > 0);
}
