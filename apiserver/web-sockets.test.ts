import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Pod } from '../api/index.ts';
import { generateKey, issueCertificate, keyToPem, systemClock } from '../runtime/index.ts';
import { plainStrategy, startTestServer, type TestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default';
const ORIGIN = 'https://example.com';

/** A client; `next` gives the messages in turn, and how it ended after them. */
function open(api: TestServer, path: string, protocols: string[] = [], origin: string | undefined = undefined) {
  const options = { rejectUnauthorized: false, ...(origin === undefined ? {} : { origin }) };
  const socket = new WebSocket(`wss://127.0.0.1:${api.server.port}${path}`, protocols, options);
  const got: string[] = [];
  let wake: () => void = () => undefined;
  const add = (text: string) => {
    got.push(text);
    wake();
  };
  socket.on('message', (data, isBinary) => add(`${isBinary ? 'binary' : 'text'} ${data}`));
  socket.on('close', (code) => add(`closed ${code}`));
  socket.on('error', ({ message }) => add(message));
  const next = async (): Promise<string> => {
    while (got.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return got.shift() ?? '';
  };
  return { socket, next, [Symbol.dispose]: () => socket.terminate() };
}

test('a watch over a WebSocket has each event in a message', async () => {
  await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  await api.request('POST', `${PATH}/configmaps`, { body: { metadata: { name: 'a' } } });
  await api.request('POST', `${PATH}/configmaps`, { body: { metadata: { name: 'b' } } });
  using client = open(api, `${PATH}/configmaps?watch=1`, [], ORIGIN);
  const event = async () => {
    const message = await client.next();
    const { type, object } = JSON.parse(message.replace(/^text /, ''));
    return `${type} ${object.metadata.name}`;
  };
  expect([await event(), await event()]).toEqual(['ADDED a', 'ADDED b']);
  await api.request('DELETE', `${PATH}/configmaps/b`);
  expect(await event()).toBe('DELETED b');
});

test('a watch over a WebSocket ends with its time', async () => {
  await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  using client = open(api, `${PATH}/configmaps?watch=1&timeoutSeconds=1`, [], ORIGIN);
  expect(await client.next()).toBe('closed 1000');
});

test.each([undefined, '', 'null', 'example.com'])('a watch is not given over a WebSocket that comes from nowhere: %s', async (origin) => {
  await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
  using client = open(api, `${PATH}/configmaps?watch=1`, [], origin);
  expect(await client.next()).toBe('Unexpected server response: 403');
});

/** A cluster of one pod, whose log is given. */
async function withLog(log: string) {
  const key = generateKey();
  const now = systemClock.now();
  const validity = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
  const cert = issueCertificate({ subject: { commonName: 'n1' }, key, use: 'server', hosts: ['127.0.0.1'], ...validity });
  const kubelet = https.createServer({ key: keyToPem(key), cert }, (_, response) => response.end(log));
  await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
  const api = await startTestServer({ strategies: { '/pods': plainStrategy<Pod>(), '/nodes': plainStrategy() } });
  const { port } = kubelet.address() as AddressInfo;
  const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: port } } };
  await api.request('POST', '/api/v1/nodes', { body: { metadata: { name: 'n1' }, status } });
  await api.request('POST', `${PATH}/pods`, { body: { metadata: { name: 'p' }, spec: { nodeName: 'n1', containers: [{ name: 'a' }] } } });
  return {
    api,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      kubelet.closeAllConnections();
      kubelet.close();
    },
  };
}

test.each([
  [[], 'binary ', 'binary hello'],
  [['binary.k8s.io'], 'binary ', 'binary hello'],
  [['x', 'base64.binary.k8s.io'], 'text ', `text ${Buffer.from('hello').toString('base64')}`],
])('a log over a WebSocket comes in messages after an empty one: %o', async (protocols, first, second) => {
  await using cluster = await withLog('hello');
  using client = open(cluster.api, `${PATH}/pods/p/log`, protocols);
  expect([await client.next(), await client.next(), await client.next()]).toEqual([first, second, 'closed 1000']);
});

test('a log is not given over a WebSocket of a protocol that is not known', async () => {
  await using cluster = await withLog('hello');
  using client = open(cluster.api, `${PATH}/pods/p/log`, ['x']);
  expect(await client.next()).toBe('Unexpected server response: 403');
});
