import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import https from 'node:https';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { plainStrategy, startTestServer, type TestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';

const start = (more: Partial<Parameters<typeof startTestServer>[0]> = {}) =>
  startTestServer({ strategies: { '/configmaps': plainStrategy() }, ...more });

/** A connection of HTTP/2, closed at the end. */
async function session({ server }: TestServer): Promise<ClientHttp2Session & Disposable> {
  const client = http2.connect(server.url, { rejectUnauthorized: false });
  await once(client, 'remoteSettings');
  client.on('error', () => undefined);
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}

/** Sends one request and reads the answer whole. */
function call(client: ClientHttp2Session, method: string, path: string, body?: string | Buffer) {
  const headers = { ':method': method, ':path': path, accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) };
  const stream = client.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerOf(stream);
}

async function answerOf(stream: ClientHttp2Stream) {
  const answered: Promise<[IncomingHttpHeaders & { ':status'?: number }]> = once(stream, 'response') as never;
  let text = '';
  const read = (async () => {
    for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
  })();
  const [headers] = await answered;
  await read;
  return { status: headers[':status'], headers, text, json: () => JSON.parse(text) };
}

const configMap = (name: string, data: Record<string, string> = {}): string => JSON.stringify({ metadata: { name }, data });

describe('a client that offers HTTP/2', () => {
  test('is answered in it, another one in HTTP/1.1', async () => {
    await using api = await start();
    const { port } = api.server;
    const agreed = async (ALPNProtocols: string[]) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols });
      await once(socket, 'secureConnect');
      socket.destroy();
      return socket.alpnProtocol;
    };
    expect(await agreed(['h2', 'http/1.1'])).toBe('h2');
    expect(await agreed(['http/1.1'])).toBe('http/1.1');
    expect((await api.request('GET', PATH)).status).toBe(200);
  });

  test('reads, writes and deletes, many at once on one connection', async () => {
    await using api = await start();
    using client = await session(api);
    const made = await Promise.all(Array.from({ length: 90 }, (_, i) => call(client, 'POST', PATH, configMap(`c-${i}`))));
    expect(made.every(({ status }) => status === 201)).toBe(true);
    expect((await call(client, 'GET', `${PATH}/c-7`)).json()).toMatchObject({ metadata: { name: 'c-7' } });
    expect((await call(client, 'GET', PATH)).json().items).toHaveLength(90);
    expect((await call(client, 'DELETE', `${PATH}/c-7`)).status).toBe(200);
    expect((await call(client, 'GET', `${PATH}/c-7`)).json()).toMatchObject({ code: 404, reason: 'NotFound' });
  });

  test('has answers to HEAD without a body, and no headers that are about connections', async () => {
    await using api = await start();
    using client = await session(api);
    // Upstream's router knows no HEAD for resources that are built in: it is refused, with the length of what a GET would be told.
    const head = await call(client, 'HEAD', PATH);
    expect(head).toMatchObject({ status: 405, text: '' });
    expect(head.headers.connection).toBeUndefined();
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
  });

  // Upstream: `TestUnauthenticatedHTTP2ClientConnectionClose`.
  test.each([
    ['panda', [], false],
    ['system:anonymous', [], true],
    ['panda', ['system:unauthenticated'], true],
    [undefined, [], true],
  ])('is done with one request for who is not known (%s, %j: %s)', async (name, groups, isEnded) => {
    await using api = await start({ authenticator: { authenticate: () => (name === undefined ? undefined : { name, groups }) } });
    using client = await session(api);
    const answers = await Promise.all([call(client, 'GET', PATH), isEnded ? once(client, 'goaway') : undefined]);
    expect([answers[0].status, client.closed]).toEqual([name === undefined ? 401 : 200, isEnded]);
    if (!isEnded) expect((await call(client, 'GET', PATH)).status).toBe(200);
  });

  // Upstream: `pkg/server/filters/goaway_test.go`.
  test('is told to connect anew after some requests, and what it has open goes on', async () => {
    await using api = await start({ settings: { goawayChance: 1 } });
    using client = await session(api);
    const goaway = once(client, 'goaway');
    const answers = await Promise.all([call(client, 'GET', PATH), goaway]);
    expect(answers[0].status).toBe(200);
    expect((await goaway)[0]).toBe(0);
    expect(client.closed).toBe(true);
    expect((await api.request('GET', PATH)).headers.connection).toBe('keep-alive'); // HTTP/1.1 is not told
    await using calm = await start({ settings: { goawayChance: 0 } });
    using other = await session(calm);
    for (let i = 0; i < 3; i++) expect((await call(other, 'GET', PATH)).status).toBe(200);
    expect(other.closed).toBe(false);
  });

  test('may send a body whose length it does not tell', async () => {
    await using api = await start();
    using client = await session(api);
    const made = await call(client, 'POST', PATH, Buffer.from(configMap('long', { text: 'x'.repeat(400_000) })));
    expect(made.status).toBe(201);
    expect((await call(client, 'GET', `${PATH}/long`)).json().data.text).toHaveLength(400_000);
  });

  test('is answered 413 for a body that is too large, and goes on with the same connection', async () => {
    await using api = await start();
    using client = await session(api);
    const refused = await call(client, 'POST', PATH, Buffer.alloc(8 * 1024 * 1024, 0x20));
    expect(refused).toMatchObject({ status: 413 });
    expect(refused.json()).toMatchObject({ reason: 'RequestEntityTooLarge' });
    expect((await call(client, 'GET', PATH)).status).toBe(200);
  });

  test('may ask for what takes 60 KB to say', async () => {
    await using api = await start();
    using client = await session(api);
    const names = Array.from({ length: 3300 }, (_, i) => `name-number-${i}`);
    const selector = encodeURIComponent(`app notin (${names.join(',')})`);
    expect(selector.length).toBeGreaterThan(60_000);
    expect((await call(client, 'GET', `${PATH}?labelSelector=${selector}`)).status).toBe(200);
  });

  test('that waits with its body is asked for it', async () => {
    await using api = await start();
    using client = await session(api);
    const headers = { ':method': 'POST', ':path': PATH, 'content-type': 'application/json', expect: '100-continue' };
    const stream = client.request(headers, { endStream: false });
    const answer = answerOf(stream);
    await once(stream, 'continue');
    stream.end(configMap('waited'));
    expect((await answer).status).toBe(201);
    // Nobody wants the body of this one.
    const refused = client.request({ ...headers, ':path': '/nowhere' }, { endStream: false });
    let isAsked = false;
    refused.on('continue', () => {
      isAsked = true;
    });
    expect((await answerOf(refused)).status).toBe(404);
    expect(isAsked).toBe(false);
    refused.close();
  });

  test('asks about the server as a whole, and not for what cannot be found', async () => {
    await using api = await start();
    using client = await session(api);
    expect(await call(client, 'OPTIONS', '*')).toMatchObject({ status: 200, text: '' });
    const misdirected = async (headers: Record<string, string>) => {
      const stream = client.request({ ':path': '/version', ...headers });
      const error = (await once(stream, 'error')) as unknown as [Error];
      return [stream.rstCode, error[0].message.includes('NGHTTP2_PROTOCOL_ERROR')];
    };
    const refused = [constants.NGHTTP2_PROTOCOL_ERROR, true];
    expect(await misdirected({ ':path': '/version%zz' })).toEqual(refused);
    expect(await misdirected({ ':scheme': 'ftp' })).toEqual(refused);
    expect(await misdirected({ ':authority': 'somebody@example.com' })).toEqual(refused);
    expect((await call(client, 'GET', `${PATH}?a=%zz`)).status).toBe(200);
  });

  test('is told that it may send large frames', async () => {
    await using api = await start();
    using client = await session(api);
    expect(client.remoteSettings).toMatchObject({ maxFrameSize: 262_144, initialWindowSize: 262_144, maxHeaderListSize: 1_048_896 });
  });

  test('is told how many streams it may open, and who opens more is refused those', async () => {
    await using api = await start({ settings: { http2StreamsMax: 3 } });
    using client = await session(api);
    expect(client.remoteSettings.maxConcurrentStreams).toBe(3);
  });

  test('has one identity for all requests of its connection', async () => {
    const seen = new Set<unknown>();
    await using api = await start({
      authenticator: {
        authenticate: ({ socket }) => {
          seen.add(socket);
          return { name: 'someone', groups: ['system:masters'] };
        },
      },
    });
    using one = await session(api);
    using other = await session(api);
    for (const client of [one, other, one]) await call(client, 'GET', PATH);
    expect(seen.size).toBe(2);
    expect(seen.has(undefined)).toBe(false);
  });

  test('cannot bring the server down by giving up streams', async () => {
    await using api = await start();
    using client = await session(api);
    for (let i = 0; i < 60; i++) {
      const stream = client.request({ ':method': i % 2 ? 'GET' : 'POST', ':path': PATH }, { endStream: false });
      stream.on('error', () => undefined);
      stream.write('{"metadata":');
      stream.close([constants.NGHTTP2_CANCEL, constants.NGHTTP2_INTERNAL_ERROR][i % 2]);
    }
    using next = await session(api);
    expect((await call(next, 'GET', PATH)).status).toBe(200);
  });
});

