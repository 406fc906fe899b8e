import { once } from 'node:events';
import http2 from 'node:http2';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { generateKey, issueCertificate, keyToPem, systemClock, tlsLimits, VirtualClock } from '../../runtime/index.ts';
import { until } from '../../test/support/wait.ts';
import { readBody } from '../pipeline/body.ts';
import { createHttpServer } from './http-server.ts';
import type { HandleRequest } from './messages.ts';

const key = generateKey();
const now = systemClock.now();
const cert = issueCertificate({
  subject: { commonName: 'test' },
  key,
  use: 'server',
  hosts: ['127.0.0.1'],
  notBeforeMs: now - 60_000,
  notAfterMs: now + 3_600_000,
});

test('a connection of HTTP/2 is closed when nothing was open on it for minutes, and not before', async () => {
  const clock = new VirtualClock();
  const server = createHttpServer({ cert, key: keyToPem(key) }, (_, response) => response.writeHead(200, []), { streamsMax: 100, clock });
  await server.listen('127.0.0.1', 0);
  const connect = async () => {
    const client = http2.connect(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false });
    await once(client, 'remoteSettings');
    return client;
  };
  const busy = await connect();
  const open = busy.request({ ':path': '/' });
  await once(open, 'response');
  const idle = await connect();
  await clock.advance(180_000);
  expect(idle.closed).toBe(false);
  const closed = once(idle, 'close');
  await clock.advance(180_000);
  await closed;
  expect(busy.closed).toBe(false);
  open.destroy();
  // The server hears of the end of the stream a little later.
  const isClosed = async () => {
    await clock.advance(180_000);
    return busy.closed;
  };
  await expect.poll(isClosed).toBe(true);
  await server.close();
});

/** What a client and a server that was given another certificate since agree on, or how they do not. */
async function speaks(limits: Parameters<typeof tlsLimits> | undefined, client: tls.ConnectionOptions): Promise<string> {
  const pems = { cert, key: keyToPem(key) };
  const options = { streamsMax: 100, tlsLimits: limits && tlsLimits(...limits), clock: systemClock };
  const server = createHttpServer(pems, (_, response) => response.writeHead(200, []), options);
  server.serveWith(pems);
  await server.listen('127.0.0.1', 0);
  const socket = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ...client });
  const ended = new Promise<string>((resolve) => {
    socket.once('secureConnect', () => resolve(`${socket.getProtocol()} ${socket.getCipher().standardName}`));
    socket.once('error', ({ message }) => resolve(/alert protocol version|handshake failure/.exec(message)?.[0] ?? message));
  });
  const said = await ended;
  socket.destroy();
  await server.close();
  return said;
}

const OLD = 'TLSv1.2' as const;

