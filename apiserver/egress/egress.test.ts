import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, expect, test } from 'vitest';
import { trusting, VerifyingAgent } from '../../runtime/index.ts';
import { testAuthority } from '../../test/support/authority.ts';
import { readEgress } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'egress-'));
afterAll(() => rmSync(directory, { recursive: true }));

let written = 0;
function file(text: string): string {
  const path = join(directory, `${written++}`);
  writeFileSync(path, text);
  return path;
}

const head = 'apiVersion: apiserver.k8s.io/v1beta1\nkind: EgressSelectorConfiguration\negressSelections:';
const read = (selections: object[]) => readEgress(file(`${head} ${JSON.stringify(selections)}`));
const direct = { proxyProtocol: 'Direct' };
const by = (transport: object, proxyProtocol = 'HTTPConnect') => [{ name: 'cluster', connection: { proxyProtocol, transport } }];

const authority = testAuthority();

/** A server over TLS that answers, and what listens where a test says. */
async function startServer(): Promise<{ readonly port: number; close(): void }> {
  const server = https.createServer(authority.issue('server', ['127.0.0.1']), (_, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/** A proxy that answers CONNECT with a status, and notes what it was asked for. */
function proxy(status: string, asked: string[]) {
  return (server: http.Server | https.Server) => {
    server.on('connect', ({ url = '', headers }: http.IncomingMessage, client: Duplex) => {
      asked.push(`${url} ${headers.host}`);
      const there = connect(Number(url.split(':')[1]), '127.0.0.1', () => client.write(`HTTP/1.1 ${status}\r\n\r\n`));
      there.on('error', () => client.destroy());
      client.on('error', () => there.destroy());
      client.pipe(there).pipe(client);
    });
    return server;
  };
}

const listen = (server: http.Server, where: string | number) => new Promise<void>((resolve) => void server.listen(where, resolve));

/** What is answered to who goes by the way that a configuration names. */
async function ask(selections: object[], port: number): Promise<string> {
  const agent = new VerifyingAgent({ ...trusting(authority.ca), dial: read(selections).get('cluster') });
  try {
    return await new Promise((resolve, reject) => {
      https
        .get({ host: '127.0.0.1', port, agent }, (response) => {
          response.setEncoding('utf8').on('data', resolve);
        })
        .on('error', reject);
    });
  } finally {
    agent.destroy();
  }
}

test('behind a socket or at a URL, a proxy is asked for a connection, and what it refuses is told of', async () => {
  const target = await startServer();
  const asked: string[] = [];
  const path = join(directory, 'proxy.sock');
  const plain = proxy('200 Connection Established', asked)(http.createServer());
  await listen(plain, path);
  expect(await ask(by({ uds: { udsName: path } }), target.port)).toBe('hello');
  const secure = proxy('200 OK', asked)(https.createServer(authority.issue('server', ['127.0.0.1'])));
  await listen(secure, 0);
  const pair = authority.issue('client');
  const tlsConfig = { caBundle: file(authority.ca), clientCert: file(pair.cert), clientKey: file(pair.key) };
  const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  expect(await ask(by({ tcp: { url, tlsConfig } }), target.port)).toBe('hello');
  expect(asked).toEqual(Array(2).fill(`127.0.0.1:${target.port} 127.0.0.1`));
  const refusing = join(directory, 'refusing.sock');
  const busy = proxy('503 Service Unavailable', asked)(http.createServer());
  await listen(busy, refusing);
  await expect(ask(by({ uds: { udsName: refusing } }), target.port)).rejects.toThrow(
    `proxy error from ${refusing} while dialing 127.0.0.1:${target.port}, code 503: 503 Service Unavailable`,
  );
  expect(await ask([{ name: 'cluster', connection: direct }], target.port)).toBe('hello');
  for (const each of [target, plain, secure, busy]) each.close();
});

test('names are of any case, and what is direct is there without a dialer', () => {
  const egress = read([
    { name: 'Cluster', connection: direct },
    { name: 'etcd', connection: direct },
  ]);
  expect([egress.has('cluster'), egress.get('cluster'), egress.has('controlplane')]).toEqual([true, undefined, false]);
  expect(readEgress(file(head)).size).toBe(0);
});

const tls = { caBundle: '/none/ca', clientCert: '', clientKey: '/none/key' };

test.each<[object[], string]>([
  [
    [{ name: 'cluster', connection: { proxyProtocol: 'direct' } }],
    'service.connection.protocol: Unsupported value: "direct": supported values: "Direct", "HTTPConnect", "GRPC"',
  ],
  [
    [{ name: 'cluster', connection: { proxyProtocol: 'HTTPConnect' } }],
    'service.connection.transport: Required value: transport must be set for HTTPConnect',
  ],
  [
    [{ name: 'cluster', connection: { ...direct, transport: {} } }],
    'service.connection.transport: Invalid value: "direct": config must be absent for direct connect',
  ],
  [by({}), 'service.connection.tcp: Required value: One of TCP or UDS must be set'],
  [by({ uds: {} }), 'service.connection.udsName: Invalid value: "nil": must be present for UDS connections'],
  [by({}, 'GRPC'), 'service.connection.uds: Required value: UDS must be set with GRPC'],
  [by({ uds: { udsName: '/x' } }, 'GRPC'), 'proxies are asked with HTTPConnect only, not GRPC'],
  [
    by({ tcp: { url: 'ftp://x' } }),
    'service.connection.url: Invalid value: "ftp://x": supported connection protocols are http:// and https://',
  ],
  [
    by({ tcp: { url: 'http://x', tlsConfig: {} } }),
    'service.connection.tlsConfig: Invalid value: "nil": config must not be present when using HTTP',
  ],
  [by({ tcp: { url: 'https://x' } }), 'service.connection.tlsConfig: Required value: TLSConfig must be present when using HTTPS'],
  [
    by({ tcp: { url: 'https://x', tlsConfig: tls } }),
    '[service.connection.tlsConfig.caBundle: Invalid value: "/none/ca": TLS config ca bundle does not exist, service.connection.tlsConfig.clientCert: Invalid value: "nil": Using TLS requires clientCert, service.connection.tlsConfig.clientKey: Invalid value: "/none/key": TLS client key does not exist]',
  ],
  [
    [
      { name: 'cluster', connection: direct },
      { name: 'CLUSTER', connection: direct },
    ],
    'service.connection[1]: Duplicate value: "cluster"',
  ],
  [
    [{ name: 'master', connection: direct }],
    'service.connection: Unsupported value: "master": supported values: "cluster", "controlplane", "etcd"',
  ],
  [
    [{ name: 'etcd', connection: { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: '/x' } } } }],
    'etcd is reached directly only',
  ],
])('a configuration that is wrong is refused: %j', (selections, why) => {
  expect(() => read(selections)).toThrow(`--egress-selector-config-file: ${why} (in ${directory}`);
});
