import { beforeEach, describe, expect, it } from 'vitest';
import { ApiError, coreKinds, type Live, type Pod, type ServiceAccount, type TokenRequest } from '../../api/index.ts';
import { bodies, decode } from '../../api/schema.ts';
import { generateKey, keyToPem, parseToken, publicKeyToPem, seededRandom, VirtualClock } from '../../runtime/index.ts';
import {
  createOpenIdDocuments,
  createTokenIssuer,
  createTokenRequests,
  setTokenRequestDefaults,
  type TokenRequestsOptions,
} from './index.ts';
import { ObjectsInMemory } from './objects-in-memory.ts';

const key = generateKey();
const clock = new VirtualClock();
let objects: ObjectsInMemory;
let account: Live<ServiceAccount>;
let warnings: string[];
let notes: string[];

beforeEach(async () => {
  warnings = [];
  notes = [];
  objects = new ObjectsInMemory();
  account = await objects.create<ServiceAccount>(coreKinds.serviceaccounts, { metadata: { name: 'bot', namespace: 'ns' } });
});

function ask(spec: object, { metadata = {}, options = {} }: { metadata?: object; options?: Partial<TokenRequestsOptions> } = {}) {
  const issuer = createTokenIssuer({ issuer: 'https://issuer', privateKey: keyToPem(key), clock, random: seededRandom(1) });
  const requests = createTokenRequests({
    issuer,
    objects,
    clock,
    apiAudiences: ['https://issuer'],
    extendExpiration: true,
    maxExpirationSeconds: 0,
    ...options,
  });
  const { object } = decode(bodies.tokenRequest, { metadata, spec });
  const context = {
    namespace: 'ns',
    name: 'bot',
    warn: (text: string) => void warnings.push(text),
    annotate: (name: string, value: string) => void notes.push(`${name} ${value}`),
    validate: () => Promise.resolve(),
  };
  setTokenRequestDefaults(object as TokenRequest);
  return requests.answer(context, object as TokenRequest);
}

const claimsOf = ({ status }: TokenRequest) => parseToken(status?.token ?? '')?.claims;

async function refusalOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'none';
  } catch (error) {
    return error instanceof ApiError ? `${error.code} ${error.message}` : String(error);
  }
}

const aPod = (spec: Partial<Pod['spec']>) =>
  objects.create<Pod>(coreKinds.pods, {
    metadata: { name: 'p', namespace: 'ns' },
    spec: { containers: [], serviceAccountName: 'bot', ...spec },
    status: {},
  });

