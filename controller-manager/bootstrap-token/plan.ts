// Tokens that new nodes join with, kept in Secrets `kube-system/bootstrap-token-ID`. Upstream: `pkg/controller/bootstrap`,
// `k8s.io/cluster-bootstrap`.
import { createHmac } from 'node:crypto';
import { type ConfigMap, type Live, type Secret, timeIn } from '../../api/index.ts';

export const TOKEN_NAMESPACE = 'kube-system';
export const TOKEN_TYPE = 'bootstrap.kubernetes.io/token';
const NAME = /^bootstrap-token-([a-z0-9]{6})$/;
const CONTENT = 'kubeconfig';
const SIGNATURE_PREFIX = 'jws-kubeconfig-';

const field = ({ data = {} }: Secret, name: string): string => Buffer.from(data[name] ?? '', 'base64').toString();

/** How long a token is still good: nothing when it has expired or nobody can tell, undefined when it never will. Upstream: `GetExpiration`. */
export function remainingMs(secret: Live<Secret>, now: number): number | undefined {
  const text = field(secret, 'expiration');
  if (text === '') return undefined;
  return Math.max(0, (timeIn(text) ?? now) - now);
}

/** A token's id and secret, when it may sign. Upstream: `validateSecretForSigning`. */
export function signingToken(secret: Live<Secret>, now: number): { id: string; secret: string } | undefined {
  const [, id] = NAME.exec(secret.metadata.name) ?? [];
  const text = field(secret, 'token-secret');
  if (id === undefined || field(secret, 'token-id') !== id || text === '') return undefined;
  if (remainingMs(secret, now) === 0 || field(secret, 'usage-bootstrap-signing') !== 'true') return undefined;
  return { id, secret: text };
}

/** A detached JSON web signature of a text: who has the token can tell that the cluster has it too. Upstream: `ComputeDetachedSignature`. */
export function detachedSignature(content: string, { id, secret }: { id: string; secret: string }): string {
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const header = encode(JSON.stringify({ alg: 'HS256', kid: id }));
  return `${header}..${createHmac('sha256', secret)
    .update(`${header}.${encode(content)}`)
    .digest('base64url')}`;
}

/** What `kube-public/cluster-info` is to say; undefined when it says it, or says nothing that could be signed. Upstream: `signConfigMap`. */
export function planSignatures(
  { data = {} }: Live<ConfigMap>,
  secrets: readonly Live<Secret>[],
  now: number,
): Record<string, string> | undefined {
  const content = data[CONTENT];
  if (content === undefined) return undefined;
  const signed = Object.entries(data).filter(([key]) => !key.startsWith(SIGNATURE_PREFIX));
  const tokens = secrets.flatMap((secret) => signingToken(secret, now) ?? []);
  const wanted = Object.fromEntries([
    ...signed,
    ...tokens.map((token) => [`${SIGNATURE_PREFIX}${token.id}`, detachedSignature(content, token)]),
  ]);
  const keys = Object.keys(wanted);
  const isSame = keys.length === Object.keys(data).length && keys.every((key) => wanted[key] === data[key]);
  return isSame ? undefined : wanted;
}
