import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { openMemoryStore, type Store, StoreError } from '../store/index.ts';
import type { Authorizer } from './auth/index.ts';
import { browserRules } from './pipeline/browser-rules.ts';
import { plainStrategy, startTestServer, type TestAnswer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';

/** Members of the privileged group may do everything, others nothing. */
const privilegedOnly: Authorizer = {
  authorize: ({ user }) => ({ allowed: user.groups.includes('system:masters'), reason: '' }),
  rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }),
};

const start = (more: Partial<Parameters<typeof startTestServer>[0]> = {}) =>
  startTestServer({ strategies: { '/configmaps': plainStrategy(), '/namespaces': plainStrategy(), '/nodes': plainStrategy() }, ...more });

const said = (answer: TestAnswer) => {
  const { code, message } = answer.json<{ code: number; message: string }>();
  return [code, message];
};

const UNKNOWN = 'the server could not find the requested resource';
const NOT_ALLOWED = 'the server does not allow this method on the requested resource';

describe('a path', () => {
  test.each([
    ['GET', '/nothing'],
    ['GET', '/apis/nope.example.com/v1/namespaces/default/things'],
    ['GET', '/healthz/'],
    ['GET', '/healthz/nope'],
  ])('%s %s is nobody’s', async (method, path) => {
    await using api = await start();
    const answer = await api.request(method, path);
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([
      404,
      '404 page not found\n',
      'text/plain; charset=utf-8',
    ]);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  // Upstream: `responsewriters.Forbidden`, `healthz.handleRootHealth`; Go's `http.Error` above.
  test('that is refused, and health, are not to be taken for pages', async () => {
    await using api = await start({
      authorizer: {
        authorize: ({ resourceRequest }) => ({ allowed: !resourceRequest, reason: '' }),
        rulesFor: () => ({ resourceRules: [], nonResourceRules: [] }),
      },
    });
    const sniffed = async (path: string) => (await api.request('GET', path)).headers['x-content-type-options'];
    expect(await Promise.all([PATH, '/readyz', '/readyz?verbose', '/livez/ping', '/metrics'].map(sniffed))).toEqual([
      'nosniff',
      'nosniff',
      'nosniff',
      undefined,
      undefined,
    ]);
  });

  test.each([
    ['GET', '/api/v2/pods', 404, UNKNOWN],
    ['GET', '/api/v2', 404, UNKNOWN],
    ['GET', '/api/v1/namespaces/default/foos', 404, UNKNOWN],
    ['GET', `${PATH}/a/foo`, 404, UNKNOWN],
    ['GET', '/api/v1/namespaces/default/nodes', 404, UNKNOWN],
    ['GET', '/api/v1/configmaps/a', 404, UNKNOWN],
    ['POST', `${PATH}/a`, 405, NOT_ALLOWED],
    ['PUT', PATH, 405, NOT_ALLOWED],
    ['PATCH', PATH, 405, NOT_ALLOWED],
    ['DELETE', '/api/v1/namespaces', 405, NOT_ALLOWED],
    ['POST', '/api/v1/configmaps', 405, NOT_ALLOWED],
    ['DELETE', '/api/v1/configmaps', 405, NOT_ALLOWED],
  ])('%s %s is answered %i', async (method, path, code, message) => {
    await using api = await start();
    expect(said(await api.request(method, path))).toEqual([code, message]);
  });
});

describe('who may not', () => {
  test.each([
    [`${PATH}/a`, 'configmaps "a" is forbidden: User "alice" cannot get resource "configmaps" in API group "" in the namespace "default"'],
    [
      `${PATH}?watch=1`,
      'configmaps is forbidden: User "alice" cannot watch resource "configmaps" in API group "" in the namespace "default"',
    ],
    ['/api/v1/nodes', 'nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope'],
    ['/apis/x.io/v1/ys', 'ys.x.io is forbidden: User "alice" cannot list resource "ys" in API group "x.io" at the cluster scope'],
    ['/metrics', 'forbidden: User "alice" cannot get path "/metrics"'],
    ['/<b>&', 'forbidden: User "alice" cannot get path "/&lt;b&gt;&amp;"'],
  ])('asks for %s is told so', async (path, message) => {
    await using api = await start({ authorizer: privilegedOnly });
    expect(said(await api.request('GET', path, { headers: { 'x-test-user': 'alice' } }))).toEqual([403, message]);
  });

  test('is told so before the body is read', async () => {
    await using api = await start({ authorizer: privilegedOnly });
    const answer = await api.request('POST', PATH, { raw: '{', headers: { 'x-test-user': 'alice' } });
    expect(said(answer)[0]).toBe(403);
  });

  test('cannot be somebody else either, and who may is', async () => {
    await using api = await start({ authorizer: privilegedOnly });
    const as = (headers: Record<string, string | readonly string[]>) => api.request('GET', PATH, { headers });
    expect(said(await as({ 'x-test-user': 'alice', 'impersonate-user': 'bob' }))).toEqual([
      403,
      'users "bob" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope',
    ]);
    expect(said(await as({ 'impersonate-user': 'bob' }))[1]).toContain('User "bob" cannot list');
    expect((await as({ 'impersonate-user': 'bob', 'impersonate-group': ['a', 'system:masters'] })).status).toBe(200);
    // No percent-encoding: the key is taken as it is.
    expect((await as({ 'impersonate-user': 'bob', 'impersonate-extra-almost%zz': 'a' })).status).toBe(403);
    const nobody = await as({ 'impersonate-group': 'g1' });
    expect([nobody.status, nobody.text]).toEqual([
      500,
      `Internal Server Error: "${PATH}": requested [{Group  g1    }] without impersonating a user\n`,
    ]);
  });
});

test('beyond the requests that may be in flight others are turned away, but never the privileged', async () => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using api = await start({
    settings: { maxMutatingRequestsInFlight: 1, priorityAndFairness: false },
    admission: [{ name: 'Slow', admit: () => gate }],
  });
  const create = (name: string, user?: string) =>
    api.request('POST', PATH, { body: { metadata: { name } }, headers: user ? { 'x-test-user': user } : {} });
  const first = create('a', 'alice');
  const privileged = create('b');
  let refused = await create('c', 'alice');
  // The first may not have arrived yet when the second did.
  for (let i = 0; refused.status !== 429 && i < 10; i++) refused = await create('c', 'alice');
  expect([refused.status, refused.headers['retry-after'], refused.text]).toEqual([
    429,
    '1',
    'Too many requests, please try again later.\n',
  ]);
  expect((await api.request('GET', PATH, { headers: { 'x-test-user': 'alice' } })).status).toBe(200);
  release();
  expect([(await first).status, (await privileged).status]).toEqual([201, 201]);
});

test('a request that is being served is finished when the server stops', async () => {
  let entered = (): void => undefined;
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const admit = () => {
    entered();
    return gate;
  };
  const api = await start({ admission: [{ name: 'Slow', admit }] });
  const answer = api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
  await inside;
  const stopped = api.server.stop();
  release();
  expect((await answer).status).toBe(201);
  await stopped;
  await api[Symbol.asyncDispose]();
});

describe('health', () => {
  test('is told shortly, at length, and check by check', async () => {
    await using api = await start();
    expect((await api.request('GET', '/livez')).text).toBe('ok');
    expect((await api.request('GET', '/healthz/etcd')).text).toBe('ok');
    const verbose = (await api.request('GET', '/readyz?verbose&exclude=ping&exclude=nope')).text;
    expect(verbose).toMatch(/^\[\+\]ping excluded: ok\n\[\+\]log ok\n/);
    expect(verbose).toMatch(/warn: some health checks cannot be excluded: no matches for "nope"\nreadyz check passed\n$/);
  });

  test('is counted, check by check, until somebody asks to begin anew', async () => {
    await using api = await start();
    for (const path of ['/livez', '/livez', '/readyz?exclude=ping', '/livez/ping']) await api.request('GET', path);
    const slis = (await api.request('GET', '/metrics/slis')).text;
    expect(slis).toContain('kubernetes_healthcheck{name="ping",type="livez"} 1\n');
    expect(slis).toContain('kubernetes_healthchecks_total{name="ping",status="success",type="livez"} 2\n');
    expect(slis).not.toContain('name="ping",type="readyz"');
    expect((await api.request('DELETE', '/metrics/slis')).text).toBe('metrics reset\n');
    expect((await api.request('GET', '/metrics/slis')).text).not.toContain('kubernetes_');
  });
});

test('every answer has an audit id, the client’s if it gave one', async () => {
  await using api = await start();
  expect((await api.request('GET', PATH)).headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect((await api.request('GET', PATH, { headers: { 'audit-id': 'mine' } })).headers['audit-id']).toBe('mine');
});

test('what is no HTTP is answered as Go’s server does', async () => {
  await using api = await start();
  const socket = connect({ host: '127.0.0.1', port: api.server.port, rejectUnauthorized: false });
  socket.end('nonsense\r\n\r\n');
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*400 Bad Request$/);
});

describe('a disk that fails', () => {
  test('is told by /livez, while reads go on and the write is refused', async () => {
    const memory = await openMemoryStore();
    let full = false;
    const store: Store = {
      ...bound(memory),
      get revision() {
        return memory.revision;
      },
      newestRevision: () => memory.newestRevision(),
      txn: (transaction) => (full ? Promise.reject(new StoreError('NoSpace', 'no space left on device')) : memory.txn(transaction)),
    };
    await using server = await startTestServer({ strategies: { '/configmaps': plainStrategy() }, store });
    expect((await server.request('GET', '/livez')).status).toBe(200);
    full = true;
    const body = { metadata: { name: 'a' } };
    expect((await server.request('POST', '/api/v1/namespaces/default/configmaps', { body })).status).toBe(500);
    expect((await server.request('GET', '/livez')).status).toBe(500);
    expect((await server.request('GET', '/api/v1/namespaces/default/configmaps')).status).toBe(200);
  });
});

/** A store's methods, free of the object they are on. */
const bound = (store: Store) => ({
  range: store.range.bind(store),
  txn: store.txn.bind(store),
  watch: store.watch.bind(store),
  compact: store.compact.bind(store),
  leases: store.leases,
  snapshot: store.snapshot.bind(store),
  hash: store.hash.bind(store),
  status: store.status.bind(store),
  defragment: store.defragment.bind(store),
  close: store.close.bind(store),
});

test('an empty Content-Type was answered by the HTTP library, not by us', async () => {
  await using api = await start();
  const raw = JSON.stringify({ metadata: { name: 'a' } });
  const answer = await api.request('POST', PATH, { raw, headers: { 'content-type': '' } });
  expect([answer.status, answer.json().kind]).toEqual([201, 'ConfigMap']);
});

describe('what cannot be answered as it was asked for', () => {
  const asked = (form: string) => ({ accept: `application/json;as=${form};v=v1;g=meta.k8s.io` });

  test.each([
    ['POST', PATH, asked('PartialObjectMetadataList')],
    ['DELETE', `${PATH}/b`, asked('PartialObjectMetadataList')],
    ['DELETE', PATH, asked('PartialObjectMetadata')],
    ['DELETE', `${PATH}?includeObject=Everything`, asked('Table')],
  ])('%s %s is not done either', async (method, path, headers) => {
    await using api = await start();
    await api.request('POST', PATH, { body: { metadata: { name: 'b' } } });
    const before = api.store.revision;
    const answer = await api.request(method, path, { headers, ...(method === 'POST' ? { body: { metadata: { name: 'a' } } } : {}) });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(api.store.revision).toBe(before);
  });
});

test.each([
  ['?export=true', 400, 'the export parameter, deprecated since v1.14, is no longer supported'],
  ['?export=', 400, 'the export parameter, deprecated since v1.14, is no longer supported'],
  ['?export=false', 404, 'configmaps "a" not found'],
])('GET %s is %i', async (query, code, message) => {
  await using api = await start();
  expect((await api.request('GET', `${PATH}/a${query}`)).json()).toMatchObject({ code, message });
});

test.each([
  ['POST', '/api', 405],
  ['DELETE', '/api/v1', 405],
  ['PUT', '/version', 405],
  ['PUT', '/apis', 200],
  ['HEAD', '/version', 405],
  ['HEAD', '/api', 405],
  ['HEAD', '/api/v1', 405],
  ['HEAD', '/apis', 200],
  ['HEAD', '/apis/apps', 200],
  ['HEAD', '/apis/apps/v1', 405],
  ['HEAD', '/apis/example.com/v1', 200],
])('%s of the document %s is %i', async (method, path, status) => {
  const document = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };
  await using api = await start({
    strategies: { '/configmaps': plainStrategy(), 'apps/deployments': plainStrategy() },
    documents: () => ({ discovery: { respond: () => document }, openapi: { respond: () => undefined } }),
  });
  expect((await api.request(method, path)).status).toBe(status);
});

