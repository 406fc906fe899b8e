import type { IncomingMessage } from 'node:http';
import { apiError } from '../../api/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { Upgraded } from '../pipeline/upgraded.ts';
import { plainError } from '../registry/store-errors.ts';
import type { KubeletAddress, KubeletConnector } from './kubelet-connector.ts';

/** Headers that are the client's business with us, not with the kubelet; what it sends behind its request is for the upgraded connection. */
const OURS: ReadonlySet<string> = new Set(['authorization', 'host', 'content-length', 'transfer-encoding']);

/**
 * Joins a client that asked for an upgrade (SPDY or WebSocket) with a kubelet: the request is repeated to the kubelet, and once that has switched
 * over, bytes pass both ways unread.
 *
 * @returns the kubelet's answer, for the client, when it does not switch over.
 * @throws ApiError (400) when the client did not ask for an upgrade; (500) when the kubelet cannot be reached, or does something else.
 */
export async function tunnel(
  kubelets: KubeletConnector,
  exchange: Exchange,
  at: KubeletAddress,
  path: string,
): Promise<IncomingMessage | undefined> {
  const { upgrade, request, signal } = exchange;
  if (!upgrade) throw apiError.badRequest('Upgrade request required');
  const headers = headersFor(request.rawHeaders, at);
  const answer = await kubelets.upgrade(at, { method: request.method ?? 'GET', path, headers, signal });
  if (answer instanceof Upgraded) {
    await answer.join(exchange);
    return undefined;
  }
  const { statusCode = 0 } = answer;
  if (statusCode >= 400) return answer;
  answer.destroy();
  throw plainError(`invalid upgrade response: status code ${statusCode}`);
}

function headersFor(raw: readonly string[], { node, port }: KubeletAddress): string[] {
  const headers = ['Host', `${node}:${port}`];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = '', value = ''] = raw.slice(i, i + 2);
    if (!OURS.has(name.toLowerCase())) headers.push(name, value);
  }
  headers.push('Content-Length', '0');
  return headers;
}
