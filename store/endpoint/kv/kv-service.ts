/** etcd's KV service (server/etcdserver/api/v3rpc/key.go and quota.go, server/etcdserver/v3_server.go and apply.go). */
import { strict as assert } from 'node:assert';
import { ALARM_TYPE, KV_SERVICE } from '../../rpc/index.ts';
import type { OperationResult, TransactionResult } from '../../store.ts';
import { type Backend, headerOf } from '../backend.ts';
import { etcdError } from '../errors.ts';
import { type Route, unary } from '../grpc/server.ts';
import { toStoreRange } from '../keys.ts';
import { isReadOnly, putCost, transactionCost } from './cost.ts';
import { deleteOf, putOf, rangeOptionsOf, transactionOf } from './requests.ts';
import { keyValueDraft, rangeDraft, responsesOf } from './responses.ts';
import { checkDelete, checkPut, checkRange, checkTransaction } from './validation.ts';

export function kvRoutes(backend: Backend): Route[] {
  return [rangeRoute(backend), putRoute(backend), deleteRoute(backend), txnRoute(backend), compactRoute(backend)];
}

const rangeRoute = (backend: Backend): Route =>
  unary(KV_SERVICE.range, async (request) => {
    checkRange(request);
    const result = await backend.store.range(toStoreRange(request.key, request.rangeEnd), rangeOptionsOf(request));
    return { header: headerOf(backend, result.revision), ...rangeDraft(result) };
  });

const putRoute = (backend: Backend): Route =>
  unary(KV_SERVICE.put, async (request, sizeBytes) => {
    await checkRoom(backend, putCost(request));
    checkPut(request);
    checkSize(backend, sizeBytes);
    backend.alarms.checkWrite(true);
    const done = await backend.store.txn({ compare: [], success: [putOf(request)] });
    const result = only(done, 'put');
    return { header: headerOf(backend, done.revision), prevKv: result.prev && keyValueDraft(result.prev) };
  });

const deleteRoute = (backend: Backend): Route =>
  unary(KV_SERVICE.deleteRange, async (request, sizeBytes) => {
    checkDelete(request);
    checkSize(backend, sizeBytes);
    backend.alarms.checkWrite(false);
    const done = await backend.store.txn({ compare: [], success: [deleteOf(request)] });
    const { deleted, prev } = only(done, 'delete');
    return { header: headerOf(backend, done.revision), deleted, prevKvs: prev?.map(keyValueDraft) };
  });

const txnRoute = (backend: Backend): Route =>
  unary(KV_SERVICE.txn, async (request, sizeBytes) => {
    const cost = transactionCost(request);
    await checkRoom(backend, cost);
    checkTransaction(request, backend.limits.transactionOpsMax);
    if (!isReadOnly(request)) {
      checkSize(backend, sizeBytes);
      backend.alarms.checkWrite(cost > 0);
    }
    const done = await backend.store.txn(transactionOf(request));
    return { header: headerOf(backend, done.revision), succeeded: done.succeeded, responses: responsesOf(done) };
  });

/** Whether `physical` or not, it is answered when the old revisions are gone from the disk. */
const compactRoute = (backend: Backend): Route =>
  unary(KV_SERVICE.compact, async ({ revision }) => {
    backend.alarms.checkWrite(false);
    if (revision <= 0) throw etcdError.compacted();
    await backend.store.compact(revision);
    return { header: headerOf(backend) };
  });

/** What does not fit raises the alarm, which stays until somebody disarms it. */
export async function checkRoom({ quota, alarms, memberId, logger }: Backend, bytes: number): Promise<void> {
  const taken = quota.take(bytes);
  if (taken === true || (await taken)) return;
  logger.warn(
    { quotaBytes: quota.bytesMax },
    'the quota is used up: nothing is put until old revisions are compacted and the alarm is disarmed',
  );
  await alarms.raise({ memberId, alarm: ALARM_TYPE.noSpace });
  throw etcdError.noSpace();
}

function checkSize({ limits }: Backend, sizeBytes: number): void {
  if (sizeBytes > limits.requestBytesMax) throw etcdError.requestTooLarge();
}

function only<O extends OperationResult['op']>({ results }: TransactionResult, op: O): OperationResult & { readonly op: O } {
  const [result] = results;
  assert(result?.op === op, `the store answers a ${op} with a ${op}`);
  return result as OperationResult & { readonly op: O };
}
