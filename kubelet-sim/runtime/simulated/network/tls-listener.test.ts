import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { testAuthority } from '../../../../test/support/authority.ts';
import { TlsListener } from './tls-listener.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A port of this machine whose bytes go to a listener that says which path was asked for. */
async function serve() {
  const authority = testAuthority();
  const { cert, key } = authority.issue('server', ['pod.test']);
  const pems = { cert: Buffer.from(cert), key: Buffer.from(key) };
  const listener = new TlsListener(pems, ({ path }) => Promise.resolve({ status: 200, headers: {}, body: `${path}\n` }));
  const outcomes: Promise<string>[] = [];
  const pass = (socket: Socket) => {
    const input = (async function* () {
      for await (const chunk of socket) yield Buffer.from(chunk as Buffer).toString('latin1');
    })();
    const { signal } = new AbortController();
    const output = (text: string) => void socket.write(Buffer.from(text, 'latin1'));
    const ended = listener.stream({ from: '10.0.0.1', input, output, signal }).finally(() => socket.end());
    outcomes.push(
      ended.then(
        () => 'ended',
        () => 'broken off',
      ),
    );
  };
  const server = createServer(pass).listen(0);
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  /** One request, on a connection of its own. */
  const get = (path: string, ca = authority.ca, headers: Record<string, string> = {}) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ port, ca, servername: 'pod.test' });
      socket.on('error', reject);
      const asked = request({ path, headers, createConnection: () => socket }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () => resolve(text));
      });
      asked.on('error', reject).end();
    });
  return { listener, get, outcomes };
}

test('answers over TLS, and what it said has arrived before it closes the connection', async () => {
  const { get, outcomes } = await serve();
  expect(await get('/kept', undefined, { connection: 'keep-alive' })).toBe('/kept\n');
  expect(await get('/closed', undefined, { connection: 'close' })).toBe('/closed\n');
  expect(await outcomes[1]).toBe('ended');
});

test('breaks off open connections when its process ends: whoever keeps one hears of it', async () => {
  const { listener, outcomes, get } = await serve();
  expect(await get('/kept', undefined, { connection: 'keep-alive' })).toBe('/kept\n');
  listener.close();
  expect(await outcomes[0]).toBe('broken off');
});

test('is not believed by who does not know its authority', async () => {
  const { get, outcomes } = await serve();
  await expect(get('/', testAuthority('another').ca)).rejects.toThrow(/unable to verify|self.signed|unknown/i);
  expect(await outcomes[0]).not.toBe('');
});

test('tells a probe that does not speak TLS so', async () => {
  const { listener } = await serve();
  const asked = { method: 'GET', path: '/', headers: {}, from: '10.0.0.1', host: 'pod' };
  expect(await listener.http(asked)).toMatchObject({ status: 400, body: 'Client sent an HTTP request to an HTTPS server.\n' });
  expect(await listener.http({ ...asked, tls: true })).toMatchObject({ status: 200, body: '/\n' });
});
