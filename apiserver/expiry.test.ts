import { expect, test } from 'vitest';
import { VirtualClock } from '../runtime/index.ts';
import { openMemoryStore } from '../store/index.ts';
import { ExpiringLeases } from './registry/expiring-leases.ts';
import { plainStrategy, startTestServer } from './testing/test-server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';

test('objects with a time to live go when it is over, counted from their last write, and their watchers are told', async () => {
  const clock = new VirtualClock();
  const store = await openMemoryStore({ clock });
  await using api = await startTestServer({
    strategies: { '/configmaps': plainStrategy({ ttlSeconds: 600 }), '/secrets': plainStrategy() },
    store,
    clock,
  });
  const write = (method: string, path: string, name: string, more: object = {}) =>
    api.request(method, path, { body: { metadata: { name, ...more } } });
  await write('POST', PATH, 'a');
  await write('POST', PATH, 'b');
  await write('POST', '/api/v1/namespaces/default/secrets', 's');
  expect((await store.leases.list()).length).toBe(1);
  await clock.advance(400_000);
  await write('PUT', `${PATH}/b`, 'b', { labels: { seen: 'twice' } });
  using watch = await api.watch(`${PATH}?watch=1&resourceVersion=${store.revision}`);
  await clock.advance(250_000);
  expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a' } } });
  expect((await api.request('GET', `${PATH}/a`)).status).toBe(404);
  expect((await api.request('GET', `${PATH}/b`)).status).toBe(200);
  await clock.advance(400_000);
  expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'b' } } });
  expect((await api.request('GET', '/api/v1/namespaces/default/secrets/s')).status).toBe(200);
  await api.server.stop();
  await store.close();
});

test('a lease is shared by what is written within its extra time, by a thousand at most, and replaced when it is gone', async () => {
  const clock = new VirtualClock();
  const store = await openMemoryStore({ clock });
  const leases = new ExpiringLeases({ leases: store.leases, reuseSeconds: 60, clock });
  const first = await leases.leaseFor(3600);
  await clock.advance(59_000);
  expect(await leases.leaseFor(3600)).toBe(first);
  expect((await store.leases.timeToLive(first)).ttlSeconds).toBe(3660);
  await clock.advance(2000);
  const second = await leases.leaseFor(3600);
  expect(second).not.toBe(first);
  for (let i = 1; i < 1000; i++) expect(await leases.leaseFor(3600)).toBe(second);
  const third = await leases.leaseFor(3600);
  expect(third).not.toBe(second);
  expect(await leases.leaseFor(60)).not.toBe(third);
  leases.forget();
  expect(await leases.leaseFor(60)).not.toBe(third);
  await store.close();
  leases.forget();
  await expect(leases.leaseFor(60)).rejects.toMatchObject({ code: 'Closed' });
});
