/**
 * What etcd and gRPC say went wrong, as errors of the store. etcd tells its errors apart by their text (api/v3rpc/rpctypes/error.go), which is
 * kept: some of it reaches people.
 */
import { StoreError, type StoreErrorCode } from '../store.ts';

/** gRPC's status codes, as far as they matter here. */
export const GRPC = { cancelled: 1, deadlineExceeded: 4, resourceExhausted: 8, internal: 13, unavailable: 14 } as const;

/** What a call ends with that does not succeed. */
export interface CallFailure {
  readonly code: number;
  readonly details: string;
}

const CODE_OF: Readonly<Record<string, StoreErrorCode>> = {
  'etcdserver: mvcc: required revision has been compacted': 'Compacted',
  'etcdserver: mvcc: required revision is a future revision': 'FutureRevision',
  'etcdserver: mvcc: database space exceeded': 'NoSpace',
  'etcdserver: key not found': 'KeyNotFound',
  'etcdserver: duplicate key given in txn request': 'DuplicateKey',
  'etcdserver: too many operations in txn request': 'ValueTooLarge',
  'etcdserver: request is too large': 'ValueTooLarge',
  'etcdserver: requested lease not found': 'LeaseNotFound',
  'etcdserver: lease already exists': 'LeaseExists',
  'etcdserver: too large lease TTL': 'LeaseTtlTooLarge',
  'etcdserver: too many requests': 'Busy',
  'etcdserver: corrupt cluster': 'Corrupt',
};

/** What only needs to be tried again: the server, or the way to it, is not there at the moment. */
const IS_PASSING: ReadonlySet<number> = new Set([GRPC.unavailable, GRPC.deadlineExceeded, GRPC.cancelled]);
/** What either side says of a message above its limit. */
const TOO_LARGE = /message with a size larger than|message larger than max/;

/** Said by grpc-js of a call that was never sent. */
const NOT_SENT = /^(?:No connection established|Name resolution failed|Stream refused by server|Failed to start HTTP\/2 stream)/;
/** Said by etcd before it does anything: the check of the metadata `hasleader`, and a proposal that its own raft did not take. */
const NOT_DONE: ReadonlySet<string> = new Set(['etcdserver: no leader', 'raft proposal dropped', 'etcdserver: too many requests']);

/** Whether a call that failed like this has certainly changed nothing. */
export const isUndone = ({ details }: CallFailure): boolean => NOT_SENT.test(details) || NOT_DONE.has(details);

/** Whether the next try, or the next member, may do better. */
export const isPassing = ({ code, details }: CallFailure): boolean =>
  CODE_OF[details] === undefined && (IS_PASSING.has(code) || isUndone({ code, details }));

/** Whether the member that said so, or the way to it, is to be avoided for a while. */
export const isMembersFault = (failure: CallFailure): boolean => isPassing(failure) && failure.details !== 'etcdserver: leader changed';

/** The error for a call that failed; `unknown` when it was a write that may have been done. */
export function storeError(failure: CallFailure, { unknown }: { readonly unknown: boolean } = { unknown: false }): StoreError {
  const { code, details } = failure;
  const known = CODE_OF[details];
  if (known !== undefined) return new StoreError(known, details);
  if (code === GRPC.resourceExhausted && TOO_LARGE.test(details))
    return new StoreError('ValueTooLarge', 'etcdserver: request is too large');
  const outcome = unknown ? ' (whether the write was done is unknown)' : '';
  if (isPassing(failure)) return new StoreError('Unavailable', `etcd is not available: ${explain(details)}${outcome}`);
  return new StoreError('Io', `etcd: ${details}${outcome}`);
}

/** What etcd says of a lease that is not there, where it does not say so by an error. */
export const leaseNotFound = (): StoreError => new StoreError('LeaseNotFound', 'etcdserver: requested lease not found');

interface Hint {
  readonly pattern: RegExp;
  readonly text: string;
  /** Whether waiting does not help. */
  readonly final: boolean;
}

/** What in the text of a failed connection tells what to change. */
const HINTS: readonly Hint[] = [
  {
    pattern: /self[- ]signed|unable to (?:get|verify)|issuer certificate/i,
    text: 'its certificate is not of the given authority: check --etcd-cafile',
    final: true,
  },
  {
    pattern: /ERR_TLS_CERT_ALTNAME_INVALID/,
    text: "its certificate is not for this name: check --etcd-servers, or the certificate's names",
    final: true,
  },
  { pattern: /certificate has expired|CERT_HAS_EXPIRED/i, text: 'its certificate has expired', final: true },
  {
    pattern: /alert number (?:42|43|44|45|46|48|116)\b/,
    text: 'it does not accept our certificate: check --etcd-certfile and --etcd-keyfile',
    final: true,
  },
  { pattern: /wrong version number|packet length too long/, text: 'it does not speak TLS: use http://, or check the port', final: true },
  {
    pattern: /Failed to connect|ECONNRESET|disconnected before secure TLS/,
    text: 'it ends the connection at once (is it http:// that should be https://, or the other way round?)',
    final: false,
  },
];

/** Whether a failure lies in what was configured, so that waiting does not help. */
export const needsChange = (details: string): boolean => HINTS.some(({ pattern, final }) => final && pattern.test(details));

/** grpc-js' wrapping of the reason why there is no connection. */
const WRAPPED = /^No connection established\. Last error: (.*?)(?: \(\d{4}-[^)]*\))?\. Resolution note: .*$/s;

/** A failure in one line, with the word on what to change when that can be told. */
export function explain(details: string): string {
  const reason = (WRAPPED.exec(details)?.[1] ?? details)
    .trim()
    .replace(/^Error: /, '')
    .replaceAll(/\s+/g, ' ');
  const hint = HINTS.find(({ pattern }) => pattern.test(details));
  return hint ? `${hint.text}: ${reason}` : reason;
}
