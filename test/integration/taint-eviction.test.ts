// Pods on tainted nodes, by the cases of upstream's `taint_eviction_test.go`, on a virtual clock.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { coreKinds, type Event, type Live, type Node, type Pod, type Taint, type Toleration } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const clock = new VirtualClock(Date.parse('2026-01-01T12:00:00Z'));
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ controllers: ['serviceaccount-controller', 'taint-eviction-controller'], clock, stepMs: 100 });
  await plane.eventuallyAll(coreKinds.serviceaccounts, (all) => all.length === 1);
});
afterAll(() => plane[Symbol.asyncDispose]());

const taint = (index: number): Taint => ({ key: `taint${index}`, value: `test${index}`, effect: 'NoExecute' });
const tolerating = (index: number, tolerationSeconds?: number): Toleration => ({
  key: `taint${index}`,
  value: `test${index}`,
  effect: 'NoExecute',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});
const nodes = () => plane.client.resource<Node>(coreKinds.nodes);
const setTaints = (name: string, taints: readonly Taint[]) => nodes().patch(name, { spec: { taints } }, { type: 'merge' });
const place = (name: string, tolerations: readonly Toleration[]): Promise<Live<Pod>> =>
  plane.create<Pod>(coreKinds.pods, {
    metadata: { name, namespace: 'default' },
    spec: { nodeName: name, tolerations, containers: [{ name: 'c', image: 'x' }] },
  });
const setStatus = (name: string, status: object) =>
  plane.client.resource<Pod>(coreKinds.pods).patch(name, { status }, { namespace: 'default', type: 'merge', subresource: 'status' });
/** Seconds until the pod is marked, or undefined when it is not within so many. */
async function evictedAfter(name: string, secondsMax: number): Promise<number | undefined> {
  const begin = clock.now();
  while (clock.now() - begin <= secondsMax * 1000) {
    const [pod] = (await plane.list<Pod>(coreKinds.pods, 'default')).filter(({ metadata }) => metadata.name === name);
    if (!pod || pod.metadata.deletionTimestamp) return Math.floor((clock.now() - begin) / 1000);
    await clock.advance(1000);
  }
  return undefined;
}

it.each([
  ['an untainted node', [], [], 'never'],
  ['a tainted node', [1], [], 'at once'],
  ['a tainted node, with a finite toleration', [1], [tolerating(1, 100)], 'later'],
  ['a tainted node, with an infinite toleration', [1], [tolerating(1)], 'never'],
  ['a tainted node, with a toleration of something else', [1], [tolerating(2)], 'at once'],
  ['a node of whose taints only one is tolerated', [1, 2], [tolerating(1, 100)], 'at once'],
  ['a node with two taints, of which one is tolerated longer', [1, 2], [tolerating(1, 20), tolerating(2, 100)], 'when the first is over'],
] as const)('a pod on %s', async (what, indexes, tolerations, wanted) => {
  const name = `n${what.replace(/[^a-z]+/g, '-').slice(0, 40)}-${indexes.length}${tolerations.length}`;
  await nodes().create({ metadata: { name }, spec: { taints: indexes.map(taint) } });
  await place(name, tolerations);
  const after = await evictedAfter(name, 120);
  const kind = after === undefined ? 'never' : after < 10 ? 'at once' : after < 60 ? 'when the first is over' : 'later';
  expect(kind, `after ${after} s`).toBe(wanted);
});

it('a pod that is evicted says why, and of which generation that is said', async () => {
  await nodes().create({ metadata: { name: 'told' }, spec: { taints: [taint(1)] } });
  await place('told', []);
  const { metadata, status } = await plane.eventually<Pod>(coreKinds.pods, 'told', (pod) => pod.metadata.deletionTimestamp !== undefined);
  expect(status.conditions?.find(({ type }) => type === 'DisruptionTarget')).toEqual({
    type: 'DisruptionTarget',
    status: 'True',
    observedGeneration: 1,
    lastProbeTime: null,
    lastTransitionTime: expect.any(String),
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
  });
  expect(metadata.name).toBe('told');
});