describe('a watch in HTTP/2', () => {
  const lines = async function* (stream: ClientHttp2Stream) {
    let rest = '';
    for await (const chunk of stream.setEncoding('utf8')) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) yield JSON.parse(part);
    }
  };

  test('brings what changes, beside other requests on the connection, and ends when the server stops', async () => {
    await using api = await start();
    using client = await session(api);
    const stream = client.request({ ':path': `${PATH}?watch=1` });
    const frames = lines(stream);
    const next = async () => (await frames.next()).value;
    await call(client, 'POST', PATH, configMap('a'));
    expect(await next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    await call(client, 'DELETE', `${PATH}/a`);
    expect(await next()).toMatchObject({ type: 'DELETED' });
    const goaway = once(client, 'goaway');
    const stopped = api.server.stop();
    expect(await next()).toBeUndefined();
    expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    await stopped;
  });

  test('of a client that does not read is ended, others go on', async () => {
    await using api = await start();
    using client = await session(api);
    using reader = await session(api);
    const asleep = client.request({ ':path': `${PATH}?watch=1` });
    await once(asleep, 'response');
    asleep.pause();
    const closed = new Promise((resolve) => asleep.once('close', resolve));
    asleep.on('error', () => undefined);
    const awake = reader.request({ ':path': `${PATH}?watch=1` });
    let bytes = 0;
    awake.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await once(awake, 'response');
    const text = 'x'.repeat(900_000);
    await call(reader, 'POST', PATH, configMap('big'));
    for (let i = 0; i < 45; i++) await call(reader, 'PUT', `${PATH}/big`, configMap('big', { text: `${i}${text}` }));
    asleep.resume();
    await closed;
    expect(asleep.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR);
    await expect.poll(() => bytes).toBeGreaterThan(40_000_000);
    expect(awake.closed).toBe(false);
    const { text: metrics } = await api.request('GET', '/metrics');
    expect(metrics).toMatch(/apiserver_terminated_watchers_total\{[^}]*resource="configmaps"[^}]*\} 1/);
  });
});

describe('a connection of HTTP/2', () => {
  test('is closed by a server that stops once what is under way is answered', async () => {
    let enter = (): void => undefined;
    let open = (): void => undefined;
    const inside = new Promise<void>((resolve) => {
      enter = resolve;
    });
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const admit = (): Promise<void> => {
      enter();
      return opened;
    };
    await using api = await start({ admission: [{ name: 'Gate', admit }] });
    using client = await session(api);
    const answer = call(client, 'POST', PATH, configMap('late'));
    await inside;
    const stopped = api.server.stop();
    await once(client, 'goaway');
    open();
    expect((await answer).status).toBe(201);
    await stopped;
    await expect.poll(() => client.closed).toBe(true);
  });

  test('and one of HTTP/1.1 that switches protocols are not the same: an upgrade is asked for in HTTP/1.1 only', async () => {
    await using api = await start();
    const request = https.request(`${api.server.url}${PATH}`, {
      rejectUnauthorized: false,
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' },
    });
    request.end();
    const [answer] = await once(request, 'response');
    answer.resume();
    expect(answer.httpVersion).toBe('1.1');
  });
});
