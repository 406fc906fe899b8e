/** What requests are reckoned at against the quota (etcd: server/etcdserver/quota.go). */
import type { MessageOf, PutRequest, RequestOp, TxnRequest } from '../../rpc/index.ts';

/** Bytes of what is kept beside a key and its value. */
const KEY_OVERHEAD_BYTES = 256;
export const LEASE_COST_BYTES = 64;

export const putCost = ({ key, value }: MessageOf<typeof PutRequest>): number => KEY_OVERHEAD_BYTES + key.length + value.length;

/** The dearer branch. */
export const transactionCost = ({ success, failure }: TxnRequest): number => Math.max(sum(success), sum(failure));

const sum = (operations: readonly RequestOp[]): number => operations.reduce((total, operation) => total + costOf(operation), 0);

function costOf({ put, txn }: RequestOp): number {
  if (put) return putCost(put);
  return txn ? transactionCost(txn) : 0;
}

/** Whether a transaction only reads. One that has others in it never counts as such (server/etcdserver/v3_server.go, `isTxnReadonly`). */
export const isReadOnly = ({ success, failure }: TxnRequest): boolean =>
  success.every(({ range }) => range !== undefined) && failure.every(({ range }) => range !== undefined);
