import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { seededRandom, systemClock } from '../../runtime/index.ts';
import { testAuthority } from '../../test/support/authority.ts';
import { startWebhookServer } from '../../test/support/webhook-server.ts';
import type { PodDialer } from './cluster-agent.ts';
import { inGo, WebhookClient } from './webhook-client.ts';

const unused = () => {
  throw new Error('a URL was given');
};
/** @param dialer unless given, there is no way of its own to a URL */
const createClient = (dialer: PodDialer = { dial: () => Promise.resolve(undefined) }) =>
  new WebhookClient({
    objects: { get: unused, list: unused, fresh: unused, onChange: unused },
    random: seededRandom(1),
    clock: systemClock,
    dialer,
  });

const HOUR_MS = 3_600_000;

test.each([
  ['//mutate-v1-pod', '/mutate-v1-pod'],
  ['/a//b/', '/a/b'],
  ['/', '/'],
  ['', '/'],
])('a webhook at the path %j is called at %s', async (given, called) => {
  await using server = await startWebhookServer();
  server.serve(called, () => ({ allowed: true }));
  const client = createClient();
  const target = { url: `${server.url}${given}`, caBundle: server.caBundle };
  const body = JSON.stringify({ request: { uid: 'u' } });
  expect(JSON.parse(await client.post({ target, body, timeoutMs: HOUR_MS }))).toMatchObject({ response: { uid: 'u', allowed: true } });
  expect(server.paths).toEqual([`${called}?timeout=3600s`]);
  client.close();
});

test('a bundle that has the certificate of the webhook itself, not its authority, is trusted, and no other certificate by it', async () => {
  const authority = testAuthority();
  const pair = authority.issue('server', ['127.0.0.1']);
  const caBundle = Buffer.from(pair.cert).toString('base64');
  const call = async (server: { readonly url: string }) => {
    const client = createClient();
    try {
      return await client.post({ target: { url: `${server.url}/a`, caBundle }, body: '{"request":{"uid":"u"}}', timeoutMs: HOUR_MS });
    } finally {
      client.close();
    }
  };
  await using itself = await startWebhookServer({ authority: { ...authority, issue: () => pair } });
  itself.serve('/a', () => ({ allowed: true }));
  expect(await call(itself)).toContain('"allowed":true');
  await using other = await startWebhookServer({ authority });
  await expect(call(other)).rejects.toThrow('tls: failed to verify certificate: x509: certificate signed by unknown authority');
});

test.each<[string, object, string]>([
  ['ECONNREFUSED', {}, 'dial tcp 10.0.0.1:443: connect: connection refused'],
  ['EHOSTUNREACH', {}, 'dial tcp 10.0.0.1:443: connect: no route to host'],
  [
    'HPE_INVALID_CONSTANT',
    { rawPacket: Buffer.from('bad-http\r\nmore') },
    'net/http: HTTP/1.x transport connection broken: malformed HTTP response "bad-http"',
  ],
])('a call that fails with %s is told of in words of Go', (code, more, text) => {
  expect(inGo(Object.assign(new Error('why'), { code, ...more }), { host: '10.0.0.1', port: 443 })).toBe(text);
});

