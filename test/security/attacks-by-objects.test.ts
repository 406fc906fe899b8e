/**
 * Attacks on a running API server through the objects that it keeps: what is revoked is of no use any more, what is expensive is bounded, and nobody
 * is led where they must not go. docs/security.md lists them.
 */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, issueCertificate, keyToPem } from '../../runtime/index.ts';
import { type ApiAnswer, type ApiServerProcess, startApiServer } from '../support/api-server.ts';

/** In which an answer must be there, whatever it costs to find. */
const ANSWER_MS_MAX = 20_000;
const NAMESPACE = '/api/v1/namespaces/team';
const POLICIES = '/apis/admissionregistration.k8s.io/v1';

let server: ApiServerProcess;

beforeAll(async () => {
  server = await startApiServer({ args: ['--ephemeral'], users: ['alice'] });
  await done('POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

async function done(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
  const answer = await server.call(method, path, body);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer;
}

const as = (token: string, method: string, path: string): Promise<ApiAnswer> =>
  server.call(method, path, undefined, { authorization: `Bearer ${token}` });

describe('a token of a service account is good until', () => {
  const accounts = `${NAMESPACE}/serviceaccounts`;
  const me = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const whoAmI = async (token: string): Promise<number> => (await server.call('POST', me, {}, { authorization: `Bearer ${token}` })).status;
  const tokenOf = async (account: string, spec: object = {}): Promise<string> =>
    (await done('POST', `${accounts}/${account}/token`, { spec })).body.status.token;

  it('the account is deleted, and one of the same name does not make it good again', async () => {
    await done('POST', accounts, { metadata: { name: 'robot' } });
    const token = await tokenOf('robot');
    expect(await whoAmI(token)).toBe(201);
    await done('DELETE', `${accounts}/robot`);
    expect(await whoAmI(token)).toBe(401);
    await done('POST', accounts, { metadata: { name: 'robot' } });
    expect(await whoAmI(token)).toBe(401);
  });

  it('the Secret that it is bound to is deleted', async () => {
    await done('POST', accounts, { metadata: { name: 'bound' } });
    const { body } = await done('POST', `${NAMESPACE}/secrets`, { metadata: { name: 'holder' } });
    const token = await tokenOf('bound', { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'holder', uid: body.metadata.uid } });
    expect(await whoAmI(token)).toBe(201);
    await done('DELETE', `${NAMESPACE}/secrets/holder`);
    expect(await whoAmI(token)).toBe(401);
  });

  it('its audience is asked for: one for others is none here', async () => {
    await done('POST', accounts, { metadata: { name: 'elsewhere' } });
    expect(await whoAmI(await tokenOf('elsewhere', { audiences: ['https://elsewhere.example'] }))).toBe(401);
  });

  it('somebody changes a letter of it', async () => {
    await done('POST', accounts, { metadata: { name: 'forged' } });
    const [head = '', claims = '', signature = ''] = (await tokenOf('forged')).split('.');
    const other = JSON.parse(Buffer.from(claims, 'base64url').toString());
    other.sub = 'system:serviceaccount:kube-system:default';
    const encoded = Buffer.from(JSON.stringify(other)).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    for (const token of [`${head}.${encoded}.${signature}`, `${none}.${encoded}.`, `${none}.${claims}.${signature}`]) {
      expect(await whoAmI(token)).toBe(401);
    }
  });
});

describe('what is expensive to find out', () => {
  const crd = (schema: object) => ({
    metadata: { name: 'things.attack.example' },
    spec: {
      group: 'attack.example',
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: schema } } } },
      ],
    },
  });
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const things = '/apis/attack.example/v1/namespaces/team/things';

  it('a pattern that backtracks takes no longer than its text', async () => {
    await done(
      'POST',
      definitions,
      crd({ type: 'object', properties: { text: { type: 'string', pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' } } }),
    );
    await expect.poll(async () => (await server.call('GET', things)).status).toBe(200);
    const object = { apiVersion: 'attack.example/v1', kind: 'Thing', metadata: { name: 'x' }, spec: { text: 'a'.repeat(200_000) } };
    const answer = await server.call('POST', things, object);
    expect(answer.status).toBe(422);
    expect(answer.tookMs).toBeLessThan(ANSWER_MS_MAX);
    await done('DELETE', `${definitions}/things.attack.example`);
  });

  it('a rule that would cost too much is refused before it can', async () => {
    const list = { type: 'array', items: { type: 'string' } };
    const rule = 'self.all(a, self.all(b, self.all(c, a + b + c != "x")))';
    const wanted = crd({ type: 'object', properties: { list: { ...list, 'x-kubernetes-validations': [{ rule }] } } });
    const answer = await server.call('POST', definitions, wanted);
    expect(answer.body).toMatchObject({ code: 422, message: expect.stringContaining('estimated rule cost exceeds budget') });
  });

  it('a policy that costs too much ends with its budget', async () => {
    const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] };
    const expression = 'object.data.all(a, object.data.all(b, object.data.all(c, a + b + c != "x")))';
    const spec = { matchConstraints: { resourceRules: [rule] }, validations: [{ expression }] };
    await done('POST', `${POLICIES}/validatingadmissionpolicies`, { metadata: { name: 'costly' }, spec });
    const binding = { policyName: 'costly', validationActions: ['Deny'] };
    await done('POST', `${POLICIES}/validatingadmissionpolicybindings`, { metadata: { name: 'costly' }, spec: binding });
    const data = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`key-${i}`, 'x']));
    const attempt = async () => {
      const answer = await server.call('POST', `${NAMESPACE}/configmaps?dryRun=All`, { metadata: { name: 'many' }, data });
      expect(answer.tookMs).toBeLessThan(ANSWER_MS_MAX);
      return answer.text;
    };
    await expect.poll(attempt).toContain('actual cost limit exceeded');
    await done('DELETE', `${POLICIES}/validatingadmissionpolicies/costly`);
  });
});

