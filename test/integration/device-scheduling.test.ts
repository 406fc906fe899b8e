import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  coreKinds,
  type Event,
  type Live,
  type Pod,
  type ResourceV1ResourceClaim as ResourceClaim,
  resourceKinds,
} from '../../api/index.ts';
import type { ControlPlane } from '../support/control-plane.ts';
import { startScheduledPlane } from '../support/scheduled-plane.ts';

const { pods, events } = coreKinds;
const { resourceclaims, resourceclaimtemplates, resourceslices, deviceclasses } = resourceKinds;
const DRIVER = 'gpu.example.com';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startScheduledPlane({
    controllers: ['serviceaccount-controller', 'resourceclaim-controller', 'garbage-collector-controller'],
    nodes: ['one', 'two', 'three'],
    cores: 64,
  });
  await plane.create(deviceclasses, {
    metadata: { name: 'gpus' },
    spec: { selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }] },
  });
});
afterAll(() => plane[Symbol.asyncDispose]());

const gpus = (node: string, model: string, count: number) =>
  plane.create(resourceslices, {
    metadata: { name: `${node}-${model}` },
    spec: {
      driver: DRIVER,
      nodeName: node,
      pool: { name: `${node}-${model}`, generation: 1, resourceSliceCount: 1 },
      devices: Array.from({ length: count }, (_, i) => ({ name: `gpu-${i}`, attributes: { model: { string: model } } })),
    },
  });
const requests = (model: string, count = 1) => ({
  devices: {
    requests: [
      {
        name: 'gpu',
        exactly: {
          deviceClassName: 'gpus',
          count,
          selectors: [{ cel: { expression: `device.attributes["${DRIVER}"].model == "${model}"` } }],
        },
      },
    ],
  },
});
const template = (name: string, model: string) =>
  plane.create(resourceclaimtemplates, { metadata: { name, namespace: 'default' }, spec: { spec: requests(model) } });
const pod = (name: string, claim: object) =>
  plane.create<Pod>(pods, {
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [{ name: 'c', image: 'x', resources: { claims: [{ name: 'gpu' }] } }],
      tolerations: [{ operator: 'Exists' }], // nobody takes the taint away that a new node has
      resourceClaims: [{ name: 'gpu', ...claim }],
    },
  });
const placed = async (name: string) => (await plane.eventually<Pod>(pods, name, ({ spec }) => !!spec.nodeName)).spec.nodeName;
const remove = (name: string) => plane.client.resource(pods).delete(name, { namespace: 'default', gracePeriodSeconds: 0 });
const refusal = async (name: string) => {
  const mine = (all: Live<Event>[]) =>
    all.filter(({ involvedObject, reason }) => involvedObject.name === name && reason === 'FailedScheduling');
  return mine(await plane.eventuallyAll<Event>(events, (some) => mine(some).length > 0))[0]?.message;
};
const devicesOf = ({ status }: ResourceClaim) => (status.allocation?.devices?.results ?? []).map(({ pool, device }) => `${pool}/${device}`);

it('of two pods that want one device the second waits, with upstream’s words, until the first is gone', async () => {
  await gpus('two', 'rare', 1);
  await template('rare', 'rare');
  await pod('first', { resourceClaimTemplateName: 'rare' });
  expect(await placed('first')).toBe('two');
  const [claim] = await plane.list<ResourceClaim>(resourceclaims);
  expect(claim?.metadata.finalizers).toEqual(['resource.kubernetes.io/delete-protection']);
  expect(claim?.status).toEqual({
    allocation: {
      devices: { results: [{ request: 'gpu', driver: DRIVER, pool: 'two-rare', device: 'gpu-0' }] },
      nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['two'] }] }] },
    },
    reservedFor: [{ resource: 'pods', name: 'first', uid: (await plane.get(pods, 'first')).metadata.uid }],
  });
  await pod('second', { resourceClaimTemplateName: 'rare' });
  expect(await refusal('second')).toBe(
    '0/3 nodes are available: 3 cannot allocate all claims. still not schedulable, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
  );
  await remove('first');
  expect(await placed('second')).toBe('two');
  await plane.eventuallyGone(resourceclaims, claim?.metadata.name ?? '');
});

it('a claim is shared by pods, which follow it, and is freed when the last is gone', async () => {
  await gpus('one', 'shared', 1);
  await plane.create(resourceclaims, { metadata: { name: 'shared', namespace: 'default' }, spec: requests('shared') });
  for (const name of ['x', 'y', 'z']) await pod(name, { resourceClaimName: 'shared' });
  expect(await Promise.all(['x', 'y', 'z'].map(placed))).toEqual(['one', 'one', 'one']);
  const isFor = (count: number) =>
    plane.eventually<ResourceClaim>(resourceclaims, 'shared', ({ status }) => (status.reservedFor ?? []).length === count);
  await isFor(3);
  for (const name of ['x', 'y']) await remove(name);
  expect(devicesOf(await isFor(1))).toEqual(['one-shared/gpu-0']);
  await remove('z');
  expect(devicesOf(await isFor(0))).toEqual([]);
});

it('a pod waits for its claim, for the class, and for devices', async () => {
  await plane.create(resourceclaims, {
    metadata: { name: 'early', namespace: 'default' },
    spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'late' } }] } },
  });
  await pod('early', { resourceClaimName: 'early' });
  expect(await refusal('early')).toMatch(
    /^0\/3 nodes are available: request gpu: device class late does not exist\. no new claims to deallocate, /,
  );
  await plane.create(deviceclasses, {
    metadata: { name: 'late' },
    spec: { selectors: [{ cel: { expression: `device.attributes["${DRIVER}"].?model.orValue("") == "late"` } }] },
  });
  await plane.eventuallyAll<Event>(events, (all) =>
    all.some(({ involvedObject, message }) => involvedObject.name === 'early' && message?.includes('3 cannot allocate all claims')),
  );
  await gpus('three', 'late', 1);
  expect(await placed('early')).toBe('three');
});

it('no device is given to two claims, however many pods want one', async () => {
  await Promise.all(['one', 'two', 'three'].map((node) => gpus(node, 'many', 8)));
  await template('many', 'many');
  const names = Array.from({ length: 30 }, (_, i) => `many-${i}`);
  await Promise.all(names.map((name) => pod(name, { resourceClaimTemplateName: 'many' })));
  const running = (all: Live<Pod>[]) => all.filter(({ metadata, spec }) => metadata.name.startsWith('many-') && spec.nodeName);
  const all = await plane.eventuallyAll<Pod>(pods, (some) => running(some).length === 24);
  const claims = (await plane.list<ResourceClaim>(resourceclaims)).flatMap(devicesOf).filter((device) => device.includes('-many/'));
  expect([claims.length, new Set(claims).size]).toEqual([24, 24]);
  for (const { metadata } of running(all).slice(0, 6)) await remove(metadata.name);
  await plane.eventuallyAll<Pod>(
    pods,
    (some) => running(some).length === 24 && some.filter(({ metadata }) => metadata.name.startsWith('many-')).length === 24,
  );
  const later = await plane.eventuallyAll<ResourceClaim>(
    resourceclaims,
    (some) => some.flatMap(devicesOf).filter((device) => device.includes('-many/')).length === 24,
  );
  expect(new Set(later.flatMap(devicesOf).filter((device) => device.includes('-many/'))).size).toBe(24);
});
