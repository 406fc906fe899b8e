import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { trusting } from '../runtime/index.ts';
import type { HttpResponse } from './runtime/cri.ts';
import { BadAnswer, type Listener, type ServedRequest } from './runtime/simulated/network/listener.ts';

/** An answer that a pod is given at most: it is kept in memory. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** Headers that belong to one connection, not to what is asked. */
const OF_CONNECTION: ReadonlySet<string> = new Set(['connection', 'content-length', 'host', 'transfer-encoding', 'upgrade']);

/** A server outside of the simulation. */
export interface OutsideServer {
  readonly server: string;
  /** CA of its certificate, as PEM; default those the system trusts. */
  readonly ca?: string | undefined;
  /** The node that is meant, of a server that is the kubelet of many; its certificate is its own. */
  readonly node?: string | undefined;
}

/**
 * A server as pods reach it, the API server at the Service `kubernetes` or their node's kubelet: what they ask goes there as it is, with
 * their own credentials and none of ours.
 */
export class ServerListener implements Listener {
  readonly #url: URL;
  readonly #outside: OutsideServer;

  constructor(outside: OutsideServer) {
    this.#url = new URL(outside.server);
    this.#outside = outside;
  }

  http(asked: ServedRequest): Promise<HttpResponse> {
    if (!asked.tls)
      return Promise.resolve({
        status: 400,
        headers: { 'content-type': 'text/plain' },
        body: 'Client sent an HTTP request to an HTTPS server.\n',
      });
    const { ca, node } = this.#outside;
    const sent = Object.entries(asked.headers).filter(([name]) => !OF_CONNECTION.has(name.toLowerCase()));
    const headers = Object.fromEntries(node === undefined ? sent : [...sent, ['host', node]]);
    return new Promise((resolve, reject) => {
      const fail = () => reject(new BadAnswer('EOF'));
      const request = httpsRequest(
        {
          host: this.#url.hostname,
          port: this.#url.port || 443,
          method: asked.method,
          path: asked.path,
          headers,
          agent: false,
          rejectUnauthorized: node === undefined,
          ...trusting(ca),
          ...(asked.signal ? { signal: asked.signal } : {}),
        },
        (response) => {
          const chunks: Buffer[] = [];
          let bytes = 0;
          const onBody = response.statusCode === 200 ? asked.onBody : undefined;
          response.on('data', (chunk: Buffer) => {
            if (onBody) return onBody(chunk.toString('latin1'));
            bytes += chunk.length;
            if (bytes > ANSWER_BYTES_MAX) request.destroy();
            else chunks.push(chunk);
          });
          response.on('error', fail);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: flat(response.headers), body: Buffer.concat(chunks).toString('latin1') }),
          );
        },
      );
      request.on('error', fail);
      request.end(asked.body === undefined ? undefined : Buffer.from(asked.body, 'latin1'));
    });
  }

  /** Bytes in the clear are not what it speaks. */
  stream(): Promise<void> {
    return Promise.resolve();
  }
}

const flat = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !OF_CONNECTION.has(name))
      .map(([name, value]) => [name, String(value)]),
  );
