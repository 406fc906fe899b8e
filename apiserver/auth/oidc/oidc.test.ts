import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { silentLogger, systemClock, UserError, VirtualClock } from '../../../runtime/index.ts';
import { OPENID_CLIENT, type OpenIdProvider, startOpenIdProvider } from '../../../test/support/openid-provider.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { until } from '../../../test/support/wait.ts';
import { TokenError } from '../token-authenticator.ts';
import { compileAuthentication } from './compile.ts';
import type { JwtConfiguration } from './config.ts';
import { type OidcFlags, type OidcTokens, ProvidersFile, type ProvidersOptions, providersFromFlags } from './index.ts';

const API = 'https://kubernetes.default.svc';
const optionsWith = (clock = systemClock): ProvidersOptions => ({
  apiAudiences: [API],
  disallowedIssuers: [API],
  clock,
  logger: silentLogger,
});

const flagsOf = (provider: OpenIdProvider, more: Partial<OidcFlags> = {}): OidcFlags => ({
  issuerUrl: provider.issuer,
  clientId: OPENID_CLIENT,
  ca: provider.ca,
  usernameClaim: 'sub',
  usernamePrefix: '',
  groupsClaim: '',
  groupsPrefix: '',
  requiredClaims: {},
  ...more,
});

/** Starts it. */
function started(tokens: OidcTokens | undefined): OidcTokens {
  if (!tokens) throw new Error('there is one');
  tokens.start();
  return tokens;
}

async function fromFlags(provider: OpenIdProvider, more: Partial<OidcFlags> = {}, algorithms = ['RS256']): Promise<OidcTokens> {
  const tokens = started(providersFromFlags(flagsOf(provider, more), algorithms, optionsWith()).tokens[0]);
  await found(tokens, provider);
  return tokens;
}

/** Asks until it has found its provider. */
async function found(tokens: OidcTokens, provider: OpenIdProvider): Promise<void> {
  const isFound = async () => (await verdictOn(tokens, provider.token())) !== 'oidc: authenticator not initialized';
  await until('its provider is found', isFound);
}

/** The user, or why there is none. */
async function verdictOn(tokens: OidcTokens, token: string, audiences = [API]): Promise<unknown> {
  try {
    return (await tokens.authenticateToken(token, audiences))?.user;
  } catch (error) {
    return error instanceof TokenError ? error.message : error;
  }
}

