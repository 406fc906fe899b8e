import { expect, it } from 'vitest';
import { startTestServer } from '../../testing/test-server.ts';
import { namespaceStrategy } from './namespace.ts';

it('a namespace is labelled with its name, also with one that the server made up', async () => {
  await using server = await startTestServer({ strategies: { '/namespaces': namespaceStrategy } });
  for (const metadata of [{ name: 'given' }, { generateName: 'made-' }]) {
    const { name, labels } = (await server.request('POST', '/api/v1/namespaces', { body: { metadata } })).json().metadata;
    expect(labels).toEqual({ 'kubernetes.io/metadata.name': name });
  }
});

it('namespaces are selected by their phase, and no other name than their metadata has', async () => {
  await using server = await startTestServer({ strategies: { '/namespaces': namespaceStrategy } });
  const select = async (field: string) => (await server.request('GET', `/api/v1/namespaces?fieldSelector=${field}`)).status;
  expect([await select('status.phase=Active'), await select('metadata.name=a'), await select('name=a')]).toEqual([200, 200, 400]);
});

it('another namespace than the one that is meant is told of in the words of namespaces’ own storage', async () => {
  await using server = await startTestServer({ strategies: { '/namespaces': namespaceStrategy } });
  const created = await server.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'n' } } });
  const { uid = '', resourceVersion = '' } = created.json().metadata;
  const refused = async (preconditions: object) =>
    (await server.request('DELETE', '/api/v1/namespaces/n', { body: { preconditions } })).json<{ message: string; details: object }>();
  const words = (what: string, found: string) =>
    `Operation cannot be fulfilled on namespaces "n": Precondition failed: ${what} in precondition: 1, ${what} in object meta: ${found}`;
  expect(await refused({ uid: '1' })).toMatchObject({ code: 409, message: words('UID', uid), details: { kind: 'namespaces' } });
  expect(await refused({ resourceVersion: '1' })).toMatchObject({ code: 409, message: words('ResourceVersion', resourceVersion) });
});

it('a namespace that is deleted takes the finalizers of its dependents’ fate, and tells of preconditions in its own words', async () => {
  await using server = await startTestServer({ strategies: { '/namespaces': namespaceStrategy } });
  const made = await server.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'a', finalizers: ['x.y/z'] } } });
  const remove = async (body: object) => (await server.request('DELETE', '/api/v1/namespaces/a', { body })).json();
  expect(await remove({ preconditions: { uid: 'other' } })).toMatchObject({
    code: 409,
    message: `Operation cannot be fulfilled on namespaces "a": Precondition failed: UID in precondition: other, UID in object meta: ${made.json().metadata.uid}`,
    details: { name: 'a', kind: 'namespaces' },
  });
  expect(await remove({ preconditions: { resourceVersion: '1' } })).toMatchObject({
    message: expect.stringContaining('Precondition failed: ResourceVersion in precondition: 1, ResourceVersion in object meta: '),
  });
  const { metadata, status } = await remove({ propagationPolicy: 'Orphan' });
  expect({ finalizers: metadata.finalizers, status }).toEqual({ finalizers: ['x.y/z', 'orphan'], status: { phase: 'Terminating' } });
  expect((await remove({ propagationPolicy: 'Foreground' })).metadata.finalizers).toEqual(['x.y/z', 'orphan']);
});
