import { expect, test } from 'vitest';
import { priorityClassStrategy } from './strategies/scheduling/priority-class.ts';
import { startTestServer } from './testing/test-server.ts';

const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses';

test('a priority class of the system is not deleted by its name, whether it is there or not; with all others it is', async () => {
  await using server = await startTestServer({ strategies: { 'scheduling.k8s.io/priorityclasses': priorityClassStrategy } });
  const name = 'system-node-critical';
  const refusal = {
    reason: 'Forbidden',
    message: `priorityclasses.scheduling.k8s.io "${name}" is forbidden: this is a system priority class and cannot be deleted`,
  };
  expect((await server.request('DELETE', `${CLASSES}/${name}`)).json()).toMatchObject(refusal);
  await server.request('POST', CLASSES, { body: { metadata: { name }, value: 2_000_001_000 } });
  expect((await server.request('DELETE', `${CLASSES}/${name}`)).json()).toMatchObject(refusal);
  expect((await server.request('DELETE', CLASSES)).status).toBe(200);
  expect((await server.request('GET', `${CLASSES}/${name}`)).status).toBe(404);
});
