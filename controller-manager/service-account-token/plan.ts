// Tokens of service accounts that lie in Secrets. Upstream: `pkg/controller/serviceaccount/{tokens_controller,legacy_serviceaccount_token_cleaner}.go`.
import type { Live, Pod, Secret, ServiceAccount } from '../../api/index.ts';

export const TOKEN_TYPE = 'kubernetes.io/service-account-token';
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid';
export const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since';
const LAST_USED = 'kubernetes.io/legacy-token-last-used';
const DAY = /^\d{4}-\d{2}-\d{2}$/;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Whether a Secret names the account: by its uid, too, if it says one. */
export function isOfAccount({ metadata }: Secret, account: Live<ServiceAccount>): boolean {
  const { [ACCOUNT_NAME]: name, [ACCOUNT_UID]: uid } = metadata.annotations ?? {};
  return name === account.metadata.name && (!uid || uid === account.metadata.uid);
}

/** What is to be filled into a token's Secret; undefined when all is there. @param sign makes the token, if it has none. */
export function planToken(
  secret: Live<Secret>,
  account: Live<ServiceAccount>,
  { rootCa, sign }: { readonly rootCa: string | undefined; readonly sign: () => string },
): Pick<Secret, 'metadata' | 'data'> | undefined {
  const { data = {}, metadata } = secret;
  const needsCa = rootCa !== undefined && data['ca.crt'] !== base64(rootCa);
  const needsNamespace = !data.namespace;
  const needsToken = !data.token;
  if (!needsCa && !needsNamespace && !needsToken) return undefined;
  return {
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [ACCOUNT_NAME]: account.metadata.name, [ACCOUNT_UID]: account.metadata.uid },
    },
    data: {
      ...data,
      ...(needsCa ? { 'ca.crt': base64(rootCa) } : {}),
      ...(needsNamespace ? { namespace: base64(metadata.namespace ?? '') } : {}),
      ...(needsToken ? { token: base64(sign()) } : {}),
    },
  };
}

/** What such a token says. Upstream: `pkg/serviceaccount/legacy.go`. */
export const legacyClaims = ({ metadata: account }: Live<ServiceAccount>, { metadata: secret }: Live<Secret>) => ({
  iss: 'kubernetes/serviceaccount',
  'kubernetes.io/serviceaccount/namespace': account.namespace,
  'kubernetes.io/serviceaccount/secret.name': secret.name,
  'kubernetes.io/serviceaccount/service-account.name': account.name,
  'kubernetes.io/serviceaccount/service-account.uid': account.uid,
  sub: `system:serviceaccount:${account.namespace}:${account.name}`,
});

/** A time as the day it is in. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** What is known of a token that nobody may need any more. */
export interface TokenUse {
  readonly account: Live<ServiceAccount> | undefined;
  readonly isMounted: boolean;
  readonly now: number;
  /** How long a token has to be unused. */
  readonly unusedMs: number;
}

/**
 * What becomes of a token that was made for an account without being asked for, as was the custom once: unused for a year it is marked as
 * good no more, and after another one deleted.
 */
export function planCleanUp(secret: Live<Secret>, { account, isMounted, now, unusedMs }: TokenUse): 'keep' | 'mark' | 'delete' {
  const { metadata } = secret;
  const before = now - unusedMs;
  const lastUsed = metadata.labels?.[LAST_USED];
  if (metadata.deletionTimestamp !== undefined || Date.parse(metadata.creationTimestamp) >= before) return 'keep';
  if (lastUsed !== undefined && (!DAY.test(lastUsed) || lastUsed >= dayOf(before))) return 'keep';
  const isMadeUnasked = account?.secrets?.some(({ name }) => name === metadata.name) === true && isOfAccount(secret, account);
  if (!isMadeUnasked || isMounted) return 'keep';
  const invalidSince = metadata.labels?.[INVALID_SINCE] ?? '';
  if (!DAY.test(invalidSince)) return 'mark';
  return invalidSince >= dayOf(before) ? 'keep' : 'delete';
}

/** Whether the use of tokens has been noted for long enough: from the day after it began. @param since that day. */
export function isTrackedLongEnough(since: string | undefined, now: number, unusedMs: number): boolean {
  if (since === undefined || !DAY.test(since)) return false;
  return now >= Date.parse(since) + 24 * 3_600_000 + unusedMs;
}

/** The Secrets that a pod mounts, pulls with or takes its environment from. Upstream: `VisitPodSecretNames`. */
export function secretsOf({ spec }: Pod): Set<string> {
  const names = new Set<string>();
  const add = (name: string | undefined) => {
    if (name) names.add(name);
  };
  for (const { name } of spec.imagePullSecrets ?? []) add(name);
  for (const { env = [], envFrom = [] } of [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    for (const { valueFrom } of env) add(valueFrom?.secretKeyRef?.name);
    for (const { secretRef } of envFrom) add(secretRef?.name);
  }
  for (const { secret, projected } of spec.volumes ?? []) {
    add(secret?.secretName);
    for (const source of projected?.sources ?? []) add(source.secret?.name);
  }
  return names;
}