describe('tokens of a provider', () => {
  it('are users, told apart by who issued them', async () => {
    await using provider = await startOpenIdProvider();
    const tokens = await fromFlags(provider);
    expect(await verdictOn(tokens, provider.token({ jti: 'x' }))).toEqual({
      name: `${provider.issuer}#jane`,
      groups: [],
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] },
    });
    expect(await tokens.authenticateToken(provider.token(), [API, 'other'])).toMatchObject({ audiences: [API] });
    expect(await tokens.authenticateToken(provider.token(), ['other'])).toBeUndefined();
    expect(await tokens.authenticateToken(provider.token({ iss: 'https://elsewhere' }), [API])).toBeUndefined();
    expect(await tokens.authenticateToken('abcdef.0123456789abcdef', [API])).toBeUndefined();
    tokens.stop();
  });

  it('have names and groups by the claims that are named', async () => {
    await using provider = await startOpenIdProvider();
    const more = { usernameClaim: 'email', groupsClaim: 'roles', groupsPrefix: 'oidc:', requiredClaims: { hd: 'example.com' } };
    const tokens = await fromFlags(provider, more);
    const claims = { email: 'jane@example.com', hd: 'example.com' };
    expect(await verdictOn(tokens, provider.token({ ...claims, roles: ['a', 'b'] }))).toEqual({
      name: 'jane@example.com',
      groups: ['oidc:a', 'oidc:b'],
    });
    expect(await verdictOn(tokens, provider.token({ ...claims, roles: 'a' }))).toMatchObject({ groups: ['oidc:a'] });
    expect(await verdictOn(tokens, provider.token({ ...claims, email_verified: true }))).toMatchObject({ groups: [] });
    const refused: [object, string][] = [
      [{ email_verified: false }, 'oidc: email not verified'],
      [{ email_verified: 'yes' }, "oidc: parse 'email_verified' claim: json: cannot unmarshal string into Go value of type bool"],
      [{ email: undefined }, 'oidc: parse username claims "email": claim not present'],
      [{ roles: 3 }, 'oidc: parse groups claim "roles": json: cannot unmarshal number into Go value of type string'],
      [{ hd: undefined }, 'oidc: required claim hd not present in ID token'],
      [{ hd: 'evil.com' }, 'oidc: required claim hd value does not match. Got = evil.com, want = example.com'],
    ];
    for (const [change, why] of refused) expect(await verdictOn(tokens, provider.token({ ...claims, ...change }))).toBe(why);
    tokens.stop();
  });

  it('are told of, good or not, but for those of others', async () => {
    await using provider = await startOpenIdProvider();
    const told: string[] = [];
    const onToken: ProvidersOptions['onToken'] = (result, issuer) => told.push(`${result} ${issuer}`);
    const tokens = started(providersFromFlags(flagsOf(provider, {}), ['RS256'], { ...optionsWith(), onToken }).tokens[0]);
    await found(tokens, provider);
    told.length = 0;
    await verdictOn(tokens, provider.token());
    await verdictOn(tokens, provider.token({ exp: 1_700_000_000 }));
    await verdictOn(tokens, provider.token({ iss: 'https://elsewhere' }));
    expect(told).toEqual([`success ${provider.issuer}`, `failure ${provider.issuer}`]);
    tokens.stop();
  });

  it('are refused for another audience, when they have expired or are too early', async () => {
    await using provider = await startOpenIdProvider();
    const tokens = await fromFlags(provider);
    expect(await verdictOn(tokens, provider.token({ aud: ['a', 'b'] }))).toBe(
      'oidc: verify token: oidc: expected audience "kubernetes" got ["a" "b"]',
    );
    expect(await verdictOn(tokens, provider.token({ aud: ['a', OPENID_CLIENT] }))).toMatchObject({ name: expect.stringContaining('jane') });
    expect(await verdictOn(tokens, provider.token({ exp: 1_700_000_000 }))).toBe(
      'oidc: verify token: oidc: token is expired (Token Expiry: 2023-11-14 22:13:20 +0000 UTC)',
    );
    expect(await verdictOn(tokens, provider.token({ nbf: 5_000_000_000 }))).toContain('before the nbf (not before) time: 2128-06-11');
    tokens.stop();
  });

  it('are refused when they were changed, or signed in another way', async () => {
    await using provider = await startOpenIdProvider();
    const tokens = await fromFlags(provider, {}, ['RS256', 'PS256']);
    expect(await verdictOn(tokens, provider.token({}, { algorithm: 'PS256' }))).toMatchObject({ groups: [] });
    expect(await verdictOn(tokens, provider.token({}, { algorithm: 'ES256' }))).toBe(
      'oidc: verify token: oidc: id token signed with unsupported algorithm, expected ["RS256" "PS256"] got "ES256"',
    );
    const [header, payload = '', signature] = provider.token().split('.');
    const claims = { ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as object), sub: 'admin' };
    const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    expect(await verdictOn(tokens, forged)).toBe('oidc: verify token: failed to verify signature: failed to verify id token signature');
    tokens.stop();
  });

  it('are still good when the provider has new keys, and those it signs with them are too', async () => {
    await using provider = await startOpenIdProvider();
    const tokens = await fromFlags(provider);
    const before = provider.token();
    expect(await verdictOn(tokens, before)).toMatchObject({ groups: [] });
    const asked = provider.keyRequests;
    await Promise.all([1, 2, 3].map(() => verdictOn(tokens, before)));
    expect(provider.keyRequests).toBe(asked);
    provider.rotate();
    const both = await Promise.all([verdictOn(tokens, provider.token()), verdictOn(tokens, provider.token({ sub: 'joe' }))]);
    expect(both).toMatchObject([{ groups: [] }, { name: `${provider.issuer}#joe` }]);
    expect(provider.keyRequests).toBe(asked + 1);
    expect(await verdictOn(tokens, before)).toContain('failed to verify id token signature');
    tokens.stop();
  });

  it('are checked with the keys there are while the provider is away, and for as long as it says', async () => {
    await using provider = await startOpenIdProvider();
    provider.cacheControl = 'public, max-age=3600';
    const tokens = await fromFlags(provider);
    const good = provider.token();
    provider.break(true);
    expect(await verdictOn(tokens, good)).toMatchObject({ groups: [] });
    provider.break(false);
    provider.rotate();
    expect(await verdictOn(tokens, provider.token())).toContain('failed to verify id token signature');
    tokens.stop();
  });
});

