// Upstream: the `TestScale*` of `pkg/registry/{apps,core}/*/storage/storage_test.go`, and `ValidateScale`.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deploymentStrategy } from '../strategies/apps/deployment.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const MERGE = { 'content-type': 'application/merge-patch+json' };
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const SCALE = `${DEPLOYMENTS}/d/scale`;

interface Scale {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
}

let server: TestServer;
let uid: string;

beforeAll(async () => {
  server = await startTestServer({ strategies: { 'apps/deployments': deploymentStrategy } });
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x:1' }] } };
  const body = { metadata: { name: 'd' }, spec: { replicas: 7, selector: { matchLabels: { a: 'b' } }, template } };
  ({ uid } = (await server.request('POST', DEPLOYMENTS, { body })).json<Scale>().metadata);
});
afterAll(() => server[Symbol.asyncDispose]());

const patched = async (body: object) => (await server.request('PATCH', SCALE, { body, headers: MERGE })).json();
const put = async (body: object) => (await server.request('PUT', SCALE, { body })).json();

it('a Scale shows what is wanted and whom it is about, and writes the first', async () => {
  const scale = { kind: 'Scale', metadata: { name: 'd', namespace: 'default', uid }, spec: { replicas: 7 }, status: { selector: 'a=b' } };
  expect((await server.request('GET', SCALE)).json()).toMatchObject(scale);
  expect(await put({ metadata: { name: 'd', uid }, spec: { replicas: 12 } })).toMatchObject({ ...scale, spec: { replicas: 12 } });
  expect((await server.request('GET', `${DEPLOYMENTS}/d`)).json()).toMatchObject({ spec: { replicas: 12 } });
});

const CONFLICT = 'Operation cannot be fulfilled on';
const PRECONDITION = 'Precondition failed: UID in precondition: 123, UID in object meta: ';

it.each([
  ['of another object', { metadata: { uid: '123' } }, 409, `${CONFLICT} deployments/scale.apps "d": ${PRECONDITION}`],
  ['of another state', { metadata: { resourceVersion: '123' } }, 409, `${CONFLICT} deployments.apps "d": the object has been modified`],
  [
    'below nothing',
    { spec: { replicas: -1 } },
    422,
    'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than',
  ],
  [
    'with a bad label',
    { metadata: { labels: { a: '-' } } },
    422,
    'Scale.autoscaling "d" is invalid: metadata.labels: Invalid value: "-": ',
  ],
  ['of another namespace', { metadata: { namespace: 'other' } }, 400, 'the namespace of the provided object does not match the namespace'],
])('a patch %s is refused', async (_name, body, code, message) => {
  expect(await patched(body)).toMatchObject({ code, message: expect.stringContaining(message) });
});

it('an update in another namespace is refused', async () => {
  const message = 'the namespace of the provided object does not match the namespace sent on the request';
  expect(await put({ metadata: { name: 'd', namespace: 'other' }, spec: { replicas: 1 } })).toMatchObject({ code: 400, message });
});

it('an update of another object is refused in the words of the store', async () => {
  const message = expect.stringContaining(`AdditionalErrorMsg: ${PRECONDITION}`);
  expect(await put({ metadata: { name: 'd', uid: '123' }, spec: { replicas: 1 } })).toMatchObject({ code: 409, message });
});
