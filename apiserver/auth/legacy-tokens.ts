import { coreKinds, type Live, type Secret, type ServiceAccount } from '../../api/index.ts';
import type { Claims, Clock } from '../../runtime/index.ts';
import { noTokenUses, type TokenUses } from '../pipeline/token-metrics.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { createSignatureCheck } from './checked-signatures.ts';
import { serviceAccountName, serviceAccountUser } from './service-account-user.ts';
import { type TokenAuthenticator, TokenError } from './token-authenticator.ts';

/*
 * Tokens of service accounts that lie in Secrets of type kubernetes.io/service-account-token and live as long as these. Upstream:
 * pkg/serviceaccount/legacy.go.
 */

export const LEGACY_ISSUER = 'kubernetes/serviceaccount';
/** On the Secret: the day its token was last used. */
const LAST_USED = 'kubernetes.io/legacy-token-last-used';
/** On the Secret: since when its token is good no more. */
const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since';
const AUTO_GENERATED =
  'Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.';
const DAY_MS = 24 * 3600 * 1000;

export interface LegacyTokenOptions {
  /** PEM of the keys that tokens are checked with. */
  readonly publicKeys: readonly string[];
  readonly apiAudiences: readonly string[];
  readonly objects: ObjectReader;
  /** Where the use of a token is noted; nowhere unless given. */
  readonly writer?: Pick<ObjectWriter, 'update'> | undefined;
  /** Where uses are counted; nowhere unless given. */
  readonly uses?: TokenUses | undefined;
  readonly clock: Clock;
}

/** What such a token says. */
interface LegacyClaims {
  readonly namespace: string;
  readonly secretName: string;
  readonly accountName: string;
  readonly accountUid: string;
}

/** Knows tokens that lie in Secrets: the Secret and the account must be there, and hold the very token. */
export function createLegacyTokens(options: LegacyTokenOptions): TokenAuthenticator {
  const { objects, apiAudiences, clock } = options;
  const claimsOf = createSignatureCheck({ publicKeys: options.publicKeys, isOurs: ({ iss }) => iss === LEGACY_ISSUER });
  const usage = new UsageNotes(options);
  const uses = options.uses ?? noTokenUses();
  return {
    authenticateToken(token, audiences) {
      const claims = claimsOf(token);
      if (!claims) return undefined;
      uses.legacy++;
      const good = apiAudiences.filter((audience) => audiences.includes(audience));
      if (good.length === 0) {
        const list = (items: readonly string[]) => `[${items.map((item) => JSON.stringify(item)).join(' ')}]`;
        throw new TokenError(`token audiences ${list(apiAudiences)} is invalid for the target audiences ${list(audiences)}`);
      }
      const said = legacyClaims(claims);
      const secret = currentSecret(objects, said, token);
      const account = accountOf(objects, said);
      usage.note(secret, clock.now());
      if (secret.metadata.labels?.[INVALID_SINCE]) {
        uses.invalid++;
        throw new TokenError(markedInvalid(said));
      }
      const isMadeByItself = account.secrets?.some(({ name }) => name === said.secretName) ?? false;
      uses[isMadeByItself ? 'auto' : 'manual']++;
      return {
        user: serviceAccountUser({ namespace: said.namespace, name: said.accountName, uid: said.accountUid }),
        audiences: good,
        ...(isMadeByItself ? { warning: AUTO_GENERATED } : {}),
      };
    },
  };
}

function legacyClaims(claims: Claims): LegacyClaims {
  const text = (name: string) => {
    const value = claims[name];
    return typeof value === 'string' ? value : '';
  };
  const need = (value: string, what: string): string => {
    if (value === '') throw new TokenError(`${what} claim is missing`);
    return value;
  };
  const subject = need(text('sub'), 'sub');
  const said = {
    namespace: need(text('kubernetes.io/serviceaccount/namespace'), 'namespace'),
    secretName: need(text('kubernetes.io/serviceaccount/secret.name'), 'secretName'),
    accountName: need(text('kubernetes.io/serviceaccount/service-account.name'), 'serviceAccountName'),
    accountUid: need(text('kubernetes.io/serviceaccount/service-account.uid'), 'serviceAccountUID'),
  };
  if (subject !== serviceAccountName(said.namespace, said.accountName)) throw new TokenError('sub claim is invalid');
  return said;
}

function currentSecret(objects: ObjectReader, { namespace, secretName }: LegacyClaims, token: string): Live<Secret> {
  const secret = objects.get<Secret>(coreKinds.secrets, namespace, secretName);
  if (!secret || secret.metadata.deletionTimestamp !== undefined) throw new TokenError('Token has been invalidated');
  const held = Buffer.from(secret.data?.token ?? '', 'base64').toString();
  if (held !== token) throw new TokenError("Token does not match server's copy");
  return secret;
}

function accountOf(objects: ObjectReader, { namespace, accountName, accountUid }: LegacyClaims): Live<ServiceAccount> {
  const account = objects.get<ServiceAccount>(coreKinds.serviceaccounts, namespace, accountName);
  if (!account) throw new TokenError(`serviceaccounts ${JSON.stringify(accountName)} not found`);
  if (account.metadata.deletionTimestamp !== undefined) throw new TokenError(`ServiceAccount ${namespace}/${accountName} has been deleted`);
  if (account.metadata.uid !== accountUid) {
    throw new TokenError(`ServiceAccount UID (${account.metadata.uid}) does not match claim (${accountUid})`);
  }
  return account;
}

const markedInvalid = ({ namespace, secretName, accountName }: LegacyClaims): string =>
  `the token in secret ${namespace}/${secretName} for service account ${namespace}/${accountName} has been marked invalid. Use tokens from ` +
  `the TokenRequest API or manually created secret-based tokens, or remove the '${INVALID_SINCE}' label from the secret to temporarily ` +
  'allow use of this token';

/** Notes on Secrets the day on which their tokens were used, once a day. */
class UsageNotes {
  readonly #writer: LegacyTokenOptions['writer'];
  /** Secrets being written, by uid. */
  readonly #pending = new Set<string>();

  constructor({ writer }: LegacyTokenOptions) {
    this.#writer = writer;
  }

  /** The request does not wait for it: a note that cannot be written now is written on the next use. */
  note({ metadata }: Live<Secret>, now: number): void {
    const [today, tomorrow] = [dayOf(now), dayOf(now + DAY_MS)];
    const last = metadata.labels?.[LAST_USED];
    if (!this.#writer || last === today || last === tomorrow || this.#pending.has(metadata.uid)) return;
    this.#pending.add(metadata.uid);
    const done = () => this.#pending.delete(metadata.uid);
    this.#writer
      .update<Secret>(coreKinds.secrets, metadata.namespace ?? '', metadata.name, (current) =>
        current.metadata.uid === metadata.uid
          ? { ...current, metadata: { ...current.metadata, labels: { ...current.metadata.labels, [LAST_USED]: today } } }
          : undefined,
      )
      .then(done, done);
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
