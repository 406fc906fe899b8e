/**
 * Attacks on a running API server, by somebody without credentials and by alice, who may do everything with the ConfigMaps of one namespace and
 * nothing else. Each is refused with an error that says why, nothing changes, and the server goes on serving others. docs/security.md lists them.
 */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { type ApiAnswer, type ApiServerProcess, startApiServer } from '../support/api-server.ts';

const SECRET = 'TOP-SECRET-VALUE';
const ENCODED = Buffer.from(SECRET).toString('base64');
const TEAM = '/api/v1/namespaces/team';
const CONFIG_MAPS = `${TEAM}/configmaps`;
const SECRETS = `${TEAM}/secrets`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces/team';
/** In which somebody else must have an answer, whatever goes on. */
const OTHERS_MS_MAX = 20_000;

let server: ApiServerProcess;

beforeAll(async () => {
  server = await startApiServer({ args: ['--ephemeral'], users: ['alice'] });
  await done('POST', '/api/v1/namespaces', { metadata: { name: 'team' } });
  await done('POST', SECRETS, { metadata: { name: 'hidden', labels: { kind: 'hidden' } }, stringData: { word: SECRET } });
  await done('POST', CONFIG_MAPS, { metadata: { name: 'open' }, data: { a: '1' } });
  await done('POST', `${RBAC}/roles`, { metadata: { name: 'r' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }] });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }];
  await done('POST', `${RBAC}/rolebindings`, { metadata: { name: 'r' }, roleRef, subjects });
  expect((await alice('GET', `${CONFIG_MAPS}/open`)).status).toBe(200);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

// Whatever was tried: others are served, at once.
afterEach(async () => {
  const { status, tookMs } = await server.call('GET', `${CONFIG_MAPS}/open`);
  expect({ status, isSlow: tookMs > OTHERS_MS_MAX }).toEqual({ status: 200, isSlow: false });
});

async function done(method: string, path: string, body: unknown): Promise<ApiAnswer> {
  const answer = await server.call(method, path, body);
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer;
}

const alice = (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> =>
  server.call(method, path, body, { authorization: 'Bearer alice', ...headers });

/** Sends bytes as they are; what comes back until the connection ends. */
async function raw(text: string): Promise<string> {
  const socket = await open();
  socket.write(text);
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  await once(socket, 'close');
  return answer;
}

async function open(): Promise<TLSSocket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

const AS_ALICE = 'Host: x\r\nAuthorization: Bearer alice\r\nConnection: close\r\n';

describe('a path that means something else than it says', () => {
  it.each([
    `${CONFIG_MAPS}/..%2fsecrets%2fhidden`,
    `${CONFIG_MAPS}/../secrets/hidden`,
    `${CONFIG_MAPS}/%2e%2e/secrets/hidden`,
    `${CONFIG_MAPS}/..\\secrets\\hidden`,
    `/${SECRETS}/hidden`,
    '/api/v1/namespaces/team//secrets/hidden',
    `${TEAM}/secrets%2fhidden`,
    `${TEAM}/Secrets/hidden`,
    `/api/v1;x${SECRETS.slice(7)}/hidden`,
    '/api/v1/namespaces/team%2fconfigmaps/x/../../secrets/hidden',
    '/apis//v1/namespaces/team/secrets/hidden',
    `/healthz/..${SECRETS}/hidden`,
    `/version/..%2f..${SECRETS}/hidden`,
    `/openapi/v2/../..${SECRETS}/hidden`,
    `${CONFIG_MAPS}/open/../../secrets/hidden`,
    `${SECRETS}/hidden/`,
    `${SECRETS}/hidden%00`,
    `${CONFIG_MAPS}/%zz`,
  ])('%s gives nothing away', async (path) => {
    // Sent by hand: clients clean paths up before they send them.
    const answer = await raw(`GET ${path} HTTP/1.1\r\n${AS_ALICE}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[034] /);
    expect(answer).not.toContain(ENCODED);
  });

  it('as an absolute URL of another host is judged by its path', async () => {
    const answer = await raw(`GET https://elsewhere.example${SECRETS}/hidden HTTP/1.1\r\n${AS_ALICE}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('in a continue token is refused', async () => {
    for (const start of ['../../secrets/team/', '../secrets/team/hidden\u0000', '/registry/secrets/team/']) {
      const token = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start })).toString('base64url');
      const answer = await alice('GET', `${CONFIG_MAPS}?limit=1&continue=${token}`);
      expect(answer.text).not.toContain(ENCODED);
      expect(answer.text).not.toContain('"name":"hidden"');
    }
  });
});

