import { timingSafeEqual } from 'node:crypto';
import { coreKinds, type Live, type Secret, timeIn } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import type { TokenAuthenticator } from './token-authenticator.ts';

/*
 * Tokens that new nodes join with: `ID.SECRET`, kept in Secrets `kube-system/bootstrap-token-ID`. Upstream:
 * plugin/pkg/auth/authenticator/token/bootstrap. Whatever is wrong with one, it is not known: nothing is said that would help a guesser.
 */

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const NAMESPACE = 'kube-system';
const NAME_PREFIX = 'bootstrap-token-';
const TYPE = 'bootstrap.kubernetes.io/token';
const USER_PREFIX = 'system:bootstrap:';
const DEFAULT_GROUP = 'system:bootstrappers';
/** What the further groups of a token must look like. */
const GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export interface BootstrapTokenOptions {
  readonly objects: ObjectReader;
  readonly apiAudiences: readonly string[];
  readonly clock: Clock;
}

export function createBootstrapTokens({ objects, apiAudiences, clock }: BootstrapTokenOptions): TokenAuthenticator {
  return {
    authenticateToken(token, audiences) {
      const [, id, text] = TOKEN.exec(token) ?? [];
      if (id === undefined || text === undefined) return undefined;
      const secret = objects.get<Secret>(coreKinds.secrets, NAMESPACE, NAME_PREFIX + id);
      const groups = secret && groupsOf(secret, { id, text, now: clock.now() });
      const good = audiences.filter((audience) => apiAudiences.includes(audience));
      return groups && good.length > 0 ? { user: { name: USER_PREFIX + id, groups }, audiences: good } : undefined;
    },
  };
}

/** The groups a token's bearer is in; undefined when the Secret does not stand for the token, or no longer. */
function groupsOf({ metadata, type, data = {} }: Live<Secret>, token: { id: string; text: string; now: number }): string[] | undefined {
  const field = (name: string) => Buffer.from(data[name] ?? '', 'base64').toString();
  if (metadata.deletionTimestamp !== undefined || type !== TYPE) return undefined;
  if (!isEqual(field('token-secret'), token.text) || field('token-id') !== token.id) return undefined;
  if (hasExpired(field('expiration'), token.now) || field('usage-bootstrap-authentication') !== 'true') return undefined;
  const text = field('auth-extra-groups');
  const further = text === '' ? [] : text.split(',');
  if (!further.every((group) => GROUP.test(group))) return undefined;
  return [...new Set([DEFAULT_GROUP, ...further])].sort();
}

/** What is no time, as Go takes them, has passed already. */
const hasExpired = (expiration: string, now: number): boolean => expiration !== '' && (timeIn(expiration) ?? now) <= now;

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