test('a provider that is away at the start is looked for until it is there', async () => {
  const clock = new VirtualClock(Date.now());
  await using provider = await startOpenIdProvider();
  provider.break(true);
  const [tokens] = providersFromFlags(flagsOf(provider), ['RS256'], optionsWith(clock)).tokens;
  tokens?.start();
  const token = provider.token();
  const verdict = () => (tokens ? verdictOn(tokens, token) : undefined);
  await until('it was looked for', () => clock.pending === 1);
  expect(await verdict()).toBe('oidc: authenticator not initialized');
  provider.break(false);
  await clock.advance(10_000);
  await until('it is found', async () => (await verdict()) !== 'oidc: authenticator not initialized');
  expect(await verdict()).toMatchObject({ name: `${provider.issuer}#jane` });
  tokens?.stop();
});

test('providers of a file that changes serve when they have answered, and those before them until then', async () => {
  const clock = new VirtualClock(Date.now());
  await using directory = await tempDirectory();
  await using first = await startOpenIdProvider();
  await using second = await startOpenIdProvider();
  const path = join(directory.path, 'authentication.yaml');
  const write = (...providers: OpenIdProvider[]) => {
    const jwt = providers.map(({ issuer: url, ca }) => ({
      issuer: { url, audiences: [OPENID_CLIENT], certificateAuthority: ca },
      claimMappings: { username: { claim: 'sub', prefix: '' } },
    }));
    writeFileSync(path, JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt }));
  };
  write(first);
  const file = new ProvidersFile(path, optionsWith(clock));
  await file.start();
  const knows = async (provider: OpenIdProvider) => {
    const answers = await Promise.all(
      file.tokens.map((tokens) => tokens.authenticateToken(provider.token(), [API])?.catch(() => undefined)),
    );
    return answers.some((answer) => answer !== undefined);
  };
  await until('the first is known', () => knows(first));
  expect([await knows(first), await knows(second)]).toEqual([true, false]);
  writeFileSync(path, '{"kind":"Nonsense"}');
  file.check();
  expect(await knows(first)).toBe(true);
  second.break(true);
  write(second);
  file.check();
  await clock.advance(2_000);
  expect([await knows(first), await knows(second)]).toEqual([true, false]);
  second.break(false);
  await clock.advance(10_000);
  await until('the second has taken its place', async () => {
    await clock.advance(2_000);
    return knows(second);
  });
  expect([await knows(first), await knows(second)]).toEqual([false, true]);
  await file.stop();
});

