import { expect, it } from 'vitest';
import { coreKinds } from '../api/index.ts';
import { openMemoryStore } from '../store/index.ts';
import { faultyStore } from '../test/support/faulty-store.ts';
import { plainStrategy, startTestServer } from './testing/test-server.ts';

it('a write of what the API server itself follows is answered once it knows of it, be the store far away', async () => {
  const store = faultyStore(await openMemoryStore());
  const strategies = { '/configmaps': plainStrategy({ takesEffectAtOnce: true }), '/secrets': plainStrategy() };
  await using server = await startTestServer({ strategies, store });
  const path = '/api/v1/namespaces/ns/configmaps';
  const steps: [method: string, path: string, body: object | undefined, isThere: boolean][] = [
    ['POST', path, { metadata: { name: 'a' } }, true],
    ['PUT', `${path}/a`, { metadata: { name: 'a', labels: { is: 'new' } } }, true],
    ['DELETE', `${path}/a`, undefined, false],
  ];
  for (const [method, at, body, isThere] of steps) {
    store.holdBack();
    let isAnswered = false;
    const answer = server.request(method, at, { body }).finally(() => {
      isAnswered = true;
    });
    // Another kind's write, which does not wait, is done meanwhile.
    const secret = { metadata: { name: method.toLowerCase() } };
    expect((await server.request('POST', '/api/v1/namespaces/ns/secrets', { body: secret })).status).toBe(201);
    expect(isAnswered).toBe(false);
    await store.deliver();
    expect((await answer).status).toBeLessThan(300);
    const found = server.server.objects.get(coreKinds.configmaps, 'ns', 'a');
    expect([found !== undefined, found?.metadata.labels]).toEqual([isThere, method === 'PUT' ? { is: 'new' } : undefined]);
  }
});
