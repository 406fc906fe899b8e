import { expect, test } from 'vitest';
import type { Live, ResourceV1ResourceClaim } from '../../api/index.ts';
import { TestNode } from '../testing/node-harness.ts';

const claim = (reservedFor: string, owner?: string): Live<ResourceV1ResourceClaim> => ({
  metadata: {
    name: 'gpu',
    namespace: 'default',
    uid: 'uid-of-gpu',
    resourceVersion: '1',
    creationTimestamp: '',
    ...(owner ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: owner, controller: true }] } : {}),
  },
  spec: {},
  status: { reservedFor: [{ resource: 'pods', name: 'p', uid: reservedFor }] },
});
const failed = (why: string) =>
  `Warning FailedPrepareDynamicResources Failed to prepare dynamic resources: prepare dynamic resources: ${why}`;

test('a pod waits until it may use its devices, and is told why it may not', async () => {
  const node = new TestNode();
  await node.runScript('echo ready; sleep 3600', { resourceClaims: [{ name: 'x', resourceClaimName: 'gpu' }] });
  const { uid = '', name = '' } = node.api?.metadata ?? {};
  expect(node.events).toEqual([failed('fetch ResourceClaim gpu: resourceclaims.resource.k8s.io "gpu" not found')]);
  node.claims.deviceClaims.set('gpu', claim('another'));
  await node.pass(10);
  expect(node.state()).toBe('ContainerCreating');
  expect(node.events.at(-1)).toBe(failed(`pod ${name} (${uid}) is not allowed to use ResourceClaim gpu (uid-of-gpu)`));
  node.claims.deviceClaims.set('gpu', claim(uid));
  await node.pass(10);
  expect(await node.log()).toBe('ready\n');
});

test('a pod waits for the claim of its template, and takes no other', async () => {
  const node = new TestNode();
  await node.runScript('sleep 3600', { resourceClaims: [{ name: 'x', resourceClaimTemplateName: 't' }] });
  const { namespace, name } = node.api?.metadata ?? {};
  expect(node.events).toEqual([failed(`pod "${namespace}/${name}": ResourceClaim not created yet`)]);
});
