import type { Duplex } from 'node:stream';

/**
 * Has each write to a connection go out by itself, and so, over TLS, be a record of its own, as with servers in Go; Node.js would put together
 * what is written while an earlier write is under way. Clients that look for more on the socket when they have taken a message never come to one
 * that lies decrypted in their TLS library, behind the first of its record: kubernetes-client/python does so up to 35.0
 * (`stream/ws_client.py`, `update`).
 */
export function writeApart(connection: Duplex): void {
  // What a stream has that cannot write several chunks at once.
  Object.assign(connection, { _writev: null });
}
