import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { type Authority, testAuthority } from '../../test/support/authority.ts';
import { serveWith, trusting } from './trust.ts';

const root = testAuthority('root');
const intermediate = root.below('intermediate');

/** Whether each side believes the other, when that is all they trust. */
async function handshake(server: Authority, client: Authority, trusted: string): Promise<{ client: boolean; server: boolean }> {
  const listener = createServer({ requestCert: true, rejectUnauthorized: false });
  serveWith(listener, { ...server.issue('server', ['127.0.0.1']), ...trusting(trusted) });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const accepted = once(listener, 'secureConnection');
  const socket = connect({ host: '127.0.0.1', port, ...client.issue('client'), ...trusting(trusted), rejectUnauthorized: false });
  const [[peer]] = await Promise.all([accepted, once(socket, 'secureConnect')]);
  const outcome = { client: peer.authorized, server: socket.authorized };
  socket.destroy();
  listener.close();
  return outcome;
}

test('an intermediate alone in a bundle is trusted as a root, for clients and for servers', async () => {
  expect(await handshake(intermediate, intermediate, intermediate.ca)).toEqual({ client: true, server: true });
});

test('what another authority has issued is not trusted by it: not even its own root', async () => {
  expect(await handshake(root, root, intermediate.ca)).toEqual({ client: false, server: false });
  expect(await handshake(root.below('another'), intermediate, intermediate.ca)).toEqual({ client: true, server: false });
});
