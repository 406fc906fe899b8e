import { expect, test } from 'vitest';
import { openMemoryStore } from '../store/index.ts';
import { plainStrategy, startTestServer } from './testing/test-server.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

const start = () => startTestServer({ strategies: { '/configmaps': plainStrategy() } });
const configMap = (name: string, more: Record<string, unknown> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...more,
});

test('an object is created, read, listed, changed and deleted', async () => {
  await using api = await start();
  const created = await api.request('POST', CONFIGMAPS, { body: configMap('a', { data: { k: 'v' } }) });
  expect(created.status).toBe(201);
  const object = created.json();
  expect(object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } });
  expect(object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(object.metadata.creationTimestamp).toMatch(/^\d{4}-.*Z$/);

  const read = await api.request('GET', `${CONFIGMAPS}/a`);
  expect(read.status).toBe(200);
  expect(read.json()).toEqual(object);

  const changed = await api.request('PUT', `${CONFIGMAPS}/a`, { body: { ...object, data: { k: 'w' } } });
  expect(changed.status).toBe(200);
  expect(Number(changed.json().metadata.resourceVersion)).toBeGreaterThan(Number(object.metadata.resourceVersion));

  const stale = await api.request('PUT', `${CONFIGMAPS}/a`, { body: object });
  expect(stale.status).toBe(409);
  expect(stale.json()).toMatchObject({ kind: 'Status', reason: 'Conflict' });

  const patched = await api.request('PATCH', `${CONFIGMAPS}/a`, {
    body: { data: { more: 'yes' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  expect(patched.json()).toMatchObject({ data: { k: 'w', more: 'yes' } });

  await api.request('POST', CONFIGMAPS, { body: configMap('b') });
  const list = (await api.request('GET', CONFIGMAPS)).json<{ items: { metadata: { name: string }; kind?: string }[]; kind: string }>();
  expect(list.kind).toBe('ConfigMapList');
  expect(list.items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  expect(list.items[0]?.kind).toBeUndefined();

  const deleted = await api.request('DELETE', `${CONFIGMAPS}/a`);
  expect(deleted.json()).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'a', kind: 'configmaps' } });
  expect((await api.request('GET', `${CONFIGMAPS}/a`)).json()).toMatchObject({ code: 404, message: 'configmaps "a" not found' });
});

test('a watch begins with the state and goes on with every change, in order', async () => {
  await using api = await start();
  await api.request('POST', CONFIGMAPS, { body: configMap('a') });
  using watch = await api.watch(`${CONFIGMAPS}?watch=1`);
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a' } } });
  const made = await api.request('POST', CONFIGMAPS, { body: configMap('b') });
  expect(await watch.next()).toEqual({ type: 'ADDED', object: made.json() });
  await api.request('PUT', `${CONFIGMAPS}/b`, { body: configMap('b', { data: { x: 'y' } }) });
  expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { data: { x: 'y' } } });
  await api.request('DELETE', `${CONFIGMAPS}/b`);
  const gone = await watch.next();
  expect(gone).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'b' }, data: { x: 'y' } } });
  expect(Number(gone?.object.metadata.resourceVersion)).toBe(api.store.revision);
});

test('a snapshot of the store is for the privileged group alone, and is whole', async () => {
  await using api = await start();
  await api.request('POST', CONFIGMAPS, { body: configMap('a') });
  const refused = await api.request('GET', '/nanokube/v1/snapshot', { headers: { 'x-test-user': 'jane' } });
  expect(refused.status).toBe(403);
  expect(refused.json()).toMatchObject({ reason: 'Forbidden', message: expect.stringContaining('for members of system:masters only') });
  expect((await api.request('POST', '/nanokube/v1/snapshot')).status).toBe(405);
  const given = await api.request('GET', '/nanokube/v1/snapshot');
  expect(given.status).toBe(200);
  expect(given.headers['content-type']).toBe('application/octet-stream');
  expect(given.text.startsWith('nanokubesnapshot')).toBe(true);
  expect(given.text).toContain('/registry/configmaps/default/a');
});

test('a snapshot that fails before its first byte is answered, one whose client goes away is let go', async () => {
  const store = await openMemoryStore();
  await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() }, store });
  const leaving = await api.watch('/nanokube/v1/snapshot');
  leaving[Symbol.dispose]();
  expect((await api.request('GET', '/nanokube/v1/snapshot')).status).toBe(200);
  await store.close();
  expect((await api.request('GET', '/nanokube/v1/snapshot')).status).toBe(503);
});
