// Upstream: `pkg/registry/scheduling/priorityclass/storage/storage.go` (Delete); found with `kubectl delete priorityclass system-node-critical`.
import { expect, test } from 'vitest';
import { priorityClassStrategy } from './strategies/scheduling/priority-class.ts';
import { startTestServer } from './testing/test-server.ts';

const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses';
const start = () => startTestServer({ strategies: { 'scheduling.k8s.io/priorityclasses': priorityClassStrategy } });

test.each(['system-node-critical', 'system-cluster-critical'])(
  'the priority class %s cannot be deleted by its name, there or not',
  async (name) => {
    await using api = await start();
    const refused = {
      code: 403,
      reason: 'Forbidden',
      message: `priorityclasses.scheduling.k8s.io "${name}" is forbidden: this is a system priority class and cannot be deleted`,
      details: { group: 'scheduling.k8s.io', kind: 'priorityclasses', name },
    };
    expect((await api.request('DELETE', `${CLASSES}/${name}`)).json()).toMatchObject(refused);
    const value = name === 'system-node-critical' ? 2_000_001_000 : 2_000_000_000;
    await api.request('POST', CLASSES, { body: { metadata: { name }, value } });
    expect((await api.request('DELETE', `${CLASSES}/${name}?dryRun=All`)).json()).toMatchObject(refused);
    expect((await api.request('GET', `${CLASSES}/${name}`)).status).toBe(200);
  },
);

test('priority classes of users go, and the system’s with the collection', async () => {
  await using api = await start();
  await api.request('POST', CLASSES, { body: { metadata: { name: 'mine' }, value: 1 } });
  await api.request('POST', CLASSES, { body: { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 } });
  expect((await api.request('DELETE', `${CLASSES}/mine`)).status).toBe(200);
  expect((await api.request('DELETE', CLASSES)).status).toBe(200);
  expect((await api.request('GET', CLASSES)).json()).toMatchObject({ items: [] });
});
