import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../runtime/index.ts';
import { PeerClient } from './json-http.ts';

test('a peer that has one wait longer than a call may take is given up on, not waited for', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.writeHead(503, { 'retry-after': '86400' }).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new PeerClient({ timeoutMs: 1000, clock: systemClock });
  try {
    const { port } = server.address() as AddressInfo;
    await expect(client.post(`http://127.0.0.1:${port}/`, {})).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(asked).toBe(1);
  } finally {
    client.close();
    server.close();
  }
});
