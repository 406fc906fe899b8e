import { describe, expect, test } from 'vitest';
import { coreKinds } from '../../../api/index.ts';
import { openMemoryStore, type Store } from '../../../store/index.ts';
import { resourceQuotaStrategy } from '../../strategies/core/resource-quota.ts';
import { contextOf } from '../../strategies/testing/harness.ts';
import { plainStrategy, startTestServer, type TestServer } from '../../testing/test-server.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { resourceQuota } from './plugin.ts';

const MAPS = '/api/v1/namespaces/ns/configmaps';
const QUOTAS = '/api/v1/namespaces/ns/resourcequotas';

const start = (store?: Store) =>
  startTestServer({
    strategies: { '/configmaps': plainStrategy(), '/secrets': plainStrategy(), '/resourcequotas': resourceQuotaStrategy },
    admission: (objects) => [resourceQuota(objects, [])],
    store,
  });

const post = (api: TestServer, name: string, query = '') => api.request('POST', `${MAPS}${query}`, { body: { metadata: { name } } });

async function limit(api: TestServer, name: string, hard: string, used = '0'): Promise<void> {
  const made = await api.request('POST', QUOTAS, { body: { metadata: { name }, spec: { hard: { configmaps: hard } } } });
  const { metadata } = made.json();
  const status = { hard: { configmaps: hard }, used: { configmaps: used } };
  const put = await api.request('PUT', `${QUOTAS}/${name}/status`, { body: { metadata, status } });
  expect(put.status).toBe(200);
}

const usedOf = async (api: TestServer, name: string) =>
  ((await api.request('GET', `${QUOTAS}/${name}`)).json() as unknown as { status: { used: Record<string, string> } }).status.used;

const countOf = async (api: TestServer) => ((await api.request('GET', MAPS)).json() as unknown as { items: unknown[] }).items.length;

const times = (count: number) => Array.from({ length: count }, (_, i) => i);

const CONTEXT = contextOf().context;

const requestOf = (name: string): AdmissionAttributes => ({
  operation: 'CREATE',
  kind: coreKinds.configmaps,
  namespace: 'ns',
  name,
  subresource: '',
  object: { metadata: { name, namespace: 'ns' } },
  old: undefined,
});

const quotaOf = (hard: string) => ({
  metadata: { name: 'q', namespace: 'ns', resourceVersion: '1' },
  spec: { hard: { configmaps: hard } },
  status: { hard: { configmaps: hard }, used: { configmaps: '0' } },
});