it('the condition of a pod that is evicted stands behind those that were there', async () => {
  await nodes().create({ metadata: { name: 'ordered' }, spec: {} });
  await place('ordered', []);
  const conditions = ['Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: 'True' }));
  await setStatus('ordered', { conditions });
  await plane.eventually<Pod>(coreKinds.pods, 'ordered', ({ status }) => status.conditions?.length === 3);
  await setTaints('ordered', [taint(1)]);
  const { status } = await plane.eventually<Pod>(coreKinds.pods, 'ordered', (pod) => pod.metadata.deletionTimestamp !== undefined);
  expect(status.conditions?.map(({ type }) => type)).toEqual(['Ready', 'ContainersReady', 'PodScheduled', 'DisruptionTarget']);
});

it('a toleration that is made longer does not change what is under way', async () => {
  await nodes().create({ metadata: { name: 'longer' }, spec: { taints: [taint(1)] } });
  const { spec } = await place('longer', [tolerating(1, 30)]);
  expect(await evictedAfter('longer', 5)).toBeUndefined();
  const tolerations = spec.tolerations?.map((one) => (one.key === 'taint1' ? { ...one, tolerationSeconds: 300 } : one));
  await plane.client.resource<Pod>(coreKinds.pods).patch('longer', { spec: { tolerations } }, { namespace: 'default', type: 'merge' });
  expect(await evictedAfter('longer', 60)).toBeLessThan(40);
});

it('a taint that is taken off calls the eviction off, and says so', async () => {
  await nodes().create({ metadata: { name: 'healed' }, spec: { taints: [taint(1)] } });
  await place('healed', [tolerating(1, 30)]);
  expect(await evictedAfter('healed', 5)).toBeUndefined();
  await setTaints('healed', []);
  const message = 'Cancelling deletion of Pod default/healed';
  await plane.eventuallyAll<Event>(coreKinds.events, (all) => all.some((event) => event.message === message));
  expect(await evictedAfter('healed', 60)).toBeUndefined();
});

const marksOf = async (name: string) =>
  (await plane.list<Event>(coreKinds.events, 'default'))
    .filter(({ involvedObject, message }) => involvedObject.name === name && message?.startsWith('Marking for deletion'))
    .reduce((sum, { count = 1 }) => sum + count, 0);

it('what a pod was told already stays as it was said', async () => {
  await nodes().create({ metadata: { name: 'twice' }, spec: {} });
  await place('twice', []);
  await setStatus('twice', { phase: 'Running' });
  for (const [times, index] of [1, 2].entries()) {
    await setTaints('twice', [taint(index)]);
    await expect.poll(() => marksOf('twice'), { interval: 10, timeout: 60_000 }).toBe(times + 1);
    await plane.eventually<Pod>(coreKinds.pods, 'twice', ({ metadata }) => metadata.deletionTimestamp !== undefined);
  }
  const { status, metadata } = await plane.get<Pod>(coreKinds.pods, 'twice');
  expect([metadata.generation, status.conditions?.map(({ observedGeneration }) => observedGeneration)]).toEqual([2, [1]]);
});

it('a pod that is going already is told why, again with each other taint that it does not tolerate', async () => {
  await nodes().create({ metadata: { name: 'left' }, spec: {} });
  await place('left', []);
  await setStatus('left', { phase: 'Running' });
  await plane.client.resource<Pod>(coreKinds.pods).delete('left', { namespace: 'default', gracePeriodSeconds: 1000 });
  for (const [times, taints] of [[taint(1)], [taint(2)], [taint(1), taint(2)]].entries()) {
    await setTaints('left', taints);
    await expect.poll(() => marksOf('left'), { interval: 10, timeout: 60_000 }).toBe(times + 1);
  }
  const { status, metadata } = await plane.get<Pod>(coreKinds.pods, 'left');
  expect(status.conditions?.map(({ type, observedGeneration }) => [type, observedGeneration])).toEqual([['DisruptionTarget', 2]]);
  expect(metadata.deletionGracePeriodSeconds).toBe(1000);
});

it('a pod that is going already is told that its toleration is over, again when that of another taint is', async () => {
  await nodes().create({ metadata: { name: 'late' }, spec: { taints: [taint(1)] } });
  await place('late', [tolerating(1, 20), tolerating(2, 20)]);
  await plane.client.resource<Pod>(coreKinds.pods).delete('late', { namespace: 'default', gracePeriodSeconds: 1000 });
  const isTold = ({ status }: Live<Pod>) => status.conditions?.some(({ type }) => type === 'DisruptionTarget') === true;
  expect(isTold(await plane.get<Pod>(coreKinds.pods, 'late'))).toBe(false);
  const told = async () =>
    (await plane.list<Event>(coreKinds.events, 'default'))
      .filter(({ involvedObject }) => involvedObject.name === 'late')
      .map(({ message, count }) => [message, count]);
  await clock.advance(25_000);
  await plane.eventually<Pod>(coreKinds.pods, 'late', isTold);
  await clock.advance(60_000);
  await expect.poll(told, { interval: 10, timeout: 60_000 }).toEqual([['Marking for deletion Pod default/late', 1]]);
  await setTaints('late', [taint(2)]);
  await clock.advance(10_000);
  expect(await marksOf('late')).toBe(1);
  await clock.advance(60_000);
  await expect.poll(told, { interval: 10, timeout: 60_000 }).toEqual([['Marking for deletion Pod default/late', 2]]);
});

it('a pod that had to go at once is told nothing when a toleration would have ended that let it wait before', async () => {
  await nodes().create({ metadata: { name: 'hurried' }, spec: { taints: [taint(1)] } });
  await place('hurried', [tolerating(1, 30)]);
  await setStatus('hurried', { phase: 'Running' });
  await plane.client.resource<Pod>(coreKinds.pods).delete('hurried', { namespace: 'default', gracePeriodSeconds: 1000 });
  await clock.advance(5_000);
  await setTaints('hurried', [taint(1), taint(2)]);
  await expect.poll(() => marksOf('hurried'), { interval: 10, timeout: 60_000 }).toBe(1);
  await clock.advance(60_000);
  expect(await marksOf('hurried')).toBe(1);
});
