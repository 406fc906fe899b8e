// What a trace tells of the store. Upstream: apiserver, `pkg/storage/etcd3/store.go`; OpenTelemetry's `otelgrpc`, by which names the store
// is told of whichever it is.
import { SCOPE, SPAN_KIND, type Span } from '../tracing/span.ts';

const SERVICE = 'etcdserverpb.KV';

/** Asks the store something; of a request that is traced, as a part of its own. */
export async function tracedCall<T>(parent: Span | undefined, method: 'Txn' | 'Range', call: () => Promise<T>): Promise<T> {
  if (!parent) return await call();
  const attributes = { 'rpc.system': 'grpc', 'rpc.service': SERVICE, 'rpc.method': method };
  const span = parent.child(`${SERVICE}/${method}`, attributes, SCOPE.grpc, SPAN_KIND.client);
  span.event('message', { 'message.type': 'SENT', 'message.id': 1 });
  try {
    const answer = await call();
    span.event('message', { 'message.type': 'RECEIVED', 'message.id': 1 });
    return answer;
  } catch (error) {
    span.isFailed = true;
    throw error;
  } finally {
    span.end();
  }
}

/** A write that is told of: which one, and what happens on its way. */
export interface WriteSpan {
  readonly span: Span;
  readonly isNew: boolean;
  /** Of the object as it is encoded. */
  readonly bytes: number;
}

interface Written {
  readonly isNew: boolean;
  readonly bytes: number;
  /** Where it lies, from the root of all objects on. */
  readonly key: string;
  readonly kind: { readonly group: string; readonly resource: string; readonly kind: string };
}

/** A write begins; undefined where the request is not traced. */
export function beginWrite(parent: Span | undefined, { isNew, key, kind, bytes }: Written): WriteSpan | undefined {
  const span = parent?.child(isNew ? 'Create etcd3' : 'GuaranteedUpdate etcd3', {
    'audit-id': parent.attributes['audit-id'] ?? '',
    key,
    type: `*${kind.group === '' ? 'core' : (kind.group.split('.')[0] ?? '')}.${kind.kind}`,
    group: kind.group,
    resource: kind.resource,
  });
  if (!span) return undefined;
  if (!isNew) span.event('initial value restored');
  span.event('About to Encode');
  return { span, isNew, bytes };
}

/** The object is sealed, or whatever else it is stored as. */
export function writePrepared({ span, isNew, bytes }: WriteSpan): void {
  span.event('Encode succeeded', { len: bytes });
  span.event('TransformToStorage succeeded');
  if (!isNew) span.event('Transaction prepared');
}

/** The store has answered. */
export function writeDone({ span, isNew, bytes }: WriteSpan, isWritten: boolean): void {
  span.event(isNew ? 'Txn call succeeded' : 'Txn call completed');
  if (isWritten && !isNew) span.event('Transaction committed');
  if (isWritten) span.event('decode succeeded', { len: bytes });
}