describe('a secret cannot be read without the right', () => {
  it.each([
    ['GET', `${SECRETS}/hidden`],
    ['GET', SECRETS],
    ['GET', '/api/v1/secrets'],
    ['GET', `${SECRETS}?watch=1`],
    ['GET', '/api/v1/watch/namespaces/team/secrets'],
    ['GET', '/api/v1/watch/namespaces/team/secrets/hidden'],
    ['GET', `${SECRETS}?fieldSelector=metadata.name%3Dhidden`],
    ['GET', `${SECRETS}?labelSelector=kind%3Dhidden&limit=1`],
    ['DELETE', SECRETS],
    ['DELETE', `${SECRETS}/hidden`],
    ['PATCH', `${SECRETS}/hidden?dryRun=All`],
    ['PUT', `${SECRETS}/hidden?dryRun=All`],
    ['POST', `${SECRETS}?dryRun=All`],
  ])('by %s %s, as objects, tables or metadata', async (method, path) => {
    for (const as of ['', ';as=Table;g=meta.k8s.io;v=v1', ';as=PartialObjectMetadataList;g=meta.k8s.io;v=v1']) {
      const body = method === 'GET' || method === 'DELETE' ? undefined : { metadata: { name: 'hidden' } };
      const type = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
      const answer = await alice(method, path, body, { accept: `application/json${as}`, ...type });
      expect(answer.status).toBe(403);
      expect(answer.body.message).toContain('is forbidden: User "alice" cannot');
      expect(answer.text).not.toContain(ENCODED);
    }
    expect((await server.call('GET', `${SECRETS}/hidden`)).status).toBe(200);
  });

  it('by the text of an error', async () => {
    const attempts = [
      await server.call('POST', SECRETS, { metadata: { name: 'hidden' }, stringData: { word: 'other' } }),
      await server.call('PUT', `${SECRETS}/hidden`, { metadata: { name: 'hidden', resourceVersion: '1' } }),
      await server.call('PUT', `${SECRETS}/hidden`, { metadata: { name: 'hidden' }, type: 'example.com/other' }),
      await server.call('PATCH', `${SECRETS}/hidden`, [{ op: 'test', path: '/data/word', value: 'x' }], {
        'content-type': 'application/json-patch+json',
      }),
    ];
    for (const answer of attempts) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.text).not.toContain(ENCODED);
    }
  });

  it('by claiming to be somebody else', async () => {
    const claims: Readonly<Record<string, string>>[] = [
      { 'impersonate-user': 'admin' },
      { 'impersonate-user': 'alice', 'impersonate-group': 'system:masters' },
      { 'impersonate-group': 'system:masters' },
      { 'impersonate-user': 'alice', 'impersonate-extra-scopes': 'all' },
      { 'impersonate-user': 'system:serviceaccount:kube-system:default' },
      { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' },
      { 'x-forwarded-user': 'admin' },
    ];
    for (const headers of claims) {
      const answer = await alice('GET', `${SECRETS}/hidden`, undefined, headers);
      expect([403, 500]).toContain(answer.status); // 500: a group without a user, as upstream
      expect(answer.text).not.toContain(ENCODED);
    }
  });

  it('through a role of one’s own making', async () => {
    await done('POST', `${RBAC}/roles`, {
      metadata: { name: 'roles' },
      rules: [{ apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['create', 'update', 'get'] }],
    });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'roles' };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }];
    await done('POST', `${RBAC}/rolebindings`, { metadata: { name: 'roles' }, roleRef, subjects });
    const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }];
    const role = await alice('POST', `${RBAC}/roles`, { metadata: { name: 'more' }, rules });
    expect(role.body).toMatchObject({
      code: 403,
      message: expect.stringContaining('attempting to grant RBAC permissions not currently held'),
    });
    const admin = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
    const binding = await alice('POST', `${RBAC}/rolebindings`, { metadata: { name: 'more' }, roleRef: admin, subjects });
    expect(binding.body).toMatchObject({ code: 403 });
  });
});