test('a document that has not changed is answered without a media type', async () => {
  const document = { status: 304, contentType: 'application/json', headers: { etag: '"x"' }, body: Buffer.alloc(0) };
  await using api = await start({ documents: () => ({ discovery: { respond: () => document }, openapi: { respond: () => undefined } }) });
  const answer = await api.request('GET', '/apis');
  expect(answer).toMatchObject({ status: 304, headers: { etag: '"x"' } });
  expect(answer.headers['content-type']).toBeUndefined();
});

describe('a browser', () => {
  const browsers = browserRules(['//example\\.com(:|$)', '^https?://localhost(:|$)'], ['max-age=60', 'includeSubDomains']);

  test.each([
    ['http://example.com', true],
    ['https://example.com:8080', true],
    ['http://localhost:3000', true],
    ['http://example.com.hacker.org', false],
    ['http://not-allowed.com', false],
    ['', false],
  ])('of a page of %j is told what it may: %s', async (origin, isAllowed) => {
    await using api = await start({ settings: { browsers }, authorizer: privilegedOnly });
    const ask = (method: string) => api.request(method, PATH, { headers: { origin } });
    const { headers, status } = await ask('GET');
    expect(status).toBe(200);
    expect(headers['strict-transport-security']).toBe('max-age=60; includeSubDomains');
    expect(headers['access-control-allow-origin']).toBe(isAllowed ? origin : undefined);
    expect(headers['access-control-allow-credentials']).toBe(isAllowed ? 'true' : undefined);
    const preflight = await ask('OPTIONS');
    expect([preflight.status, preflight.headers['access-control-allow-methods']]).toEqual(
      isAllowed ? [204, 'POST, GET, OPTIONS, PUT, DELETE, PATCH'] : [405, undefined],
    );
  });

  test('may look before it has logged in', async () => {
    await using api = await start({ settings: { browsers }, authenticator: { authenticate: () => undefined } });
    const headers = { origin: 'http://localhost' };
    const preflight = await api.request('OPTIONS', PATH, { headers });
    expect(preflight).toMatchObject({ status: 204, text: '', headers: { 'access-control-allow-origin': 'http://localhost' } });
    expect(preflight.headers['audit-id']).toBeDefined();
    expect(await api.request('GET', PATH, { headers })).toMatchObject({
      status: 401,
      headers: { 'access-control-allow-origin': 'http://localhost' },
    });
  });
});
