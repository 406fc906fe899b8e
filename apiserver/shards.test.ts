// Kinds that are in a store of their own, as `--etcd-servers-overrides=/events#…` has it.
import { expect, it } from 'vitest';
import { openMemoryStore, prefixRange, type Store } from '../store/index.ts';
import { configMapStrategy } from './strategies/core/config-map.ts';
import { eventStrategy } from './strategies/core/event.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const EVENTS = '/api/v1/namespaces/default/events';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const event = (name: string) => ({
  metadata: { name },
  involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
  reason: 'Started',
  type: 'Normal',
});

const strategies = { '/events': eventStrategy(3600), '/configmaps': configMapStrategy };
const start = (store: Store, events: Store, resources = ['/events']): Promise<TestServer> => {
  const probe = () => Promise.resolve();
  return startTestServer({ strategies, store, overrides: [{ resources, store: events, probes: { health: probe, readiness: probe } }] });
};
const keysIn = async (store: Store) => (await store.range(prefixRange('/registry/'))).kvs.map(({ key }) => key);
const versionOf = (answer: { json(): { metadata: { resourceVersion?: string | undefined } } }): number =>
  Number(answer.json().metadata.resourceVersion);

it('a kind with a store of its own is written, read and watched there, in both of its groups, with that store’s revisions', async () => {
  const [store, events] = [await openMemoryStore(), await openMemoryStore()];
  await using server = await start(store, events);
  for (const name of ['a', 'b', 'c'])
    expect((await server.request('POST', CONFIG_MAPS, { body: { metadata: { name } } })).status).toBe(201);
  const created = await server.request('POST', EVENTS, { body: event('x') });
  expect(created.status).toBe(201);
  expect(await keysIn(store)).toEqual(['a', 'b', 'c'].map((name) => `/registry/configmaps/default/${name}`));
  expect(await keysIn(events)).toEqual(['/registry/events/default/x']);
  // The revisions have nothing to do with each other.
  expect(versionOf(created)).toBe(events.revision);
  const list = await server.request('GET', `${EVENTS}?limit=1`);
  expect(versionOf(list)).toBe(events.revision);
  expect(versionOf(await server.request('GET', CONFIG_MAPS))).toBe(store.revision);
  expect((await server.request('GET', '/apis/events.k8s.io/v1/namespaces/default/events/x')).json().metadata.name).toBe('x');

  using watch = await server.watch(`${EVENTS}?watch=1&resourceVersion=${events.revision}`);
  for (const name of ['d', 'e', 'f']) await server.request('POST', CONFIG_MAPS, { body: { metadata: { name } } });
  await server.request('POST', EVENTS, { body: event('y') });
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'y' } } });
  const exact = await server.request('GET', `${EVENTS}?resourceVersion=${versionOf(created)}&resourceVersionMatch=Exact`);
  expect(exact.json<{ items: unknown[] }>().items).toHaveLength(1);
  expect((await server.request('GET', `${EVENTS}?resourceVersion=${store.revision}&resourceVersionMatch=Exact`)).status).toBe(504);
  const health = await server.request('GET', '/readyz?verbose');
  expect(health.text).toContain('[+]etcd-override-0 ok\n[+]etcd-override-readiness-0 ok\n');
});

it('what is in another store is found again after a start; all of a group may be there', async () => {
  const [store, events] = [await openMemoryStore(), await openMemoryStore()];
  {
    await using server = await start(store, events, ['/*']);
    await server.request('POST', EVENTS, { body: event('x') });
    await server.request('POST', CONFIG_MAPS, { body: { metadata: { name: 'a' } } });
  }
  expect(await keysIn(store)).toEqual([]);
  await using server = await start(store, events, ['/*']);
  expect((await server.request('GET', `${EVENTS}/x`)).status).toBe(200);
  expect((await server.request('GET', `${CONFIG_MAPS}/a`)).status).toBe(200);
});
