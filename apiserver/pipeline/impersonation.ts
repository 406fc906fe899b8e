import { nameIsDnsLabel, nameIsDnsSubdomain } from '../../api/index.ts';
import { extraKeyOf } from '../../runtime/index.ts';
import { type AccessAttributes, type Authorizer, type UserInfo, whenKnown } from '../auth/types.ts';
import { refused } from './authorization.ts';
import type { Exchange } from './exchange.ts';

/** Impersonation that cannot be made sense of; upstream answers it in plain text, code 500. */
export class ImpersonationError extends Error {
  override readonly name = 'ImpersonationError';
}

const EXTRA_PREFIX = 'impersonate-extra-';
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * Makes the user of a request the one its Impersonate-* headers name, if it may: each thing that is taken on is asked for. A promise only where
 * a webhook is asked. Upstream: apiserver, pkg/endpoints/filters/impersonation.go.
 *
 * @throws ApiError (403) when it may not, ImpersonationError when the headers name no user.
 */
export function impersonate(authorizer: Authorizer, exchange: Exchange): void | Promise<void> {
  const { headers } = exchange.request;
  const name = text(headers['impersonate-user']);
  const groups = values(exchange, 'impersonate-group');
  const uid = text(headers['impersonate-uid']);
  const extra = extraOf(exchange);
  if (name === '') {
    if (groups.length > 0 || uid !== '' || extra.size > 0) throw withoutUser(exchange, { groups, uid, extra });
    return;
  }
  const account = accountOf(name);
  const wanted: Partial<AccessAttributes>[] = [
    account ? { resource: 'serviceaccounts', namespace: account[1] ?? '', name: account[2] ?? '' } : { resource: 'users', name },
    ...groups.map((group) => ({ resource: 'groups', name: group })),
    ...[...extra].flatMap(([key, list]) =>
      list.map((value) => ({ ...OF_AUTHENTICATION, resource: 'userextras', subresource: key, name: value })),
    ),
    ...(uid === '' ? [] : [{ ...OF_AUTHENTICATION, resource: 'uids', name: uid }]),
  ];
  return whenKnown(mayAll(authorizer, exchange.user, wanted), () => {
    exchange.user = {
      name,
      groups: allGroups(name, groups, account),
      ...(uid === '' ? {} : { uid }),
      ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
    };
    exchange.audit?.impersonated(exchange.user);
  });
}

/** A name that no account can have is a user's. Upstream: `serviceaccount.SplitUsername`. */
function accountOf(name: string): RegExpExecArray | null {
  const found = SERVICE_ACCOUNT.exec(name);
  const [, namespace = '', account = ''] = found ?? [];
  return nameIsDnsLabel(namespace, false).length === 0 && nameIsDnsSubdomain(account, false).length === 0 ? found : null;
}

const OF_AUTHENTICATION = { group: 'authentication.k8s.io', version: 'v1' };

/** The groups that come with a user: a service account's own, and that it is authenticated. */
function allGroups(name: string, asked: readonly string[], account: RegExpExecArray | null): string[] {
  const groups = [...asked];
  if (account && groups.length === 0) groups.push('system:serviceaccounts', `system:serviceaccounts:${account[1]}`);
  if (name === 'system:anonymous') {
    if (!groups.includes('system:unauthenticated')) groups.push('system:unauthenticated');
  } else if (!groups.includes('system:authenticated') && !groups.includes('system:unauthenticated')) {
    groups.push('system:authenticated');
  }
  return groups;
}

/** @throws ApiError (403) at the first thing that may not be taken on. */
function mayAll(authorizer: Authorizer, user: UserInfo, [first, ...more]: readonly Partial<AccessAttributes>[]): void | Promise<void> {
  if (!first) return;
  const attributes: AccessAttributes = {
    user,
    verb: 'impersonate',
    resourceRequest: true,
    path: '',
    namespace: '',
    group: '',
    version: 'v1',
    resource: '',
    subresource: '',
    name: '',
    ...first,
  };
  return whenKnown(authorizer.authorize(attributes), ({ allowed, reason }) => {
    if (!allowed) throw refused(attributes, reason);
    return mayAll(authorizer, user, more);
  });
}

const text = (value: string | string[] | undefined): string => (Array.isArray(value) ? (value[0] ?? '') : (value ?? ''));

/** Every value of a header that may be given more than once. */
function values({ request }: Exchange, name: string): string[] {
  const found: string[] = [];
  const { rawHeaders } = request;
  if (request.headers[name] === undefined) return found;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) found.push(rawHeaders[i + 1] ?? '');
  }
  return found;
}

function extraOf(exchange: Exchange): Map<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const name in exchange.request.headers) {
    if (name.startsWith(EXTRA_PREFIX)) extra.set(extraKeyOf(name.slice(EXTRA_PREFIX.length)), values(exchange, name));
  }
  return extra;
}

interface Asked {
  readonly groups: readonly string[];
  readonly uid: string;
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

function withoutUser(exchange: Exchange, { groups, uid, extra }: Asked): ImpersonationError {
  const asked = groups.map((group) => `{Group  ${group}    }`);
  for (const [key, list] of extra) for (const value of list) asked.push(`{UserExtra  ${value}  authentication.k8s.io/v1  ${key}}`);
  if (uid !== '') asked.push(`{UID  ${uid}  authentication.k8s.io/v1  }`);
  const url = JSON.stringify(exchange.request.url ?? '');
  return new ImpersonationError(`Internal Server Error: ${url}: requested [${asked.join(' ')}] without impersonating a user\n`);
}