test('connections are made with the versions and suites that were chosen, also with another certificate', async () => {
  const [old, weak, strong] = [OLD, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'];
  expect(await speaks(['VersionTLS12', []], { maxVersion: old })).toMatch(/^TLSv1.2 TLS_ECDHE/);
  expect(await speaks(['VersionTLS13', []], { maxVersion: old })).toBe('alert protocol version');
  expect(await speaks(['VersionTLS12', [weak, strong]], { maxVersion: old })).toBe(`TLSv1.2 ${strong}`);
  expect(await speaks(['VersionTLS12', [weak, strong]], { maxVersion: old, ciphers: 'ECDHE-ECDSA-AES128-SHA' })).toBe(`TLSv1.2 ${weak}`);
  expect(await speaks(['VersionTLS12', [strong]], { maxVersion: old, ciphers: 'ECDHE-ECDSA-AES128-SHA' })).toBe('handshake failure');
  expect(await speaks(['VersionTLS12', [strong]], {})).toMatch(/^TLSv1.3 /);
});

test.each([
  { asks: 'whatever Node asks for', client: {}, gets: 'TLSv1.3 TLS_AES_128_GCM_SHA256' },
  {
    asks: 'ChaCha20 first',
    client: { ciphers: 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256' },
    gets: 'TLSv1.3 TLS_CHACHA20_POLY1305_SHA256',
  },
  { asks: 'TLS 1.2', client: { maxVersion: OLD }, gets: 'TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' },
  { asks: 'a weak suite', client: { maxVersion: OLD, ciphers: 'ECDHE-ECDSA-AES128-SHA256' }, gets: 'handshake failure' },
])('of the suites that both sides know the one is taken that Go would take: $asks', async ({ client, gets }) => {
  expect(await speaks(undefined, client)).toBe(gets);
});

test('versions and suites that there are not are refused with those there are', () => {
  expect(() => tlsLimits('VersionTLS10', [])).toThrow('option --tls-min-version knows VersionTLS12 and VersionTLS13, not "VersionTLS10"');
  expect(() => tlsLimits('VersionTLS12', ['TLS_AES_128_GCM_SHA256', 'TLS_RSA_WITH_RC4_128_SHA'])).toThrow(
    /^option --tls-cipher-suites knows TLS_AES_128_GCM_SHA256, .*, not "TLS_RSA_WITH_RC4_128_SHA"$/,
  );
});

test('a client is shown the certificate of the name that it asks for, also with other CAs of clients', async () => {
  const usual = issueCertificate({
    subject: { commonName: 'test' },
    key,
    use: 'server',
    hosts: ['usual.example.com'],
    notBeforeMs: now - 60_000,
    notAfterMs: now + 3_600_000,
  });
  const pems = { cert: usual, key: keyToPem(key) };
  const named = (commonName: string, hosts: readonly string[], names: readonly string[] = []) => {
    const own = generateKey();
    const validity = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
    return { cert: issueCertificate({ subject: { commonName }, key: own, use: 'server', hosts, ...validity }), key: keyToPem(own), names };
  };
  const options = { streamsMax: 100, clock: systemClock, http2: false };
  const tlsWithNames = {
    ...pems,
    named: [
      named('one.example.com', ['also.example.com']),
      named(
        'two',
        ['one.example.com', 'also.example.com', 'unheard.example.com', 'usual.example.com'],
        ['given.example.com', '*.example.org'],
      ),
      named('three', ['given.example.com', '*.example.org']),
    ],
  };
  const server = createHttpServer(tlsWithNames, (_, response) => response.writeHead(200, []), options);
  await server.listen('127.0.0.1', 0);
  const shown = async (servername: string) => {
    const socket = tls.connect({ port: server.port, servername, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] });
    await once(socket, 'secureConnect');
    const found = [socket.getPeerCertificate().subject.CN, socket.alpnProtocol];
    socket.destroy();
    return found;
  };
  const all = async () => {
    expect(await shown('one.example.com')).toEqual(['one.example.com', 'http/1.1']);
    expect(await shown('also.EXAMPLE.com')).toEqual(['one.example.com', 'http/1.1']);
    expect(await shown('given.example.com')).toEqual(['two', 'http/1.1']);
    expect(await shown('a.example.org')).toEqual(['two', 'http/1.1']);
    // Nobody was called so, but this one can prove the name.
    expect(await shown('unheard.example.com')).toEqual(['two', 'http/1.1']);
    expect(await shown('usual.example.com')).toEqual(['test', 'http/1.1']);
    expect(await shown('nobody.example.com')).toEqual(['test', 'http/1.1']);
    expect(await shown('deep.a.example.org')).toEqual(['test', 'http/1.1']);
  };
  await all();
  server.serveWith({ ...tlsWithNames, clientCa: cert });
  await all();
  server.serveWith({ ...pems, named: [named('renewed', ['one.example.com'])] });
  expect(await shown('one.example.com')).toEqual(['renewed', 'http/1.1']);
  expect(await shown('given.example.com')).toEqual(['test', 'http/1.1']);
  await server.close();
});

/** What a server says to what is sent over a connection of HTTP/1.1, until it has said `until` or closes. */
async function saidTo(handle: HandleRequest, sent: string, until: string): Promise<string> {
  const server = createHttpServer({ cert, key: keyToPem(key) }, handle, { streamsMax: 100, clock: systemClock });
  await server.listen('127.0.0.1', 0);
  const socket = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  socket.write(sent);
  let said = '';
  for await (const chunk of socket) {
    said += String(chunk);
    if (said.includes(until)) break;
  }
  server.destroy();
  await server.close();
  return said;
}

const refuses: HandleRequest = (request, response) => {
  request.abandon(response, systemClock);
  response.writeHead(403, ['Content-Length', '0']);
  response.end();
};
const reads: HandleRequest = async (request, response) => {
  const size = request.hasBody ? (await readBody(request)).length : 0;
  response.writeHead(200, ['Content-Length', '1']);
  response.end(String(size));
};
const POST = 'POST / HTTP/1.1\r\nHost: x\r\n';

test('a body that a client asks about first is asked for when somebody wants it, and only then', async () => {
  const asks = `${POST}Expect: 100-continue\r\n`;
  expect(await saidTo(reads, `${asks}Content-Length: 2\r\n\r\nhi`, '\r\n\r\n2')).toMatch(
    /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/,
  );
  expect(await saidTo(refuses, `${asks}Content-Length: 2\r\n\r\n`, 'nothing')).toMatch(
    /^HTTP\/1.1 403 Forbidden\r\n.*Connection: close\r\n/s,
  );
  expect(await saidTo(reads, 'GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n', '\r\n\r\n0')).toMatch(/^HTTP\/1.1 200 OK\r\n/);
});

test('who expects something else is refused, who expects nothing is not', async () => {
  const refused = await saidTo(reads, `${POST}Expect: x\r\nContent-Length: 2\r\n\r\nhi`, 'nothing');
  expect(refused).toMatch(/^HTTP\/1.1 417 Expectation Failed\r\nConnection: close\r\nContent-Length: 0\r\n/);
  expect(await saidTo(reads, `${POST}Expect: \r\nContent-Length: 2\r\n\r\nhi`, '\r\n\r\n2')).toContain('200 OK');
});

test('the rest of a body that nobody wants is passed over if it is little; else the connection ends', async () => {
  const refused = (size: number) =>
    `${POST}Content-Length: ${size}\r\n\r\n${'x'.repeat(size)}GET /next HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n`;
  const times = (said: string) => said.match(/403 Forbidden/g)?.length;
  expect(times(await saidTo(refuses, refused(1024), 'nothing'))).toBe(2);
  expect(await saidTo(refuses, `${POST}Content-Length: ${1024 * 1024}\r\n\r\n`, 'nothing')).toContain('Connection: close');
});

test('a client that is answered in the middle of its body may send the rest: its connection is not reset, and is not heard for ever', async () => {
  const clock = new VirtualClock();
  let requests = 0;
  const handle: HandleRequest = (request, response) => {
    requests += 1;
    request.abandon(response, clock);
    response.writeHead(413, ['Content-Length', '5']);
    response.end('large');
  };
  const server = createHttpServer({ cert, key: keyToPem(key) }, handle, { streamsMax: 100, clock });
  await server.listen('127.0.0.1', 0);
  /** Begins to send a large body, and resolves once it is answered and told that nothing else will be said. */
  const answered = async () => {
    const options = { port: server.port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'], allowHalfOpen: true };
    const socket = tls.connect({ host: '127.0.0.1', ...options });
    socket.write(`${POST}Content-Length: ${2 ** 20}\r\n\r\n${'x'.repeat(1000)}`);
    let said = '';
    socket.on('data', (chunk) => (said += String(chunk)));
    await once(socket, 'end');
    expect(said).toMatch(/^HTTP\/1.1 413 .*\r\n\r\nlarge$/s);
    return socket;
  };
  const one = await answered();
  one.write('x'.repeat(2 ** 20));
  // What would be another request is not heard any more.
  one.end(`${POST}Content-Length: 0\r\n\r\n`);
  await once(one, 'close');
  const other = await answered();
  await clock.advance(10_000);
  // Nobody is there any more: that is seen by who writes.
  other.on('error', () => undefined);
  await until('it is closed', () => {
    if (!other.destroyed) other.write('x');
    return other.destroyed;
  });
  expect(requests).toBe(2);
  await server.close();
});

test('a body that is encoded otherwise than in chunks is not read as if it were not', async () => {
  const said = await saidTo(reads, `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`, 'nothing');
  expect(said).toMatch(/^HTTP\/1.1 501 Not Implemented\r\n.*Unsupported transfer encoding/s);
});
