import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { IncomingMessage } from 'node:http';
import { createServer, request as httpsRequest } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, coreKinds, type ServiceAccount } from '../../api/index.ts';
import { parseToken, seededRandom, systemClock, UserError, VirtualClock } from '../../runtime/index.ts';
import { TokenMetrics } from '../pipeline/token-metrics.ts';
import { ensurePki, type Pki } from '../pki/index.ts';
import { createAuthenticator, createTokenIssuer, type RequestAuthenticator, type TokenSubject } from './index.ts';
import { ObjectsInMemory } from './objects-in-memory.ts';
import type { UserInfo } from './types.ts';

let directory: string;
let tokenFile: string;
let pki: Pki;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nanokube-auth-'));
  tokenFile = join(directory, 'tokens.csv');
  await writeFile(tokenFile, 'admintoken,admin,admin-id,"system:masters"\nusertoken,alice,,"devs,""ops"""\n\nplain,bob,b\n');
  pki = await ensurePki({ directory: join(directory, 'pki'), hosts: [], clock: systemClock });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const requestWith = (headers: Record<string, string>): IncomingMessage => Object.assign(new IncomingMessage(new Socket()), { headers });
const bearer = (token: string) => requestWith({ authorization: `Bearer ${token}` });

/** The user, who is known at once. */
function userOf(found: UserInfo | Promise<UserInfo>): UserInfo {
  if (found instanceof Promise) throw new Error('nobody else is to be asked');
  return found;
}

function codeOf(authenticate: () => unknown): number | undefined {
  try {
    authenticate();
    return undefined;
  } catch (error) {
    return error instanceof ApiError ? error.code : -1;
  }
}

function authenticatorWith(objects = new ObjectsInMemory(), clock = new VirtualClock()): RequestAuthenticator {
  return createAuthenticator({
    tokenAuthFile: tokenFile,
    anonymousAuth: true,
    serviceAccountKeys: [pki.serviceAccount.publicKey],
    objects,
    clock,
  });
}