describe('a token request', () => {
  it('is filled in: an hour, for the API server, about the account', async () => {
    const answer = await ask({});
    expect(answer.metadata).toMatchObject({ name: 'bot', namespace: 'ns', uid: account.metadata.uid });
    expect(Object.keys(answer.metadata)).toEqual(['name', 'namespace', 'uid', 'creationTimestamp']);
    expect(answer.spec).toEqual({ audiences: ['https://issuer'], boundObjectRef: null, expirationSeconds: 3600 });
    const now = Math.floor(clock.now() / 1000);
    expect(Date.parse(answer.status?.expirationTimestamp ?? '')).toBe((now + 3600) * 1000);
    expect(claimsOf(answer)).toMatchObject({ aud: ['https://issuer'], exp: now + 3600, sub: 'system:serviceaccount:ns:bot' });
    expect(notes).toEqual([`authentication.kubernetes.io/issued-credential-id JTI=${claimsOf(answer)?.jti}`]);
  });

  it.each([
    [
      599,
      '422 TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
    [
      2 ** 32 + 1,
      '422 TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
    ],
  ])('of %d seconds is refused', async (expirationSeconds, message) => {
    expect(await refusalOf(ask({ expirationSeconds }))).toBe(message);
  });

  it('names no other account, and no other incarnation of it', async () => {
    expect(await refusalOf(ask({}, { metadata: { name: 'other' } }))).toBe(
      '422 TokenRequest.authentication.k8s.io "bot" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
    );
    expect(await refusalOf(ask({}, { metadata: { uid: 'old' } }))).toBe(
      `409 Operation cannot be fulfilled on TokenRequest.authentication.k8s.io "bot": the UID in the token request (old) does not match the UID of the service account (${account.metadata.uid})`,
    );
  });

  it('is shortened, with a warning, where the server limits it', async () => {
    const answer = await ask({ expirationSeconds: 9000 }, { options: { maxExpirationSeconds: 3600 } });
    expect(answer.spec.expirationSeconds).toBe(3600);
    expect(warnings).toEqual(['requested expiration of 9000 seconds shortened to 3600 seconds']);
  });
});

describe('a bound token', () => {
  it('names its pod and the pod’s node, which need not be there', async () => {
    const pod = await aPod({ nodeName: 'gone' });
    const answer = await ask({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: pod.metadata.uid } });
    expect(claimsOf(answer)?.['kubernetes.io']).toMatchObject({
      pod: { name: 'p', uid: pod.metadata.uid },
      node: { name: 'gone', uid: '' },
    });
  });

  it('lives a year when a kubelet asks for the hour of old clients', async () => {
    await aPod({});
    const spec = { expirationSeconds: 3607, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p' } };
    const now = Math.floor(clock.now() / 1000);
    const extended = await ask(spec);
    expect(claimsOf(extended)).toMatchObject({ exp: now + 365 * 24 * 3600, 'kubernetes.io': { warnafter: now + 3607 } });
    expect(Date.parse(extended.status?.expirationTimestamp ?? '')).toBe((now + 3607) * 1000);
    const other = await ask({ ...spec, audiences: ['vault'] });
    expect(claimsOf(other)).toMatchObject({ exp: now + 3607 });
    expect(claimsOf(await ask(spec, { options: { extendExpiration: false } }))).toMatchObject({ exp: now + 3607 });
  });

  it('is refused for what is not there, is another, or has another account', async () => {
    const refOf = (kind: string, more: object = {}) => ({ boundObjectRef: { apiVersion: 'v1', kind, name: 'p', ...more } });
    expect(await refusalOf(ask(refOf('Secret')))).toBe('404 secrets "p" not found');
    expect(await refusalOf(ask(refOf('Pod', { name: '' })))).toBe('400 Name parameter required.');
    expect(await refusalOf(ask(refOf('ConfigMap')))).toBe('400 cannot bind token to object of type /v1, Kind=ConfigMap');
    expect(await refusalOf(ask(refOf('Pod', { apiVersion: 'apps/v1' })))).toBe('400 cannot bind token to object of type apps/v1, Kind=Pod');
    await objects.create(coreKinds.nodes, { metadata: { name: 'p' } });
    expect(await refusalOf(ask(refOf('Node', { uid: 'u' })))).toBe(
      '409 Operation cannot be fulfilled on Node "p": the UID in the bound object reference (u) does not match the UID in record. The object might have been deleted and then recreated',
    );
    await aPod({ serviceAccountName: 'other' });
    expect(await refusalOf(ask(refOf('Pod')))).toBe(
      '400 cannot bind token for serviceaccount "bot" to pod running with different serviceaccount name.',
    );
  });
});

describe('OpenID discovery', () => {
  it('says where the keys are, and which', async () => {
    const documents = createOpenIdDocuments({
      issuer: 'https://issuer',
      publicKeys: [publicKeyToPem(key)],
      keysUrl: () => 'https://h:1/openid/v1/jwks',
    });
    if (!documents) throw new Error('no discovery');
    expect(JSON.parse(String(documents.respond('/.well-known/openid-configuration')?.body))).toEqual({
      issuer: 'https://issuer',
      jwks_uri: 'https://h:1/openid/v1/jwks',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    });
    const { keys } = JSON.parse(String(documents.respond('/openid/v1/jwks')?.body));
    expect(keys).toEqual([expect.objectContaining({ use: 'sig', kty: 'EC', crv: 'P-256', alg: 'ES256' })]);
    const [header = ''] = (await ask({})).status?.token.split('.') ?? [];
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'ES256', kid: keys[0].kid });
    expect(documents.respond('/openid/v1/other')).toBeUndefined();
  });

  it.each(['http://issuer', 'issuer', 'https://issuer?a=b', 'https://issuer#a'])('is not there for %s', (issuer) => {
    expect(createOpenIdDocuments({ issuer, publicKeys: [publicKeyToPem(key)], keysUrl: () => 'https://h' })).toBeUndefined();
  });
});
