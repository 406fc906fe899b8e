// ComponentStatuses are made when they are asked for: `pkg/registry/core/componentstatus`.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { generateKey, issueCertificate, keyToPem, systemClock } from '../runtime/index.ts';
import { localComponent } from './rest/component-status.ts';
import { componentStatusStrategy } from './strategies/core/component-status.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const PATH = '/api/v1/componentstatuses';
let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({
    strategies: { '/componentstatuses': componentStatusStrategy },
    components: [
      { name: 'scheduler', check: async () => ({ status: 'True', message: 'ok' }) },
      { name: 'etcd-0', check: async () => ({ status: 'Unknown', error: 'no answer' }) },
    ],
  });
});
afterEach(() => server[Symbol.asyncDispose]());

it('lists what the components say, with a warning', async () => {
  const answer = await server.request('GET', PATH);
  expect(answer.headers.warning).toBe('299 - "v1 ComponentStatus is deprecated in v1.19+"');
  expect(answer.json()).toEqual({
    kind: 'ComponentStatusList',
    apiVersion: 'v1',
    metadata: {},
    items: [
      { metadata: { name: 'scheduler' }, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] },
      { metadata: { name: 'etcd-0' }, conditions: [{ type: 'Healthy', status: 'Unknown', error: 'no answer' }] },
    ],
  });
  const one = await server.request('GET', `${PATH}?fieldSelector=metadata.name%3Detcd-0`);
  expect(one.json<{ items: unknown[] }>().items).toHaveLength(1);
});

it('gets one, and shows tables', async () => {
  expect((await server.request('GET', `${PATH}/scheduler`)).json()).toMatchObject({
    kind: 'ComponentStatus',
    metadata: { name: 'scheduler' },
  });
  const none = await server.request('GET', `${PATH}/other`);
  expect([none.status, none.json<{ message: string }>().message]).toEqual([404, 'componentstatus "other" not found']);
  const table = await server.request('GET', PATH, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
  expect(table.json<{ rows: { cells: unknown[] }[] }>().rows.map(({ cells }) => cells)).toEqual([
    ['scheduler', 'Healthy', 'ok', ''],
    ['etcd-0', 'Unhealthy', '', 'no answer'],
  ]);
  expect((await server.request('POST', PATH, { body: {} })).status).toBe(405);
  const watched = await server.request('GET', `${PATH}?watch=1`);
  expect(watched.headers.warning).toBe('299 - "v1 ComponentStatus is deprecated in v1.19+"');
  expect(watched.json()).toMatchObject({
    code: 405,
    message: 'watch is not supported on resources of kind "componentstatuses"',
    details: { kind: 'componentstatuses' },
  });
});

it('asks the components of this machine over HTTPS', async () => {
  const key = generateKey();
  const now = systemClock.now();
  const times = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
  const cert = issueCertificate({ subject: { commonName: 'c' }, key, use: 'server', hosts: ['127.0.0.1'], ...times });
  const peer = createServer({ cert, key: keyToPem(key) }, (request, response) => {
    response.writeHead(request.url === '/healthz' ? 200 : 404).end('ok');
  });
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  const { port } = peer.address() as AddressInfo;
  const component = localComponent('scheduler', () => port, systemClock);
  expect(await component.check()).toEqual({ status: 'True', message: 'ok' });
  await new Promise((resolve) => peer.close(resolve));
  expect(await component.check()).toEqual({
    status: 'False',
    message: `Get "https://127.0.0.1:${port}/healthz": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
});