describe('static tokens', () => {
  it('are users with groups', () => {
    const authenticator = authenticatorWith();
    expect(authenticator.authenticate(bearer('admintoken'))).toEqual({
      name: 'admin',
      uid: 'admin-id',
      groups: ['system:masters', 'system:authenticated'],
    });
    expect(authenticator.authenticate(bearer('usertoken'))).toEqual({
      name: 'alice',
      uid: undefined,
      groups: ['devs', '"ops"', 'system:authenticated'],
    });
    expect(userOf(authenticator.authenticate(bearer('plain'))).groups).toEqual(['system:authenticated']);
  });

  it('come in any case of the scheme, and in a WebSocket protocol', () => {
    const authenticator = authenticatorWith();
    expect(userOf(authenticator.authenticate(requestWith({ authorization: 'bearer plain' }))).name).toBe('bob');
    const protocol = `v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from('plain').toString('base64url')}`;
    expect(userOf(authenticator.authenticate(requestWith({ upgrade: 'websocket', 'sec-websocket-protocol': protocol }))).name).toBe('bob');
  });

  it('are refused in WebSocket protocols that are no way to carry one', () => {
    const authenticator = authenticatorWith();
    const encoded = (token: string | Buffer) => `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
    const answer = (...protocols: string[]) => {
      const request = requestWith({ upgrade: 'websocket', 'sec-websocket-protocol': protocols.join(',') });
      return codeOf(() => userOf(authenticator.authenticate(request)));
    };
    expect(answer(encoded('plain'))).toBe(401);
    expect(answer('v5.channel.k8s.io', encoded('plain'), encoded('plain'))).toBe(401);
    expect(answer('v5.channel.k8s.io', 'base64url.bearer.authorization.k8s.io.a=')).toBe(401);
    expect(answer('v5.channel.k8s.io', encoded(Buffer.from([0xff])))).toBe(401);
    const none = requestWith({ upgrade: 'websocket', 'sec-websocket-protocol': encoded('') });
    expect(userOf(authenticator.authenticate(none)).name).toBe('system:anonymous');
  });

  it('are not seen behind two spaces, of which the client is told', () => {
    const warnings: string[] = [];
    const user = authenticatorWith().authenticate(requestWith({ authorization: 'Bearer  plain' }), (text) => warnings.push(text));
    expect(userOf(user).name).toBe('system:anonymous');
    expect(warnings).toEqual(['the provided Authorization header contains extra space before the bearer token, and is ignored']);
  });

  it('refuses a file that is not one', async () => {
    const options = { anonymousAuth: true, serviceAccountKeys: [], objects: new ObjectsInMemory() };
    expect(() => createAuthenticator({ ...options, tokenAuthFile: join(directory, 'none') })).toThrow(UserError);
    await writeFile(join(directory, 'short'), 'a,b\n');
    expect(() => createAuthenticator({ ...options, tokenAuthFile: join(directory, 'short') })).toThrow(/at least 3 columns/);
  });
});

it('takes no credential, Basic and an empty bearer for anonymous, and a bad bearer for nobody', () => {
  const authenticator = authenticatorWith();
  const anonymous = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
  for (const headers of [{}, { authorization: 'Basic YTpi' }, { authorization: 'Bearer ' }, { authorization: 'Bearer' }]) {
    expect(authenticator.authenticate(requestWith(headers))).toEqual(anonymous);
  }
  for (const token of ['nope', 'eyJhbGciOiJub25lIn0.e30.x', 'admintoken2', 'a.b.c']) {
    expect(codeOf(() => authenticator.authenticate(bearer(token)))).toBe(401);
  }
  const closed = createAuthenticator({ anonymousAuth: false, serviceAccountKeys: [], objects: new ObjectsInMemory() });
  expect(codeOf(() => closed.authenticate(requestWith({})))).toBe(401);
});

describe('service-account tokens', () => {
  let objects: ObjectsInMemory;
  let clock: VirtualClock;
  let authenticator: RequestAuthenticator;
  let subject: TokenSubject;
  const issue = (more: Partial<TokenSubject> = {}, privateKey = pki.serviceAccount.privateKey, issuer = 'https://kubernetes.default.svc') =>
    createTokenIssuer({ issuer, privateKey, clock, random: seededRandom(1) }).issue({ ...subject, ...more }).token;
  const reject = (token: string) => codeOf(() => authenticator.authenticate(bearer(token)));

  beforeEach(() => {
    objects = new ObjectsInMemory();
    clock = new VirtualClock();
    authenticator = authenticatorWith(objects, clock);
    const { metadata } = objects.put<ServiceAccount>(coreKinds.serviceaccounts, { metadata: { namespace: 'blue', name: 'bot' } });
    subject = {
      namespace: 'blue',
      account: { name: 'bot', uid: metadata.uid },
      audiences: ['https://kubernetes.default.svc'],
      expirationSeconds: 3600,
    };
  });

  it('are the account, in its groups', () => {
    expect(authenticator.authenticate(bearer(issue()))).toEqual({
      name: 'system:serviceaccount:blue:bot',
      uid: subject.account.uid,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:blue', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=[0-9a-f-]{36}$/)] },
    });
  });

  it('expire', async () => {
    const token = issue();
    await clock.advance(3600_000 + 59_000);
    expect(reject(token)).toBeUndefined();
    await clock.advance(2000);
    expect(reject(token)).toBe(401);
  });

  it('die with their account, also when it comes back', async () => {
    const token = issue();
    expect(reject(token)).toBeUndefined();
    await objects.delete(coreKinds.serviceaccounts, 'blue', 'bot');
    expect(reject(token)).toBe(401);
    objects.put(coreKinds.serviceaccounts, { metadata: { namespace: 'blue', name: 'bot' } });
    expect(reject(token)).toBe(401);
  });

  it('die with the pod or secret they are bound to', async () => {
    const pod = objects.put(coreKinds.pods, { metadata: { namespace: 'blue', name: 'p' } }).metadata;
    const secret = objects.put(coreKinds.secrets, { metadata: { namespace: 'blue', name: 's' } }).metadata;
    const ofPod = issue({ pod: { name: 'p', uid: pod.uid }, node: { name: 'n', uid: 'u' } });
    const ofSecret = issue({ secret: { name: 's', uid: secret.uid } });
    expect(userOf(authenticator.authenticate(bearer(ofPod))).extra).toMatchObject({
      'authentication.kubernetes.io/pod-name': ['p'],
      'authentication.kubernetes.io/node-name': ['n'],
    });
    expect(reject(ofSecret)).toBeUndefined();
    await objects.delete(coreKinds.pods, 'blue', 'p');
    await objects.delete(coreKinds.secrets, 'blue', 's');
    expect([reject(ofPod), reject(ofSecret)]).toEqual([401, 401]);
    expect(reject(issue({ node: { name: 'gone', uid: 'x' } }))).toBe(401);
  });

  it('of another key, another issuer or with a changed word are refused', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(reject(issue({}, other))).toBe(401);
    expect(reject(issue({}, undefined, 'https://elsewhere'))).toBe(401);
    const [header = '', payload = '', signature = ''] = issue().split('.');
    const claims = { ...parseToken(issue())?.claims, sub: 'x', 'kubernetes.io': { namespace: 'kube-system' } };
    expect(reject([header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.'))).toBe(401);
    const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(reject(`${unsigned}.${payload}.`)).toBe(401);
    const hmac = Buffer.from('{"alg":"HS256"}').toString('base64url');
    expect(reject(`${hmac}.${payload}.${signature}`)).toBe(401);
  });

  it('may be signed with an RSA key', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const token = issue({}, pem);
    expect(parseToken(token)?.algorithm).toBe('RS256');
    const publicKey = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const both = createAuthenticator({
      anonymousAuth: true,
      serviceAccountKeys: [pki.serviceAccount.publicKey, publicKey],
      objects,
      clock,
    });
    expect(userOf(both.authenticate(bearer(token))).name).toBe('system:serviceaccount:blue:bot');
  });

  it('are counted as stale once they should have been renewed, and as misses where somebody is asked', async () => {
    const tokens = new TokenMetrics();
    const others = [
      {
        authenticateToken: (token: string) =>
          Promise.resolve(token === 'theirs' ? { user: { name: 'eve', groups: [] }, audiences: [] } : undefined),
      },
    ];
    const counting = createAuthenticator({
      anonymousAuth: true,
      serviceAccountKeys: [pki.serviceAccount.publicKey],
      objects,
      tokenMetrics: tokens,
      others: () => others,
      clock,
    });
    const token = issue({ warnAfterSeconds: 100 });
    userOf(counting.authenticate(bearer(token)));
    await clock.advance(101_000);
    userOf(counting.authenticate(bearer(token)));
    expect(tokens.uses).toMatchObject({ valid: 1, stale: 1, legacy: 0 });
    const asked = counting.authenticate(bearer('theirs'));
    expect(tokens.lines()).toContain('authentication_token_cache_active_fetch_count{status="in_flight"} 1');
    await asked;
    await expect(counting.authenticate(bearer('nobodys'))).rejects.toThrow(ApiError);
    expect(tokens.lines()).toEqual(
      expect.arrayContaining([
        'authentication_token_cache_active_fetch_count{status="in_flight"} 0',
        'authentication_token_cache_fetch_total{status="ok"} 1',
        'authentication_token_cache_fetch_total{status="error"} 1',
        'authentication_token_cache_request_total{status="hit"} 2',
        'authentication_token_cache_request_total{status="miss"} 2',
      ]),
    );
  });

  it('are reviewed for audiences', () => {
    const token = issue({ audiences: ['vault', 'other'] });
    expect(reject(token)).toBe(401);
    expect(authenticator.reviewToken(token, ['vault', 'third'])).toMatchObject({ audiences: ['vault'] });
    expect(authenticator.reviewToken(token, [])).toEqual({
      error:
        '[invalid bearer token, token audiences ["vault" "other"] is invalid for the target audiences ["https://kubernetes.default.svc"]]',
    });
    expect(authenticator.reviewToken('nope', [])).toEqual({ error: 'invalid bearer token' });
    expect(authenticator.reviewToken('plain', ['other'])).toEqual({ error: 'invalid bearer token' });
    expect(authenticator.reviewToken('plain', [])).toMatchObject({ audiences: ['https://kubernetes.default.svc'] });
  });
});

describe('client certificates', () => {
  async function whoAmI(client: { certificate: string; key: string } | undefined, headers: Record<string, string> = {}): Promise<unknown> {
    const authenticator = authenticatorWith(new ObjectsInMemory(), new VirtualClock(Date.now()));
    const server = createServer(
      { cert: pki.server.certificate, key: pki.server.key, ca: pki.ca, requestCert: true, rejectUnauthorized: false },
      (req, res) => {
        const code = codeOf(() => authenticator.authenticate(req));
        res.end(JSON.stringify(code ?? authenticator.authenticate(req)));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      return await new Promise((resolve, reject) => {
        const options = { port, host: '127.0.0.1', ca: pki.ca, cert: client?.certificate, key: client?.key, headers, agent: false };
        httpsRequest(options, (res) => {
          res.toArray().then((chunks) => resolve(JSON.parse(Buffer.concat(chunks).toString())), reject);
        })
          .on('error', reject)
          .end();
      });
    } finally {
      server.close();
    }
  }

  it('name the user and the groups', async () => {
    expect(await whoAmI(pki.clients.admin)).toEqual({
      name: 'kubernetes-admin',
      groups: ['system:masters', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)] },
    });
    expect(await whoAmI(pki.clients.kubelet)).toMatchObject({
      name: 'system:nanokube:kubelet-sim',
      groups: ['system:nodes', 'system:authenticated'],
    });
    expect(await whoAmI(undefined)).toMatchObject({ name: 'system:anonymous' });
  });

  it('come before a token; one of another CA is refused unless a token is good', async () => {
    expect(await whoAmI(pki.clients.admin, { authorization: 'Bearer plain' })).toMatchObject({ name: 'kubernetes-admin' });
    const stranger = await ensurePki({ directory: join(directory, 'other'), hosts: [], clock: systemClock });
    expect(await whoAmI(stranger.clients.admin)).toBe(401);
    expect(await whoAmI(stranger.clients.admin, { authorization: 'Bearer plain' })).toMatchObject({ name: 'bob' });
  });
});