test('who listens elsewhere leads there: 307 and 308 with the body, others as a GET, ten times at most', async () => {
  await using first = await startWebhookServer();
  const authority = testAuthority();
  await using second = await startWebhookServer({ authority });
  const caBundle = Buffer.from(`${Buffer.from(first.caBundle, 'base64')}${authority.ca}`).toString('base64');
  const to = (status: number, location: string) => (_: unknown, response: ServerResponse) =>
    void response.writeHead(status, { location }).end();
  first.serveRaw('/307', to(307, `${second.url}/there?x=1`));
  first.serveRaw('/308', to(308, '/307'));
  first.serveRaw('/302', to(302, `${second.url}/there`));
  first.serveRaw('/circle', to(307, '/circle'));
  first.serveRaw('/ftp', to(308, 'ftp://a/b'));
  first.serveRaw('/nowhere', to(307, ''));
  first.serveRaw('/gone', to(307, 'https://127.0.0.1:1/x'));
  second.serve('/there', () => ({ allowed: true }));
  const client = createClient();
  const body = '{"request":{"uid":"u"}}';
  const call = (path: string) => client.post({ target: { url: `${first.url}${path}`, caBundle }, body, timeoutMs: HOUR_MS });
  expect(await call('/307')).toContain('"uid":"u","allowed":true');
  expect(await call('/308')).toContain('"uid":"u","allowed":true');
  expect(second.paths).toEqual(['/there?x=1', '/there?x=1']);
  // As a GET it has no body, and what serves JSON of a review cannot read none.
  await expect(call('/302')).rejects.toThrow(`Post "${second.url}/there": EOF`);
  await expect(call('/circle')).rejects.toThrow('Post "/circle": stopped after 10 redirects');
  expect(first.paths.filter((path) => path.startsWith('/circle'))).toHaveLength(10);
  await expect(call('/ftp')).rejects.toThrow('Post "ftp://a/b": unsupported protocol scheme "ftp"');
  await expect(call('/nowhere')).rejects.toThrow('the server responded with the status code 307 but did not return more information');
  await expect(call('/gone')).rejects.toThrow('Post "https://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused');
  client.close();
});

test('a webhook in a pod that nobody is connected to is given up in its time', async () => {
  const client = createClient({ dial: () => new Promise(() => undefined) });
  const call = client.post({ target: { url: 'https://10.0.0.1:8443/' }, body: '{}', timeoutMs: 20 });
  await expect(call).rejects.toThrow(/^Post "https:\/\/10\.0\.0\.1:8443\/\?timeout=.*": context deadline exceeded$/);
  await expect(call).rejects.toMatchObject({ isLate: true });
});

test('a connection to a pod that comes too late is let go', async () => {
  const late = new PassThrough();
  const dials: ((socket: PassThrough) => void)[] = [];
  const client = createClient({ dial: () => new Promise((resolve) => void dials.push(resolve)) });
  await expect(client.post({ target: { url: 'https://10.0.0.1:8443/' }, body: '{}', timeoutMs: 20 })).rejects.toThrow('deadline');
  for (const connect of dials) connect(late);
  await setImmediate();
  expect(late.destroyed).toBe(true);
});

test('a webhook that says when to come again is asked again, ten times', async () => {
  await using server = await startWebhookServer();
  const statuses = [429, 503];
  server.serveRaw('/busy', (_, response) => {
    const status = statuses.shift();
    if (status === undefined) response.end('fine');
    else response.writeHead(status, { 'retry-after': '0' }).end();
  });
  server.serveRaw('/always', (_, response) => void response.writeHead(429, { 'retry-after': '0' }).end());
  server.serveRaw('/later', (_, response) => void response.writeHead(503, { 'retry-after': '3600' }).end());
  server.serveRaw('/refused', (_, response) => void response.writeHead(409, { 'retry-after': '0' }).end());
  const client = createClient();
  const call = (path: string, timeoutMs = HOUR_MS) =>
    client.post({ target: { url: `${server.url}${path}`, caBundle: server.caBundle }, body: '{}', timeoutMs });
  expect(await call('/busy')).toBe('fine');
  await expect(call('/always')).rejects.toThrow('the server has received too many requests and has asked us to try again later');
  await expect(call('/refused')).rejects.toThrow('the server reported a conflict');
  await expect(call('/later', 3000)).rejects.toThrow(`Post "${server.url}/later?timeout=3s": context deadline exceeded`);
  expect(server.paths.map((path) => path.replace(/\?.*/, ''))).toEqual([
    ...Array(3).fill('/busy'),
    ...Array(11).fill('/always'),
    '/refused',
    '/later',
  ]);
  client.close();
});