describe('a configuration file', () => {
  async function configured(provider: OpenIdProvider, jwt: Partial<JwtConfiguration>, more: object = {}) {
    await using directory = await tempDirectory();
    const path = join(directory.path, 'authentication.yaml');
    const issuer = { url: provider.issuer, audiences: [OPENID_CLIENT], certificateAuthority: provider.ca };
    const content = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt: [{ issuer, ...jwt }], ...more };
    writeFileSync(path, JSON.stringify(content));
    return new ProvidersFile(path, optionsWith());
  }

  it('maps claims by expressions, and judges claims and users by rules', async () => {
    await using provider = await startOpenIdProvider();
    const { tokens: every } = await configured(provider, {
      claimMappings: {
        username: { expression: "'oidc:' + claims.sub" },
        groups: { expression: 'claims.roles.split(",")' },
        uid: { expression: 'claims.kubernetes__dot__io.id' },
        extra: [
          { key: 'example.com/tenant', valueExpression: 'claims.?tenant.orValue("")' },
          { key: 'example.com/roles', valueExpression: 'claims.roles.split(",")' },
        ],
      },
      claimValidationRules: [{ expression: 'claims.exp - claims.iat <= 7200.0', message: 'it lives too long' }],
      userValidationRules: [{ expression: "!user.username.startsWith('oidc:system:')", message: 'that name is not yours' }],
    });
    const tokens = started(every[0]);
    await found(tokens, provider);
    const claims = { roles: 'a,,b', 'kubernetes.io': { id: 'u-1' } };
    expect(await verdictOn(tokens, provider.token(claims))).toEqual({
      name: 'oidc:jane',
      groups: ['a', 'b'],
      uid: 'u-1',
      extra: { 'example.com/roles': ['a', 'b'] },
    });
    expect(await verdictOn(tokens, provider.token({ ...claims, tenant: 't' }))).toMatchObject({ extra: { 'example.com/tenant': ['t'] } });
    expect(await verdictOn(tokens, provider.token({ ...claims, exp: 9_999_999_999 }))).toBe(
      "oidc: error evaluating claim validation expression: validation expression 'claims.exp - claims.iat <= 7200.0' failed: it lives too long",
    );
    expect(await verdictOn(tokens, provider.token({ ...claims, sub: 'system:x' }))).toContain('failed: that name is not yours');
    expect(await verdictOn(tokens, provider.token({ ...claims, sub: 3 }))).toContain('oidc: error evaluating username claim expression: ');
    expect(await verdictOn(tokens, provider.token({ ...claims, roles: [1] }))).toContain('oidc: error evaluating group claim expression: ');
    tokens.stop();
  });

  it('says who may come without credentials, and where', async () => {
    await using provider = await startOpenIdProvider();
    const jwt = { claimMappings: { username: { claim: 'sub', prefix: '' } } };
    const anonymous = (value: object) => configured(provider, jwt, { anonymous: value }).then((providers) => providers.anonymous);
    expect((await configured(provider, jwt)).anonymous).toBeUndefined();
    expect(await anonymous({ enabled: false })).toBe(false);
    expect(await anonymous({ enabled: true })).toBe(true);
    expect(await anonymous({ enabled: true, conditions: [{ path: '/livez' }] })).toEqual(['/livez']);
    await expect(anonymous({ enabled: false, conditions: [{ path: '/livez' }] })).rejects.toThrow(UserError);
  });
});

it('a file that says otherwise who may come without credentials is not followed while the server runs', async () => {
  await using directory = await tempDirectory();
  const path = join(directory.path, 'authentication.yaml');
  const write = (anonymous: object | undefined, note = '') =>
    writeFileSync(
      path,
      `apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n${note}${anonymous ? `anonymous: ${JSON.stringify(anonymous)}\n` : ''}`,
    );
  const told: string[] = [];
  write({ enabled: true });
  const file = new ProvidersFile(path, { ...optionsWith(new VirtualClock()), onReload: (status) => told.push(status) });
  for (const [anonymous, note] of [[{ enabled: false }], [undefined], [{ enabled: true }, '# as it was\n']] as const) {
    write(anonymous, note);
    file.check();
  }
  expect(told).toEqual(['failure', 'failure', 'success']);
  expect(file.anonymous).toBe(true);
  await file.stop();
});