describe('ResourceQuota', () => {
  test('of a hundred that ask at once, ten get what there is for ten', async () => {
    await using api = await start();
    await limit(api, 'q', '10');
    const statuses = await Promise.all(times(100).map(async (i) => (await post(api, `m${i}`)).status));
    expect([statuses.filter((status) => status === 201).length, statuses.filter((status) => status === 403).length]).toEqual([10, 90]);
    expect(await usedOf(api, 'q')).toEqual({ configmaps: '10' });
    expect(await countOf(api)).toBe(10);
  });

  test('charges under the name of the API server', async () => {
    await using api = await start();
    await limit(api, 'q', '1');
    await post(api, 'a');
    const entries = (await api.request('GET', `${QUOTAS}/q`)).json().metadata.managedFields ?? [];
    expect(entries.find(({ manager }) => manager === 'kube-apiserver')).toMatchObject({ operation: 'Update', subresource: 'status' });
  });

  test('requests that wait are charged with one write', async () => {
    const quotas = [quotaOf('10')];
    const writes: string[] = [];
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const objects = {
      list: () => quotas,
      fresh: () => undefined,
      updateStatus: async (_kind: unknown, _namespace: string, _name: string, change: (quota: unknown) => (typeof quotas)[0]) => {
        await opened;
        const [written] = quotas.splice(0, 1, change(structuredClone(quotas[0])));
        writes.push(quotas[0]?.status.used.configmaps ?? '');
        return written;
      },
    };
    const plugin = resourceQuota(objects as never, []);
    const pending = times(12).map(async (i) => plugin.validate?.(CONTEXT, requestOf(`m${i}`)));
    open();
    const outcomes = await Promise.allSettled(pending);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(10);
    expect(writes).toEqual(['1', '10']);
  });

  test('an object that is looked at again, because a port it got was taken, is charged once', async () => {
    const quotas = [quotaOf('10')];
    const objects = {
      list: () => quotas,
      fresh: () => undefined,
      updateStatus: (_kind: unknown, _namespace: string, _name: string, change: (quota: unknown) => (typeof quotas)[0]) => {
        quotas.splice(0, 1, change(structuredClone(quotas[0])));
        return Promise.resolve();
      },
    };
    const plugin = resourceQuota(objects as never, []);
    const request = requestOf('a');
    await plugin.validate?.(CONTEXT, request);
    await plugin.validate?.(CONTEXT, request);
    expect(quotas[0]?.status.used).toEqual({ configmaps: '1' });
    await plugin.validate?.(CONTEXT, requestOf('a'));
    expect(quotas[0]?.status.used).toEqual({ configmaps: '2' });
  });

  test('an error of the store is told to everybody who waits, and the next ones are served', async () => {
    let fails = true;
    const objects = {
      list: () => [quotaOf('10')],
      fresh: () => undefined,
      updateStatus: () => (fails ? Promise.reject(new Error('no store')) : Promise.resolve()),
    };
    const plugin = resourceQuota(objects as never, []);
    const both = times(2).map(async (i) => plugin.validate?.(CONTEXT, requestOf(`m${i}`)));
    expect((await Promise.allSettled(both)).map((outcome) => outcome.status === 'rejected' && String(outcome.reason))).toEqual([
      'Error: no store',
      'Error: no store',
    ]);
    fails = false;
    await plugin.validate?.(CONTEXT, requestOf('m3'));
  });

  test('exact also with two servers on one store', async () => {
    const store = await openMemoryStore();
    {
      await using a = await start(store);
      await using b = await start(store);
      await limit(a, 'q', '10');
      const statuses = await Promise.all(times(100).map(async (i) => (await post(i % 2 ? a : b, `m${i}`)).status));
      expect([statuses.filter((status) => status === 201).length, statuses.filter((status) => status === 403).length]).toEqual([10, 90]);
      expect(await usedOf(b, 'q')).toEqual({ configmaps: '10' });
    }
    await store.close();
  });

  test('every quota that counts the object is charged, or none admits it', async () => {
    await using api = await start();
    await limit(api, 'large', '100');
    await limit(api, 'small', '3');
    const statuses = await Promise.all(times(20).map(async (i) => (await post(api, `m${i}`)).status));
    expect(statuses.filter((status) => status === 201).length).toBe(3);
    expect([await usedOf(api, 'large'), await usedOf(api, 'small')]).toEqual([{ configmaps: '3' }, { configmaps: '3' }]);
  });

  test('a dry run is checked and not charged', async () => {
    await using api = await start();
    await limit(api, 'q', '1');
    expect((await post(api, 'a', '?dryRun=All')).status).toBe(201);
    expect(await usedOf(api, 'q')).toEqual({ configmaps: '0' });
    await post(api, 'a');
    const refused = await post(api, 'b', '?dryRun=All');
    expect(refused.status).toBe(403);
    expect(refused.json()).toMatchObject({
      message: 'configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1',
      details: { name: 'b', kind: 'configmaps' },
    });
  });

  test('what fails after it was charged stays charged, as upstream, until somebody counts', async () => {
    await using api = await start();
    await limit(api, 'q', '5');
    expect((await post(api, 'a')).status).toBe(201);
    expect((await post(api, 'a')).status).toBe(409);
    expect(await usedOf(api, 'q')).toEqual({ configmaps: '2' });
  });

  test('a quota that goes away while others wait no longer limits them', async () => {
    await using api = await start();
    await limit(api, 'q', '1000');
    const posts = times(30).map((i) => post(api, `m${i}`));
    const gone = api.request('DELETE', `${QUOTAS}/q`);
    expect(new Set((await Promise.all(posts)).map(({ status }) => status))).toEqual(new Set([201]));
    expect((await gone).status).toBe(200);
    expect((await post(api, 'z')).status).toBe(201);
  });

  test('costs nothing where there is no quota', () => {
    const asked: string[] = [];
    const objects = {
      list: () => {
        asked.push('list');
        return [];
      },
    };
    const plugin = resourceQuota(objects as never, []);
    expect(plugin.validate?.(CONTEXT, requestOf('a'))).toBeUndefined();
    expect(asked).toEqual(['list']);
  });
});
