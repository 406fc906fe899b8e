import http from 'node:http';
import https from 'node:https';
import { isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Dial, onAbort, trusting, VerifyingAgent } from '../../runtime/index.ts';
import type { ProxyAddress } from './config.ts';

/** How long a proxy may take to answer. */
const CONNECT_MS_MAX = 30_000;
const HTTPS_PORT = 443;

/** Opens connections by way of a proxy, one request with CONNECT each. Upstream: `tunnelHTTPConnect`, apiserver `pkg/server/egressselector/egress_selector.go`. */
export function tunnelBy(proxy: ProxyAddress): Dial {
  const { name, request } = 'path' in proxy ? overSocket(proxy.path) : overTls(proxy);
  return ({ host, port }) =>
    new Promise<Duplex>((resolve, reject) => {
      const to = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
      const asked = request({ method: 'CONNECT', path: to, headers: { host: '127.0.0.1' } });
      const late = onAbort(AbortSignal.timeout(CONNECT_MS_MAX), () => asked.destroy(new Error('i/o timeout')));
      asked.once('close', () => late[Symbol.dispose]());
      asked.once('error', ({ message }) =>
        reject(new Error(`reading HTTP response from CONNECT to ${to} via proxy ${name} failed: ${message}`)),
      );
      asked.once('connect', ({ statusCode = 0, statusMessage = '' }, socket, head) => {
        const why =
          statusCode !== 200
            ? `proxy error from ${name} while dialing ${to}, code ${statusCode}: ${statusCode} ${statusMessage}`
            : head.length > 0 && `unexpected ${head.length} bytes of buffered data from CONNECT proxy ${JSON.stringify(name)}`;
        if (why === false) {
          late[Symbol.dispose]();
          resolve(socket);
          return;
        }
        socket.destroy();
        reject(new Error(why));
      });
      asked.end();
    });
}

interface Way {
  readonly name: string;
  readonly request: (options: http.RequestOptions) => http.ClientRequest;
}

const overSocket = (path: string): Way => ({
  name: path,
  request: (options) => http.request({ ...options, socketPath: path, agent: false }),
});

function overTls({ url, ca, cert, key }: Exclude<ProxyAddress, { path: string }>): Way {
  const { hostname: host, port } = url;
  const agent = new VerifyingAgent({ ...trusting(ca), cert, key });
  return { name: url.host, request: (options) => https.request({ ...options, host, port: port || HTTPS_PORT, agent }) };
}
