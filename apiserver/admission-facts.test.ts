// What admission is told of a request, beside the object that was sent.
import { expect, it } from 'vitest';
import type { AdmissionAttributes } from './admission/plugin.ts';
import { namespaceStrategy } from './strategies/core/namespace.ts';
import { persistentVolumeClaimStrategy } from './strategies/core/persistent-volume-claim.ts';
import { podStrategy } from './strategies/core/pod.ts';
import { plainStrategy, startTestServer } from './testing/test-server.ts';

const DEFAULT = '/api/v1/namespaces/default';
const containers = [{ name: 'c', image: 'x:1' }];

async function startNoting() {
  const seen: AdmissionAttributes[] = [];
  const validate = (_: unknown, attributes: AdmissionAttributes): void => {
    seen.push(structuredClone({ object: attributes.object, options: attributes.options } as AdmissionAttributes));
  };
  const server = await startTestServer({
    strategies: {
      '/pods': podStrategy,
      '/bindings': plainStrategy(),
      '/namespaces': namespaceStrategy,
      '/persistentvolumeclaims': persistentVolumeClaimStrategy,
    },
    admission: [{ name: 'Noting', validate }],
  });
  return { server, last: () => seen.at(-1), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

it('a binding has owners of its fields', async () => {
  await using api = await startNoting();
  await api.server.request('POST', `${DEFAULT}/pods`, { body: { metadata: { name: 'p' }, spec: { containers } } });
  const body = { metadata: { name: 'p' }, target: { name: 'n' } };
  expect((await api.server.request('POST', `${DEFAULT}/pods/p/binding?fieldManager=m`, { body })).status).toBe(201);
  const entry = { manager: 'm', operation: 'Update', apiVersion: 'v1', subresource: 'binding', fieldsV1: { 'f:target': {} } };
  expect(api.last()?.object?.metadata.managedFields).toMatchObject([entry]);
});

it.each([
  ['', 30],
  ['?gracePeriodSeconds=5', 5],
  ['?gracePeriodSeconds=-5', 1],
])('a pod that goes gracefully%s has %s seconds in the options', async (query, gracePeriodSeconds) => {
  await using api = await startNoting();
  const spec = { nodeName: 'n', containers };
  await api.server.request('POST', `${DEFAULT}/pods`, { body: { metadata: { name: 'p' }, spec } });
  await api.server.request('DELETE', `${DEFAULT}/pods/p${query}`);
  expect(api.last()?.options).toMatchObject({ kind: 'DeleteOptions', gracePeriodSeconds });
});

it('the namespace that is deleted is the one that is meant', async () => {
  await using api = await startNoting();
  const made = await api.server.request('POST', '/api/v1/namespaces', { body: { metadata: { name: 'a' } } });
  const { uid } = made.json<{ metadata: { uid: string } }>().metadata;
  await api.server.request('DELETE', '/api/v1/namespaces/a');
  expect(api.last()?.options).toMatchObject({ preconditions: { uid } });
});

it('a claim has no phase before it is stored', async () => {
  await using api = await startNoting();
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const made = await api.server.request('POST', `${DEFAULT}/persistentvolumeclaims`, { body: { metadata: { name: 'c' }, spec } });
  expect(api.last()?.object).toMatchObject({ status: {} });
  expect(api.last()?.object).not.toHaveProperty('status.phase');
  expect(made.json()).toMatchObject({ status: { phase: 'Pending' } });
});
