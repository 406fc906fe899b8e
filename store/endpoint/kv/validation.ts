/** What etcd refuses before it looks at its keys (server/etcdserver/api/v3rpc/key.go). Each check throws a GrpcError. */
import type { DeleteRangeRequest, MessageOf, PutRequest, RangeRequest, RequestOp, TxnRequest } from '../../rpc/index.ts';
import { etcdError } from '../errors.ts';

export function checkRange({ key }: MessageOf<typeof RangeRequest>): void {
  if (key.length === 0) throw etcdError.emptyKey();
}

export function checkPut({ key, value, lease, ignoreValue, ignoreLease }: MessageOf<typeof PutRequest>): void {
  if (key.length === 0) throw etcdError.emptyKey();
  if (ignoreValue && value.length > 0) throw etcdError.valueProvided();
  if (ignoreLease && lease !== 0n) throw etcdError.leaseProvided();
}

export function checkDelete({ key }: MessageOf<typeof DeleteRangeRequest>): void {
  if (key.length === 0) throw etcdError.emptyKey();
}

/** @param opsMax of the transaction; those within it may have as many as it leaves over. */
export function checkTransaction({ compare, success, failure }: TxnRequest, opsMax: number): void {
  const ops = Math.max(compare.length, success.length, failure.length);
  if (ops > opsMax) throw etcdError.tooManyOps();
  if (compare.some(({ key }) => key.length === 0)) throw etcdError.emptyKey();
  for (const operation of success) checkOperation(operation, opsMax - ops);
  for (const operation of failure) checkOperation(operation, opsMax - ops);
}

function checkOperation({ range, put, deleteRange, txn }: RequestOp, opsMax: number): void {
  if (range) checkRange(range);
  else if (put) checkPut(put);
  else if (deleteRange) checkDelete(deleteRange);
  else if (txn) checkTransaction(txn, opsMax);
  else throw etcdError.keyNotFound();
}
