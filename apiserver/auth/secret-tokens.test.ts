import { generateKeyPairSync } from 'node:crypto';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { ApiError, coreKinds, type Secret, type ServiceAccount } from '../../api/index.ts';
import { createTokenSigner, VirtualClock } from '../../runtime/index.ts';
import { TokenMetrics } from '../pipeline/token-metrics.ts';
import { createAuthenticator, type RequestAuthenticator } from './index.ts';
import { ObjectsInMemory } from './objects-in-memory.ts';

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PRIVATE = KEY.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const PUBLIC = KEY.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const base64 = (data: Record<string, string>) =>
  Object.fromEntries(Object.entries(data).map(([k, v]) => [k, Buffer.from(v).toString('base64')]));

let objects: ObjectsInMemory;
let clock: VirtualClock;
let authenticator: RequestAuthenticator;
const authenticatorWith = (bootstrapTokens: boolean) =>
  createAuthenticator({ anonymousAuth: true, serviceAccountKeys: [PUBLIC], objects, writer: objects, bootstrapTokens, clock });

beforeEach(() => {
  objects = new ObjectsInMemory();
  clock = new VirtualClock(Date.UTC(2026, 0, 2, 12));
  authenticator = authenticatorWith(true);
});

function who(token: string, by = authenticator): unknown {
  try {
    return by.authenticate(Object.assign(new IncomingMessage(new Socket()), { headers: { authorization: `Bearer ${token}` } }));
  } catch (error) {
    return error instanceof ApiError ? error.code : error;
  }
}

