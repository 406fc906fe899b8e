import { afterAll, beforeAll, expect, it } from 'vitest';
import { coreKinds, type Event, type Pod, type ResourceV1ResourceClaim as ResourceClaim, resourceKinds } from '../../api/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { pods, events } = coreKinds;
const { resourceclaims, resourceclaimtemplates } = resourceKinds;

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ nodes: ['n'] });
});
afterAll(() => plane[Symbol.asyncDispose]());

const template = (name: string) =>
  plane.create(resourceclaimtemplates, {
    metadata: { name, namespace: 'default' },
    spec: {
      metadata: { labels: { made: 'for-pod' } },
      spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus' } }] } },
    },
  });
const pod = (name: string, claim: object) =>
  plane.create<Pod>(pods, {
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [{ name: 'c', image: 'x', resources: { claims: [{ name: 'gpu' }] } }],
      resourceClaims: [{ name: 'gpu', ...claim }],
    },
  });
const hasClaim = ({ status }: Pod) => status.resourceClaimStatuses?.[0]?.resourceClaimName !== undefined;

it('a pod gets a claim of its own from a template, and it goes with the pod', async () => {
  await template('gpu');
  await pod('worker', { resourceClaimTemplateName: 'gpu' });
  const { status, metadata } = await plane.eventually<Pod>(pods, 'worker', hasClaim);
  const name = status.resourceClaimStatuses?.[0]?.resourceClaimName ?? '';
  expect(name).toMatch(/^worker-gpu-[a-z0-9]{5}$/);
  const made = await plane.get<ResourceClaim>(resourceclaims, name);
  expect(made.metadata.labels).toEqual({ made: 'for-pod' });
  expect(made.metadata.annotations).toEqual({ 'resource.kubernetes.io/pod-claim-name': 'gpu' });
  expect(made.metadata.ownerReferences?.[0]?.uid).toBe(metadata.uid);
  await plane.client.resource(pods).delete('worker', { namespace: 'default', gracePeriodSeconds: 0 });
  await plane.eventuallyGone(resourceclaims, name);
});

it('a pod whose template is not there is told so, and gets its claim when it comes', async () => {
  await pod('early', { resourceClaimTemplateName: 'late' });
  const why = 'PodResourceClaim gpu: resource claim template "late": resourceclaimtemplate.resource.k8s.io "late" not found';
  await plane.eventuallyAll<Event>(events, (all) =>
    all.some(({ message, reason }) => message === why && reason === 'FailedResourceClaimCreation'),
  );
  await template('late');
  await plane.eventually<Pod>(pods, 'early', hasClaim);
});

it('a claim is free again when the last pod that it was reserved for is gone', async () => {
  const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus' } }] } };
  await plane.create(resourceclaims, {
    metadata: { name: 'shared', namespace: 'default', finalizers: ['resource.kubernetes.io/delete-protection'] },
    spec,
  });
  const { metadata } = await pod('user', { resourceClaimName: 'shared' });
  const status = {
    allocation: { devices: { results: [{ request: 'gpu', driver: 'd.io', pool: 'p', device: 'gpu-0' }] } },
    reservedFor: [{ resource: 'pods', name: 'user', uid: metadata.uid }],
  };
  await plane.client.resource(resourceclaims).patch('shared', { status }, { namespace: 'default', type: 'merge', subresource: 'status' });
  await plane.client.resource(pods).delete('user', { namespace: 'default', gracePeriodSeconds: 0 });
  await plane.eventually<ResourceClaim>(resourceclaims, 'shared', ({ status: now }) => !now.allocation && !now.reservedFor);
  await plane.client.resource(resourceclaims).delete('shared', { namespace: 'default' });
  await plane.eventuallyGone(resourceclaims, 'shared');
});
