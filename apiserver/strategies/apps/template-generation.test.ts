// Who owns the count of a DaemonSet's templates: seen on kube-apiserver 1.34.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../../../api/index.ts';
import { startTestServer, type TestServer } from '../../testing/test-server.ts';
import { daemonSetStrategy } from './daemon-set.ts';

const PATH = '/apis/apps/v1/namespaces/default/daemonsets';
const GENERATION = 'f:deprecated.daemonset.template.generation';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ strategies: { 'apps/daemonsets': daemonSetStrategy } });
});
afterEach(() => server[Symbol.asyncDispose]());

const daemonSet = (image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'd' },
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image }] } },
  },
});

async function ownersAfter(method: string, manager: string, body: unknown, type = 'application/json') {
  const path = `${method === 'POST' ? PATH : `${PATH}/d`}?fieldManager=${manager}`;
  const { metadata }: KubeObject = (await server.request(method, path, { body, headers: { 'content-type': type } })).json();
  return (metadata.managedFields ?? []).filter((entry) => JSON.stringify(entry).includes(GENERATION)).map((entry) => entry.manager);
}

it('the count of templates belongs to who sends the whole object last, and to nobody who changes a part or applies', async () => {
  expect(await ownersAfter('POST', 'maker', daemonSet('x:1'))).toEqual(['maker']);
  expect(await ownersAfter('PATCH', 'patcher', { spec: { minReadySeconds: 1 } }, 'application/merge-patch+json')).toEqual(['maker']);
  expect(await ownersAfter('PUT', 'replacer', daemonSet('x:2'))).toEqual(['replacer']);
});

it('the count of templates of a DaemonSet that was applied belongs to nobody', async () => {
  expect(await ownersAfter('PATCH', 'applier', daemonSet('x:1'), 'application/apply-patch+yaml')).toEqual([]);
});
