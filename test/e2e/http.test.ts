import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster, waitFor } from '../support/cluster.ts';

const directory = mkdtempSync(join(tmpdir(), 'nanokube-test-'));
let cluster: TestCluster;
let admin: Agent;
let nobody: Agent;

beforeAll(async () => {
  const tokens = join(directory, 'tokens.csv');
  writeFileSync(tokens, 'alicetoken,alice,alice-id,"devs"\n');
  cluster = await startCluster({ nodes: 1, args: [`--token-auth-file=${tokens}`] });
  const pki = (name: string) => readFileSync(join(cluster.directory, 'pki', name));
  const tls = { keepAlive: true, ca: pki('ca.crt') };
  admin = new Agent({ ...tls, cert: pki('admin.crt'), key: pki('admin.key') });
  nobody = new Agent(tls);
});

afterAll(async () => {
  admin?.destroy();
  nobody?.destroy();
  await cluster?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever JSON came
  readonly body: any;
}

interface Call {
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

function call(method: string, path: string, { body, type = 'application/json', headers = {}, agent = admin }: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const head = sent === undefined ? headers : { 'content-type': type, ...headers };
    const outgoing = request(`${cluster.url}${path}`, { agent, method, headers: head }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed(text) }));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(sent);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const MAPS = '/api/v1/namespaces/default/configmaps';
const aMap = (name: string, data: Record<string, string> = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

describe('curl', () => {
  it('creates, reads, lists, updates and deletes', async () => {
    const created = await call('POST', MAPS, { body: aMap('one', { a: '1' }) });
    expect(created.status).toBe(201);
    expect(created.body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    const list = await call('GET', MAPS);
    expect(list.body.kind).toBe('ConfigMapList');
    expect(list.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toContain('one');
    const updated = await call('PUT', `${MAPS}/one`, { body: { ...created.body, data: { a: '2' } } });
    expect(updated.status).toBe(200);
    expect(Number(updated.body.metadata.resourceVersion)).toBeGreaterThan(Number(created.body.metadata.resourceVersion));
    const stale = await call('PUT', `${MAPS}/one`, { body: { ...created.body, data: { a: '3' } } });
    expect(stale.status).toBe(409);
    expect(stale.body).toMatchObject({ kind: 'Status', reason: 'Conflict', details: { kind: 'configmaps', name: 'one' } });
    expect((await call('GET', `${MAPS}/one`)).body.data).toEqual({ a: '2' });
    expect((await call('DELETE', `${MAPS}/one`)).body.status).toBe('Success');
    expect((await call('GET', `${MAPS}/one`)).status).toBe(404);
  });

  it('streams a watch', async () => {
    const { body } = await call('GET', MAPS);
    const events: { type: string; object: { metadata: { name: string } } }[] = [];
    const watch = request(
      `${cluster.url}${MAPS}?watch=1&resourceVersion=${body.metadata.resourceVersion}`,
      { agent: admin },
      (response) => {
        let rest = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          events.push(...lines.map((line) => JSON.parse(line)));
        });
      },
    );
    watch.on('error', () => undefined).end();
    await call('POST', MAPS, { body: aMap('seen') });
    await call('PATCH', `${MAPS}/seen`, { body: { data: { b: '2' } }, type: 'application/merge-patch+json' });
    await call('DELETE', `${MAPS}/seen`);
    await waitFor(
      () => events.length >= 3,
      60_000,
      () => `watch gave ${JSON.stringify(events)}`,
    );
    watch.destroy();
    expect(events.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED seen', 'MODIFIED seen', 'DELETED seen']);
  });

  it('lets nobody in without a good credential, and no one further than their rights', async () => {
    const bad = await call('GET', MAPS, { agent: nobody, headers: { authorization: 'Bearer wrong' } });
    expect(bad.status).toBe(401);
    expect(bad.body).toMatchObject({ kind: 'Status', reason: 'Unauthorized', code: 401 });
    const alice = await call('GET', MAPS, { agent: nobody, headers: { authorization: 'Bearer alicetoken' } });
    expect(alice.status).toBe(403);
    expect(alice.body.message).toBe(
      'configmaps is forbidden: User "alice" cannot list resource "configmaps" in API group "" in the namespace "default"',
    );
    const anonymous = await call('GET', MAPS, { agent: nobody });
    expect(anonymous.status).toBe(403);
    expect(anonymous.body.message).toContain('User "system:anonymous"');
    for (const path of ['/healthz', '/livez', '/readyz', '/version'])
      expect((await call('GET', path, { agent: nobody })).status, path).toBe(200);
    for (const path of ['/metrics', '/api', '/openapi/v2']) expect((await call('GET', path, { agent: nobody })).status, path).toBe(403);
  });
});

describe('bad input', () => {
  const cases: [string, string, string, Call, number, RegExp][] = [
    ['malformed JSON', 'POST', MAPS, { body: '{"kind":' }, 400, /unexpected end of JSON input|unexpected EOF/],
    ['malformed YAML', 'POST', MAPS, { body: 'a: [', type: 'application/yaml' }, 400, /yaml|error converting YAML/],
    ['a type nobody speaks', 'POST', MAPS, { body: 'x', type: 'text/csv' }, 415, /media type/],
    ['another kind', 'POST', MAPS, { body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } } }, 400, /ConfigMap/],
    ['a wrong name', 'POST', MAPS, { body: aMap('A_B') }, 422, /a lowercase RFC 1123 subdomain/],
    ['no name', 'POST', MAPS, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} } }, 422, /name or generateName is required/],
    [
      'a wrong type of value',
      'POST',
      MAPS,
      { body: { ...aMap('x'), data: { a: 1 } } },
      400,
      /cannot unmarshal number into Go struct field ConfigMap.data of type string/,
    ],
    [
      'an unknown field, strictly',
      'POST',
      `${MAPS}?fieldValidation=Strict`,
      { body: { ...aMap('x'), datum: {} } },
      400,
      /unknown field "datum"/,
    ],
    ['a selector that does not parse', 'GET', `${MAPS}?labelSelector=a%3D%3D%3Db`, {}, 400, /unable to parse requirement|found/],
    [
      'a field selector nobody knows',
      'GET',
      `${MAPS}?fieldSelector=spec.x%3Dy`,
      {},
      400,
      /field label not supported|not a known field selector/,
    ],
    ['a body over 3 MB', 'POST', MAPS, { body: aMap('big', { a: 'x'.repeat(3_200_000) }) }, 413, /limit is 3145728/],
  ];
  it.each(cases)('%s', async (...[, method, path, options, status, message]) => {
    const answer = await call(method, path, options);
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', code: status });
    expect(answer.body.message).toMatch(message);
    expect(answer.status).toBe(status);
  });

  it('changed nothing', async () => {
    // The one that every namespace gets may come a moment after the cluster is ready.
    const names = async () => (await call('GET', MAPS)).body.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    await expect.poll(names).toEqual(['kube-root-ca.crt']);
  });

  it('warns of an unknown field when told to', async () => {
    const { status, headers } = await call('POST', `${MAPS}?fieldValidation=Warn&dryRun=All`, { body: { ...aMap('x'), datum: {} } });
    expect(status).toBe(201);
    expect(headers.warning).toBe('299 - "unknown field \\"datum\\""');
  });
});