describe('nobody is led where they must not go', () => {
  let inside: Server;
  let asked: string[];

  beforeAll(async () => {
    asked = [];
    const key = generateKey();
    const now = Date.now();
    const cert = issueCertificate({
      subject: { commonName: 'inside' },
      key,
      use: 'server',
      hosts: ['127.0.0.1'],
      notBeforeMs: now - 60_000,
      notAfterMs: now + 3_600_000,
    });
    inside = createServer({ key: keyToPem(key), cert }, (request, response) => {
      asked.push(request.url ?? '');
      response.end('INSIDE');
    });
    await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => void inside.close());

  it('by a service whose endpoints are no pods', async () => {
    const { port } = inside.address() as AddressInfo;
    await done('POST', `${NAMESPACE}/services`, { metadata: { name: 'trap' }, spec: { ports: [{ name: 'https', port: 443 }] } });
    const subsets = (ip: string) => [{ addresses: [{ ip }], ports: [{ name: 'https', port }] }];
    for (const ip of ['127.0.0.1', '169.254.169.254', '224.0.0.1', '::1']) {
      const answer = await server.call('POST', `${NAMESPACE}/endpoints`, { metadata: { name: 'trap' }, subsets: subsets(ip) });
      expect(answer.status, ip).toBe(422);
    }
    await done('POST', `${NAMESPACE}/endpoints`, { metadata: { name: 'trap' }, subsets: subsets('10.0.0.1') });
    const answer = await server.call('GET', `${NAMESPACE}/services/https:trap:https/proxy/`);
    expect(answer.status).toBe(503);
    expect(asked).toEqual([]);
  });

  it.each([
    ['pods', `${NAMESPACE}/pods/any/proxy/`],
    ['services', `${NAMESPACE}/services/https:trap:https/proxy/`],
    ['nodes', '/api/v1/nodes/any/proxy/metrics'],
    ['exec', `${NAMESPACE}/pods/any/exec?command=sh`],
    ['a webhook', `${POLICIES}/mutatingwebhookconfigurations`],
    ['an API server behind this one', '/apis/apiregistration.k8s.io/v1/apiservices'],
  ])('through %s by somebody without the right', async (_what, path) => {
    expect((await as('alice', 'GET', path)).status).toBe(403);
    expect((await as('alice', 'POST', path)).status).toBe(403);
  });

  it('by a webhook whose certificate nobody vouches for: it is not told the object', async () => {
    const { port } = inside.address() as AddressInfo;
    const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: ['CREATE'] };
    const webhook = {
      name: 'a.attack.example',
      clientConfig: { url: `https://127.0.0.1:${port}/steal` },
      rules: [rule],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    await done('POST', `${POLICIES}/validatingwebhookconfigurations`, { metadata: { name: 'thief' }, webhooks: [webhook] });
    const attempt = async () => (await server.call('POST', `${NAMESPACE}/secrets?dryRun=All`, { metadata: { name: 's' } })).text;
    await expect.poll(attempt).toContain('x509');
    expect(asked).toEqual([]);
    await done('DELETE', `${POLICIES}/validatingwebhookconfigurations/thief`);
  });
});
