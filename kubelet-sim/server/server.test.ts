import { get } from 'node:https';
import { expect, test } from 'vitest';
import WebSocket from 'ws';
import { generateKey, issueCertificate, keyToPem, silentLogger, systemClock } from '../../runtime/index.ts';
import { aContainer } from '../testing/builders.ts';
import { TestNode } from '../testing/node-harness.ts';
import { createKubeletServer } from './server.ts';

/** A CA, and a client whose certificate it signed. */
function authority(): { ca: string; client: { cert: string; key: string } } {
  const valid = { notBeforeMs: systemClock.now() - 1000, notAfterMs: systemClock.now() + 60_000 };
  const key = generateKey();
  const subject = { commonName: 'ca' };
  const ca = issueCertificate({ subject, key, use: 'ca', ...valid });
  const clientKey = generateKey();
  const cert = issueCertificate({
    subject: { commonName: 'apiserver' },
    key: clientKey,
    issuer: { subject, key },
    use: 'client',
    ...valid,
  });
  return { ca, client: { cert, key: keyToPem(clientKey) } };
}

async function start() {
  const node = new TestNode();
  const { ca, client } = authority();
  const server = createKubeletServer({
    address: '127.0.0.1',
    port: 0,
    advertiseAddress: 'localhost',
    clientCa: ca,
    clock: node.clock,
    logger: silentLogger,
    locate: (namespace, pod) =>
      node.worker && namespace === 'default' && pod === 'web' ? { agent: { runtime: node.runtime }, worker: node.worker } : undefined,
    pods: () => [],
  });
  await server.start();
  const ask = (path: string, credentials: object = client) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const request = get(
        `https://127.0.0.1:${server.port}${path}`,
        { ...credentials, rejectUnauthorized: false, agent: false },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode, text }));
        },
      );
      request.on('error', reject);
    });
  return { node, server, client, ask, [Symbol.asyncDispose]: () => server.stop() };
}

test('only those with a certificate of the CA may ask, but for the health check', async () => {
  await using world = await start();
  expect(await world.ask('/healthz', {})).toEqual({ status: 200, text: 'ok' });
  expect(await world.ask('/pods', {})).toEqual({ status: 401, text: 'Unauthorized\n' });
  expect(await world.ask('/pods', authority().client)).toMatchObject({ status: 401 });
  expect((await world.ask('/pods')).status).toBe(200);
});

test('logs, and why there are none', async () => {
  await using world = await start();
  const logs = (query = '', container = 'main') => world.ask(`/containerLogs/default/web/${container}${query}`);
  expect(await logs()).toEqual({ status: 404, text: 'pod does not exist\n' });
  await world.node.runScript('echo one; echo two; exit 1');
  expect(await logs()).toEqual({ status: 200, text: 'one\ntwo\n' });
  expect((await logs('?tailLines=1&timestamps=true')).text).toBe('2026-01-01T00:00:00.000000000Z two\n');
  expect((await logs('?previous=true')).text).toBe('one\ntwo\n');
  expect(await logs('', 'other')).toEqual({ status: 404, text: 'container not found in pod\n' });
  expect((await logs('?tailLines=-1')).status).toBe(400);
  await world.node.run({ containers: [aContainer('main', { image: 'nginx:does-not-exist' })] });
  expect(await logs()).toEqual({ status: 400, text: 'container "main" in pod "web" is waiting to start: image can\'t be pulled\n' });
});

test('exec: streams by channel, the exit code at the end, and an error when there is no such container', async () => {
  await using world = await start();
  await world.node.run({});
  const connect = (container: string, ...command: string[]) => {
    const query = new URLSearchParams([
      ['input', '1'],
      ['output', '1'],
      ['error', '1'],
      ...command.map((arg): [string, string] => ['command', arg]),
    ]);
    const url = `wss://127.0.0.1:${world.server.port}/exec/default/web/${container}?${query}`;
    return new WebSocket(url, ['v5.channel.k8s.io'], { ...world.client, rejectUnauthorized: false });
  };
  const socket = connect('main', 'sh', '-c', 'read x; echo "got $x"; echo bad >&2; exit 3');
  const channels: Record<number, string> = {};
  socket.on('message', (data: Buffer) => {
    const [channel = -1] = data;
    channels[channel] = (channels[channel] ?? '') + data.toString('utf8', 1);
  });
  socket.on('open', () => socket.send(Buffer.from('\0hello\n')));
  await new Promise((resolve, reject) => socket.on('close', resolve).on('error', reject));
  expect(channels[1]).toBe('got hello\n');
  expect(channels[2]).toBe('bad\n');
  expect(JSON.parse(channels[3] ?? '')).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
  const refused = connect('nope', 'true');
  const failure = await new Promise<Error>((resolve) => refused.on('error', resolve));
  expect(failure.message).toContain('404');
});