describe('what is no proper request', () => {
  it.each([
    [
      '400 Bad Request',
      'two lengths',
      `POST ${CONFIG_MAPS} HTTP/1.1\r\n${AS_ALICE}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
    ],
    [
      '501 Not Implemented',
      'an unknown transfer encoding',
      `POST ${CONFIG_MAPS} HTTP/1.1\r\n${AS_ALICE}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      '400 Bad Request',
      'a header that goes on',
      `GET ${SECRETS} HTTP/1.1\r\n${AS_ALICE}Impersonate-User: alice\r\n system:masters\r\n\r\n`,
    ],
    ['400 Bad Request', 'a bare line feed in a header', `GET ${SECRETS} HTTP/1.1\r\n${AS_ALICE}X: a\nImpersonate-User: admin\r\n\r\n`],
  ])('is answered %s, once: %s', async (status, _what, text) => {
    const answer = await raw(text);
    expect(answer.match(/HTTP\/1\.1/g)).toEqual(['HTTP/1.1']);
    expect(answer.split('\r\n', 1)).toEqual([`HTTP/1.1 ${status}`]);
  });

  it('headers without end are refused', async () => {
    const answer = await raw(`GET /version HTTP/1.1\r\n${AS_ALICE}X: ${'y'.repeat(1024 * 1024 + 5000)}\r\n\r\n`);
    expect(answer).toBe(
      'HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n431 Request Header Fields Too Large',
    );
  });

  it('headers behind thousands of others count', async () => {
    const many = Array.from({ length: 4000 }, (_, i) => `A${i}: b\r\n`).join('');
    const answer = await raw(`GET ${CONFIG_MAPS}/open HTTP/1.1\r\n${AS_ALICE}${many}Impersonate-User: admin\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('a header is not written by what somebody sent', async () => {
    const body = { metadata: { name: 'split', 'x\r\nSet-Cookie: a=b': '1' } };
    const answer = await alice('POST', `${CONFIG_MAPS}?fieldValidation=Warn&dryRun=All`, body);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.headers.warning).toMatch(/x\\+r\\+nSet-Cookie/);
  });
});

describe('prototypes are data', () => {
  it.each([
    ['application/json', 'POST', '{"metadata":{"name":"p1","__proto__":{"polluted":"yes"}},"__proto__":{"polluted":"yes"}}'],
    ['application/json', 'POST', '{"metadata":{"name":"p2"},"constructor":{"prototype":{"polluted":"yes"}}}'],
    ['application/yaml', 'POST', 'metadata: {name: p3, __proto__: {polluted: "yes"}}\n__proto__: {polluted: "yes"}\n'],
    ['application/json-patch+json', 'PATCH', '[{"op":"add","path":"/__proto__/polluted","value":"yes"}]'],
    ['application/json-patch+json', 'PATCH', '[{"op":"add","path":"/constructor/prototype/polluted","value":"yes"}]'],
    ['application/json-patch+json', 'PATCH', '[{"op":"copy","from":"/data/__proto__","path":"/data/x"}]'],
    ['application/merge-patch+json', 'PATCH', '{"__proto__":{"polluted":"yes"},"metadata":{"__proto__":{"polluted":"yes"}}}'],
    ['application/merge-patch+json', 'PATCH', '{"constructor":{"prototype":{"polluted":"yes"}}}'],
    ['application/strategic-merge-patch+json', 'PATCH', '{"__proto__":{"polluted":"yes"},"metadata":{"__proto__":{"polluted":"yes"}}}'],
    [
      'application/apply-patch+yaml',
      'PATCH',
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"open"},"__proto__":{"polluted":"yes"}}',
    ],
  ])('%s %s %s', async (type, method, body) => {
    const path = method === 'POST' ? CONFIG_MAPS : `${CONFIG_MAPS}/open?fieldManager=m`;
    await alice(method, path, body, { 'content-type': type });
    const fresh = await alice('POST', `${CONFIG_MAPS}?dryRun=All`, { metadata: { name: 'fresh' } });
    expect(fresh.status).toBe(201);
    for (const { text } of [fresh, await server.call('GET', `${CONFIG_MAPS}/open`), await server.call('GET', '/api/v1/namespaces/team')]) {
      expect(text).not.toContain('polluted');
    }
  });

  it('as keys of data they are kept', async () => {
    const data = '{"metadata":{"name":"keys"},"data":{"__proto__":"a","constructor":"b","toString":"c"}}';
    expect((await alice('POST', CONFIG_MAPS, data)).status).toBe(201);
    expect((await alice('GET', `${CONFIG_MAPS}/keys`)).text).toContain('"data":{"__proto__":"a","constructor":"b","toString":"c"}');
  });
});

describe('a body that is meant to hurt', () => {
  const aliases = (): string => {
    const lines = [...'bcdefghijk'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[i]}`).join(',')}]`);
    return ['a: &a [x,x,x,x,x,x,x,x,x]', ...lines].join('\n');
  };
  it.each([
    ['4 MB of data', 413, 'application/json', () => JSON.stringify({ metadata: { name: 'big' }, data: { a: 'x'.repeat(4 << 20) } })],
    ['lists 200,000 deep', 400, 'application/json', () => `{"metadata":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
    ['objects 200,000 deep', 400, 'application/json', () => `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
    ['YAML 100,000 deep', 400, 'application/yaml', () => '[ '.repeat(100_000)],
    ['YAML aliases of aliases', 400, 'application/yaml', aliases],
    ['200,000 unknown fields', 422, 'application/json', () => `{${Array.from({ length: 200_000 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['one field 200,000 times', 422, 'application/json', () => `{${Array(200_000).fill('"k":1').join(',')}}`],
    ['a number of a million digits', 422, 'application/json', () => `{"metadata":{"generation":${'9'.repeat(1_000_000)}}}`],
    ['protobuf that says it is long', 400, 'application/vnd.kubernetes.protobuf', () => 'k8s\u0000\u000a\u007f\u007f\u007f\u007f\u0007'],
  ])('%s: %i', async (_what, status, type, body) => {
    const answer = await alice('POST', CONFIG_MAPS, body(), { 'content-type': type });
    expect([status, 400]).toContain(answer.status);
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure' });
    expect(answer.text.length).toBeLessThan(5_000_000);
  });

  it('a patch that grows without end is refused', async () => {
    const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/data', path: '/data/a' }));
    const answer = await alice('PATCH', `${CONFIG_MAPS}/open`, doubling, { 'content-type': 'application/json-patch+json' });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' }));
    expect((await alice('PATCH', `${CONFIG_MAPS}/open`, many, { 'content-type': 'application/json-patch+json' })).status).toBe(413);
  });

  it('labels and selectors of any length take no time', async () => {
    const terms = `a in (${'b,'.repeat(5000)}c)`;
    expect((await alice('GET', `${CONFIG_MAPS}?labelSelector=${encodeURIComponent(terms)}`)).status).toBe(200);
  });
});

test('a log line is what the server wrote, whatever was sent', async () => {
  const forged = '{"level":60,"msg":"forged"}';
  await raw(`GET ${SECRETS}/%0a${encodeURIComponent(forged)} HTTP/1.1\r\nHost: x\r\nUser-Agent: ${forged}\r\nConnection: close\r\n\r\n`);
  await alice('POST', CONFIG_MAPS, { metadata: { name: `x\n${forged}` } });
  // Whole lines: of the first the beginning may be forgotten, and of the last the end not be there yet.
  const lines = server.output().split('\n').slice(1, -1);
  for (const line of lines) expect(JSON.parse(line)).not.toMatchObject({ msg: 'forged' });
});

test('a thousand connections that say nothing, and a thousand bodies that never end, leave the others alone', async () => {
  const sockets: TLSSocket[] = [];
  try {
    for (let i = 0; i < 40; i++) sockets.push(...(await Promise.all(Array.from({ length: 50 }, open))));
    sockets.forEach((socket, i) => {
      if (i % 2 === 0) socket.write(`POST ${CONFIG_MAPS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{`);
    });
    const { status, tookMs } = await server.call('GET', `${CONFIG_MAPS}/open`);
    expect(status).toBe(200);
    expect(tookMs).toBeLessThan(OTHERS_MS_MAX);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});
