import { expect, test } from 'vitest';
import { seededRandom, systemClock } from '../../runtime/index.ts';
import { testAuthority } from '../../test/support/authority.ts';
import { startWebhookServer } from '../../test/support/webhook-server.ts';
import { inGo, WebhookClient } from './webhook-client.ts';

const unused = () => {
  throw new Error('a URL was given');
};
const createClient = () =>
  new WebhookClient({
    objects: { get: unused, list: unused, fresh: unused, onChange: unused },
    random: seededRandom(1),
    clock: systemClock,
    dialer: { dial: unused },
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