describe('what cannot be followed', () => {
  const good: JwtConfiguration = {
    issuer: { url: 'https://a', audiences: ['a'] },
    claimMappings: { username: { claim: 'sub', prefix: '' } },
  };
  const errorsOf = (...jwt: JwtConfiguration[]) =>
    compileAuthentication({ jwt }, [API]).errors.map(({ field, body }) => `${field}: ${body}`);
  const issuer = (more: Partial<JwtConfiguration['issuer']>) => ({ ...good, issuer: { ...good.issuer, ...more } });
  const mapped = (claimMappings: JwtConfiguration['claimMappings']) => ({ ...good, claimMappings });
  const ruled = (...claimValidationRules: NonNullable<JwtConfiguration['claimValidationRules']>) => ({ ...good, claimValidationRules });

  it('a provider is reached by the way out that its issuer names, where there is one', () => {
    const dial = () => Promise.resolve(undefined);
    const jwt = [issuer({ egressSelectorType: 'cluster' })];
    const { errors, jwt: compiled } = compileAuthentication({ jwt }, [API], new Map([['cluster', dial]]));
    expect([errors, compiled[0]?.dial]).toEqual([[], dial]);
    expect(compileAuthentication({ jwt: [good] }, [API], new Map([['cluster', dial]])).jwt[0]?.dial).toBeUndefined();
  });

  it.each<[JwtConfiguration, string]>([
    [issuer({ url: '' }), 'jwt[0].issuer.url: Required value'],
    [issuer({ url: 'http://a' }), 'jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https'],
    [issuer({ url: 'https://a:b' }), 'parse "https://a:b": invalid port ":b" after host'],
    [issuer({ egressSelectorType: 'x' }), 'egress selector must be either controlplane or cluster'],
    [issuer({ egressSelectorType: 'cluster' }), 'egress lookup for "cluster" is not configured'],
    [issuer({ url: 'https://u:p@a' }), 'URL must not contain a username or password'],
    [issuer({ url: 'https://a?x=1' }), 'URL must not contain a query'],
    [issuer({ url: 'https://a#x' }), 'URL must not contain a fragment'],
    [issuer({ url: API }), `URL must not overlap with disallowed issuers: [${API}]`],
    [
      issuer({ discoveryURL: 'https://a/' }),
      'jwt[0].issuer.discoveryURL: Invalid value: "https://a/": discoveryURL must be different from URL',
    ],
    [issuer({ audiences: [] }), 'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required'],
    [issuer({ audiences: ['a', 'a'], audienceMatchPolicy: 'MatchAny' }), 'jwt[0].issuer.audiences[1]: Duplicate value: "a"'],
    [issuer({ audiences: ['a', 'b'] }), 'audienceMatchPolicy must be MatchAny for multiple audiences'],
    [issuer({ certificateAuthority: 'x' }), 'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>"'],
    [mapped({}), 'jwt[0].claimMappings.username: Required value: claim or expression is required'],
    [mapped({ username: { claim: 'sub' } }), 'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set'],
    [mapped({ username: { claim: 'a', expression: 'b' } }), "claim and expression can't both be set"],
    [
      mapped({ username: { expression: 'claims.sub +' } }),
      'jwt[0].claimMappings.username.expression: Invalid value: "claims.sub +": compilation failed',
    ],
    [mapped({ username: { expression: 'claims.email' } }), 'claims.email_verified must be used in claimMappings.username.expression'],
    [mapped({ username: { claim: 's', prefix: '' }, extra: [{ key: 'a', valueExpression: '1' }] }), 'must be a domain-prefixed path'],
    [
      mapped({ username: { claim: 's', prefix: '' }, extra: [{ key: 'a.k8s.io/b', valueExpression: '1' }] }),
      'are reserved for Kubernetes use',
    ],
    [mapped({ username: { claim: 's', prefix: '' }, extra: [{ key: 'a.b/C', valueExpression: '1' }] }), 'must be lowercase'],
    [ruled({ expression: '1' }), 'jwt[0].claimValidationRules[0].expression: Invalid value: "1": must evaluate to bool'],
    [ruled({}), 'jwt[0].claimValidationRules[0]: Required value: claim or expression is required'],
    [ruled({ claim: 'a', message: 'm' }), 'may not be specified when claim is set'],
    [ruled({ expression: 'true' }, { expression: 'true' }), 'jwt[0].claimValidationRules[1].expression: Duplicate value: "true"'],
    [{ ...good, userValidationRules: [{ expression: 'user.nobody' }] }, 'jwt[0].userValidationRules[0].expression: Invalid value'],
  ])('%j: %s', (jwt, why) => {
    expect(errorsOf(jwt).join('\n')).toContain(why);
  });

  it('two providers with one name', () => {
    expect(errorsOf(good, good)).toEqual(['jwt[1].issuer.url: Duplicate value: "https://a"']);
    expect(errorsOf(good)).toEqual([]);
    const verified = { username: { expression: 'claims.email_verified ? claims.email : "x"' } };
    expect(errorsOf(mapped(verified))).toEqual([]);
  });
});
