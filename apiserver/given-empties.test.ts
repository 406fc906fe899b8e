// Empty lists that are written where Go has no omitempty are owned, though what is stored is null: recorded from kube-apiserver 1.34.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../api/index.ts';
import { plainStrategy, startTestServer, type TestServer } from './testing/test-server.ts';

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles';
const JOBS = '/apis/batch/v1/namespaces/default/jobs';

let server: TestServer;

beforeEach(async () => {
  const plain = plainStrategy();
  server = await startTestServer({
    strategies: { 'discovery.k8s.io/endpointslices': plain, 'rbac.authorization.k8s.io/roles': plain, 'batch/jobs': plain },
  });
});
afterEach(() => server[Symbol.asyncDispose]());

const owned = ({ metadata }: KubeObject): Record<string, unknown>[] =>
  (metadata.managedFields ?? []).map(({ manager, fieldsV1 }) => ({ manager, ...fieldsV1 }));

async function write(method: string, path: string, body: unknown, headers: Record<string, string> = {}) {
  return (await server.request(method, `${path}${path.includes('?') ? '&' : '?'}fieldManager=me`, { body, headers })).json();
}

it('a list that is given as empty is owned, and null afterwards; one that is not given is not owned', async () => {
  const made = await write('POST', SLICES, { metadata: { name: 'a' }, addressType: 'IPv4', endpoints: [] });
  expect(made).toMatchObject({ endpoints: null, ports: null });
  expect(owned(made)).toEqual([{ manager: 'me', 'f:addressType': {}, 'f:endpoints': {} }]);
  expect(owned(await write('POST', ROLES, { metadata: { name: 'a' }, rules: [] }))).toEqual([{ manager: 'me', 'f:rules': {} }]);
  expect(owned(await write('POST', ROLES, { metadata: { name: 'b' }, rules: null }))).toEqual([]);
});

it('also by a patch, and deep inside', async () => {
  await write('POST', ROLES, { metadata: { name: 'a', labels: { a: 'b' } } });
  const patched = await write('PATCH', `${ROLES}/a`, { rules: [] }, { 'content-type': 'application/merge-patch+json' });
  expect(owned(patched)).toEqual([expect.objectContaining({ manager: 'me', 'f:rules': {} })]);
  const template = { spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', projected: { sources: [] } }] } };
  const [job] = owned(await write('POST', JOBS, { metadata: { name: 'j' }, spec: { template } }));
  expect(job).toMatchObject({
    'f:spec': { 'f:template': { 'f:spec': { 'f:volumes': { 'k:{"name":"v"}': { 'f:projected': { 'f:sources': {} } } } } } },
  });
});

it('a write that says the same again changes nothing', async () => {
  const made = await write('POST', ROLES, { metadata: { name: 'a' }, rules: [] });
  const again = await write('PUT', `${ROLES}/a`, { metadata: { name: 'a' }, rules: [] });
  expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
});
