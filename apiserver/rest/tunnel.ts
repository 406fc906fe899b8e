import type { Socket } from 'node:net';
import { apiError } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { KubeletAddress, KubeletConnector } from './kubelet-connector.ts';

/** Headers that are the client's business with us, not with the kubelet. */
const OURS: ReadonlySet<string> = new Set(['authorization', 'host']);

/**
 * Joins a client that asked for an upgrade (SPDY or WebSocket) with a kubelet: the request is repeated to the kubelet, and from its answer on
 * bytes pass both ways unread.
 *
 * @throws ApiError (400) when the client did not ask for an upgrade; (500) when the kubelet cannot be reached.
 */
export async function tunnel(kubelets: KubeletConnector, exchange: Exchange, at: KubeletAddress, path: string): Promise<void> {
  const { upgrade, request, response } = exchange;
  if (!upgrade) throw apiError.badRequest('Upgrade request required');
  const kubelet = await kubelets.connect(at);
  kubelet.write(`${request.method} ${path} HTTP/1.1\r\nHost: ${at.host}:${at.port}\r\n${headerLines(request.rawHeaders)}\r\n`);
  if (upgrade.head.length > 0) kubelet.write(upgrade.head);
  response.detachSocket(upgrade.socket);
  await join(upgrade.socket, kubelet);
}

function headerLines(raw: readonly string[]): string {
  let lines = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!OURS.has(name.toLowerCase())) lines += `${name}: ${raw[i + 1]}\r\n`;
  }
  return lines;
}

/** Passes bytes both ways until both sides are done, or one breaks. */
function join(client: Socket, kubelet: Socket): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      client.destroy();
      kubelet.destroy();
      resolve();
    };
    for (const socket of [client, kubelet]) {
      socket.setNoDelay(true);
      socket.once('error', finish);
      socket.once('close', finish);
    }
    client.pipe(kubelet);
    kubelet.pipe(client);
  });
}
