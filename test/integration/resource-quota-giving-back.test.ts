// What is gone is given back at once where nothing was charged lately. On a clock that stands still: who waits for a moment waits for ever.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { coreKinds, type Pod, type ResourceQuota } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { resourcequotas, pods } = coreKinds;
const clock = new VirtualClock(Date.parse('2026-01-01T12:00:00Z'));
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ controllers: ['resourcequota', 'serviceaccount'], clock });
});
afterAll(() => plane[Symbol.asyncDispose]());

const metadata = { name: 'q', namespace: 'default' };
const usedPods = async () => (await plane.get<ResourceQuota>(resourcequotas, 'q')).status.used?.pods;
const remove = (name: string) => plane.client.resource<Pod>(pods).delete(name, { namespace: 'default', gracePeriodSeconds: 0 });
const limitTo = async (count: string) => {
  await plane.create(resourcequotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { pods: count } } });
  await plane.eventually<ResourceQuota>(resourcequotas, 'q', ({ status }) => status.used?.pods !== undefined);
};
const aPod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'x' }] },
});

it('a pod that goes makes room at once for the one in its place', async () => {
  await plane.eventuallyAll(coreKinds.serviceaccounts, (all) => all.length === 1);
  await limitTo('1');
  await plane.create(pods, aPod('first'));
  // The charge is seen, and so long ago that what it was for is stored.
  await expect.poll(usedPods).toBe('1');
  await clock.advance(60_000);
  await remove('first');
  await expect.poll(usedPods, { interval: 10, timeout: 60_000 }).toBe('0');
  await plane.create(pods, aPod('second'));
});

it('pods that go one after the other make room at once, each of them', async () => {
  await plane.client.resource<ResourceQuota>(resourcequotas).delete('q', { namespace: 'default' });
  await plane.create(pods, aPod('third'));
  await limitTo('2');
  await clock.advance(60_000);
  await expect.poll(usedPods).toBe('2');
  for (const [name, left] of [
    ['second', '1'],
    ['third', '0'],
  ] as const) {
    await remove(name);
    await expect.poll(usedPods, { interval: 10, timeout: 60_000 }).toBe(left);
  }
});