describe('bootstrap tokens', () => {
  const TOKEN = 'abcdef.0123456789abcdef';
  function put(data: Record<string, string> = {}, more: Partial<Secret> = {}): void {
    const all = { 'token-id': 'abcdef', 'token-secret': '0123456789abcdef', 'usage-bootstrap-authentication': 'true', ...data };
    const metadata = { namespace: 'kube-system', name: 'bootstrap-token-abcdef' };
    objects.put<Secret>(coreKinds.secrets, { metadata, type: 'bootstrap.kubernetes.io/token', data: base64(all), ...more });
  }

  it('are users in the group of those that join', () => {
    put({
      'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token,system:bootstrappers:a',
      expiration: '2026-01-02T12:00:01Z',
    });
    expect(who(TOKEN)).toEqual({
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:a', 'system:bootstrappers:kubeadm:default-node-token', 'system:authenticated'],
    });
  });

  it('are known only where that is asked for', () => {
    put();
    expect(who(TOKEN, authenticatorWith(false))).toBe(401);
  });

  it.each<[string, Record<string, string>, Partial<Secret>]>([
    ['another secret', { 'token-secret': '0123456789abcdeg' }, {}],
    ['another id', { 'token-id': 'abcdeg' }, {}],
    ['one that has expired', { expiration: '2026-01-02T12:00:00Z' }, {}],
    ['an expiration that is none', { expiration: 'tomorrow' }, {}],
    ['an expiration that Go does not take', { expiration: '2027-01-02' }, {}],
    ['not for authentication', { 'usage-bootstrap-authentication': 'false' }, {}],
    ['a group it may not give', { 'auth-extra-groups': 'system:masters' }, {}],
    ['another type', {}, { type: 'Opaque' }],
    [
      'one being deleted',
      {},
      { metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef', deletionTimestamp: '2026-01-02T00:00:00Z' } },
    ],
    ['one elsewhere', {}, { metadata: { namespace: 'default', name: 'bootstrap-token-abcdef' } }],
  ])('of %s are not known', (_, data, more) => {
    put(data, more);
    expect(who(TOKEN)).toBe(401);
  });

  it('expire and are revoked at once', async () => {
    put({ expiration: '2026-01-02T12:00:01Z' });
    expect(who(TOKEN)).toMatchObject({ name: 'system:bootstrap:abcdef' });
    await clock.advance(1000);
    expect(who(TOKEN)).toBe(401);
    put();
    expect(who(TOKEN)).toMatchObject({ name: 'system:bootstrap:abcdef' });
    await objects.delete(coreKinds.secrets, 'kube-system', 'bootstrap-token-abcdef');
    expect(who(TOKEN)).toBe(401);
  });
});

describe('tokens of service accounts that lie in secrets', () => {
  const PREFIX = 'kubernetes.io/serviceaccount/';
  let uid: string;
  let token: string;
  const sign = (claims: Record<string, unknown> = {}) =>
    createTokenSigner(PRIVATE).sign({
      iss: 'kubernetes/serviceaccount',
      sub: 'system:serviceaccount:blue:bot',
      [`${PREFIX}namespace`]: 'blue',
      [`${PREFIX}secret.name`]: 'bot-token',
      [`${PREFIX}service-account.name`]: 'bot',
      [`${PREFIX}service-account.uid`]: uid,
      ...claims,
    });
  const keep = (text: string, labels: Record<string, string> = {}) =>
    objects.put<Secret>(coreKinds.secrets, {
      metadata: { namespace: 'blue', name: 'bot-token', labels },
      type: 'kubernetes.io/service-account-token',
      data: base64({ token: text }),
    });
  const why = (text: string) => authenticator.reviewToken(text, []);
  const error = (text: string) => ({ error: `[invalid bearer token, ${text}]` });

  beforeEach(() => {
    uid = objects.put<ServiceAccount>(coreKinds.serviceaccounts, { metadata: { namespace: 'blue', name: 'bot' } }).metadata.uid;
    token = sign();
    keep(token);
  });

  it('are the account, for the API server’s own audiences', () => {
    expect(who(token)).toEqual({
      name: 'system:serviceaccount:blue:bot',
      uid,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:blue', 'system:authenticated'],
    });
    expect(why(token)).toMatchObject({ audiences: ['https://kubernetes.default.svc'] });
    expect(authenticator.reviewToken(token, ['vault'])).toEqual(
      error('token audiences ["https://kubernetes.default.svc"] is invalid for the target audiences ["vault"]'),
    );
  });

  it('are good only as long as secret and account are what they were', async () => {
    const other = sign({ jti: 'other' });
    expect(why(other)).toEqual(error("Token does not match server's copy"));
    keep(other);
    expect(why(token)).toEqual(error("Token does not match server's copy"));
    await objects.delete(coreKinds.secrets, 'blue', 'bot-token');
    expect(why(token)).toEqual(error('Token has been invalidated'));
    keep(token);
    await objects.delete(coreKinds.serviceaccounts, 'blue', 'bot');
    expect(why(token)).toEqual(error('serviceaccounts "bot" not found'));
    const again = objects.put<ServiceAccount>(coreKinds.serviceaccounts, { metadata: { namespace: 'blue', name: 'bot' } }).metadata.uid;
    expect(why(token)).toEqual(error(`ServiceAccount UID (${again}) does not match claim (${uid})`));
  });

  it('must say everything they have to, and be signed', () => {
    expect(why(sign({ sub: undefined }))).toEqual(error('sub claim is missing'));
    expect(why(sign({ [`${PREFIX}secret.name`]: undefined }))).toEqual(error('secretName claim is missing'));
    expect(why(sign({ sub: 'system:serviceaccount:red:bot' }))).toEqual(error('sub claim is invalid'));
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(why(createTokenSigner(stranger).sign({ iss: 'kubernetes/serviceaccount' }))).toEqual(error('invalid signature, no keys found'));
  });

  it('leave the day of their last use on the secret, once a day', async () => {
    const label = () =>
      objects.get<Secret>(coreKinds.secrets, 'blue', 'bot-token')?.metadata.labels?.['kubernetes.io/legacy-token-last-used'];
    const before = objects.writes;
    who(token);
    who(token);
    await clock.advance(0);
    expect(label()).toBe('2026-01-02');
    who(token);
    await clock.advance(24 * 3600 * 1000);
    expect(objects.writes).toBe(before + 1);
    who(token);
    await clock.advance(0);
    expect(label()).toBe('2026-01-03');
  });

  it('that nobody asked for are warned of', async () => {
    const warnings: string[] = [];
    const use = async () => {
      const request = Object.assign(new IncomingMessage(new Socket()), { headers: { authorization: `Bearer ${token}` } });
      return await authenticator.authenticate(request, (text) => warnings.push(text));
    };
    await use();
    expect(warnings).toEqual([]);
    const secrets = [{ name: 'bot-token' }];
    objects.put<ServiceAccount>(coreKinds.serviceaccounts, { metadata: { namespace: 'blue', name: 'bot', uid }, secrets });
    expect(await use()).toMatchObject({ name: 'system:serviceaccount:blue:bot' });
    expect(warnings).toEqual([
      'Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.',
    ]);
  });

  it('are counted by how they are used', () => {
    const tokens = new TokenMetrics();
    const counting = createAuthenticator({ anonymousAuth: true, serviceAccountKeys: [PUBLIC], objects, tokenMetrics: tokens, clock });
    who(token, counting);
    objects.put<ServiceAccount>(coreKinds.serviceaccounts, {
      metadata: { namespace: 'blue', name: 'bot', uid },
      secrets: [{ name: 'bot-token' }],
    });
    who(token, counting);
    keep(token, { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' });
    who(token, counting);
    expect(tokens.uses).toEqual({ legacy: 3, manual: 1, auto: 1, invalid: 1, stale: 0, valid: 0 });
    expect(tokens.lines()).toEqual(
      expect.arrayContaining([
        'serviceaccount_legacy_tokens_total 3',
        'serviceaccount_legacy_manual_token_uses_total 1',
        'serviceaccount_legacy_auto_token_uses_total 1',
        'serviceaccount_invalid_legacy_auto_token_uses_total 1',
        'serviceaccount_stale_tokens_total 0',
        'serviceaccount_valid_tokens_total 0',
        'authentication_token_cache_request_total{status="hit"} 3',
        'authentication_token_cache_request_duration_seconds_count{status="hit"} 3',
      ]),
    );
  });

  it('are refused when they were marked as good no more', () => {
    keep(token, { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' });
    expect(who(token)).toBe(401);
    expect(why(token)).toEqual({
      error: expect.stringContaining('the token in secret blue/bot-token for service account blue/bot has been marked invalid. Use tokens'),
    });
  });
});
