import { once } from 'node:events';
import http2 from 'node:http2';
import { expect, test } from 'vitest';
import { generateKey, issueCertificate, keyToPem, systemClock, VirtualClock } from '../../runtime/index.ts';
import { createHttpServer } from './http-server.ts';

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
