// What becomes of a pod that a plugin stopped late, and of the node that a pod says is planned for it. Upstream:
// test/integration/scheduler/{rescheduling,nominated_node_name/nominated_node_name,preemption/nominatednodename/nominatednodename}_test.go.
import { describe, expect, it, test, vi } from 'vitest';
import { coreKinds, type Draft, type KubeObject, type Pod } from '../../api/index.ts';
import { on, type PluginDefinition, unschedulable, type Verdict } from '../../scheduler/index.ts';
import { conditionOf, type Running, run } from './running.ts';
import { cpu, node, pod, running, type Thing } from './things.ts';

const place = ({ api }: Running, { kind, object }: Thing): void => void api.resource(kind).put(object as Draft<KubeObject>);

/** Longer than any back-off, and not so long that everybody is tried again. */
async function long({ clock }: Running): Promise<void> {
  for (let i = 0; i < 150; i++) await clock.advance(100);
}

describe('a pod that a plugin stops late', () => {
  /** Stops the first pod, or every one, in Reserve or Permit; only a new node helps who was rejected. */
  const late = (
    point: 'reserve' | 'permit',
    how: 'rejects once' | 'fails',
  ): { readonly plugin: PluginDefinition; readonly times: () => number } => {
    let times = 0;
    const ask = (): Verdict => {
      times++;
      if (how === 'fails') throw new Error(`failed to ${point}`);
      return times === 1 ? { ...unschedulable(`reject to ${point}`), plugin: '' } : undefined;
    };
    return {
      plugin: { name: 'Late', create: () => ({ name: 'Late', events: [on('Node', ['Add'])], [point]: ask }) },
      times: () => times,
    };
  };

  it.each([
    ['permit', 'a node comes', node('fake-node'), true],
    ['permit', 'a pod comes', pod('other'), false],
    ['reserve', 'a node comes', node('fake-node'), true],
    ['reserve', 'a pod comes', pod('other'), false],
  ] as const)('rejected by %s, is tried again when %s: %#', async (point, _what, thing, isScheduled) => {
    const { plugin } = late(point, 'rejects once');
    const world = await run({ profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Late' }] } } }] }, [plugin]);
    place(world, node('n'));
    place(world, pod('p'));
    await world.until(() => conditionOf(world.api, 'p')?.reason === 'Unschedulable');
    expect(conditionOf(world.api, 'p')?.message).toContain(`reject to ${point}`);
    place(world, thing);
    await long(world);
    expect(world.nodeOf('p') !== undefined).toBe(isScheduled);
  });

  it.each(['permit', 'reserve'] as const)('failed by %s, is tried again whatever happens', async (point) => {
    const { plugin, times } = late(point, 'fails');
    const world = await run({ profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'Late' }] } } }] }, [plugin]);
    place(world, node('n'));
    place(world, pod('p'));
    await world.until(() => conditionOf(world.api, 'p')?.reason === 'SchedulerError');
    const before = times();
    await long(world);
    expect(times()).toBeGreaterThan(before);
    expect(world.nodeOf('p')).toBeUndefined();
  });
});

describe('the node that a pod names as planned', () => {
  const plannedOn = (name: string, amount: string, priority: number, nodeName = 'node'): Thing => {
    const { kind, object } = pod(name, { ...cpu(amount), spec: { priority } });
    return { kind, object: { ...object, status: { phase: 'Pending', nominatedNodeName: nodeName } } };
  };
  const planOf = ({ api }: Running, name: string) =>
    api.resource<Pod>(coreKinds.pods).objects.get(`default/${name}`)?.status.nominatedNodeName;

  test('becomes another one, where fewer have to go', async () => {
    const world = await run({});
    for (const name of ['node', 'node2']) place(world, node(name, {}, { cpu: '4' }));
    for (const name of ['victim-1', 'victim-2']) place(world, running(name, 'node', { ...cpu('2'), spec: { priority: 1 } }));
    place(world, running('victim-3', 'node2', { ...cpu('3'), spec: { priority: 1 } }));
    await world.clock.advance(100);
    place(world, plannedOn('preemptor', '4', 100));
    await world.until(() => planOf(world, 'preemptor') === 'node2' || world.nodeOf('preemptor') !== undefined);
    await world.until(() => world.nodeOf('preemptor') === 'node2');
  });

  test('is taken back when the pod cannot run there, and keeps no room', async () => {
    const world = await run({});
    place(world, node('node', {}, { cpu: '4' }));
    await world.clock.advance(100);
    place(world, plannedOn('too-large', '5', 1));
    place(world, pod('fits', { ...cpu('3'), spec: { priority: 1 } }));
    await world.until(() => world.nodeOf('fits') === 'node');
    await world.until(() => (planOf(world, 'too-large') ?? '') === '');
  });

  test('does not keep a more important pod away', async () => {
    const world = await run({});
    place(world, node('node', {}, { cpu: '4' }));
    await world.clock.advance(100);
    place(world, pod('high', { ...cpu('4'), spec: { priority: 100 } }));
    place(world, plannedOn('low', '4', 1));
    await world.until(() => world.nodeOf('high') === 'node');
    await world.until(() => (planOf(world, 'low') ?? '') === '');
  });

  test('is taken back for a more important pod, also when all who make room for it are going already', async () => {
    const world = await run({});
    const pods = world.api.resource<Pod>(coreKinds.pods);
    // Who is held by a finalizer stays, however often it is deleted.
    const deletes = vi.spyOn(pods, 'delete').mockImplementation((name) => Promise.resolve(pods.objects.get(`default/${name}`) as never));
    const { kind, object } = running('going', 'node', { ...cpu('4'), spec: { priority: 1 } });
    const going = { finalizers: ['example.com/f'], deletionTimestamp: '2026-01-01T00:00:00Z' };
    place(world, node('node', {}, { cpu: '4' }));
    place(world, { kind, object: { ...object, metadata: { name: 'going', namespace: 'default', uid: 'going', ...going } } });
    place(world, pod('medium', { ...cpu('4'), spec: { priority: 10 } }));
    await world.until(() => planOf(world, 'medium') === 'node');
    const marks = () => pods.objects.get('default/going')?.status.conditions?.map(({ type, reason }) => [type, reason]);
    await world.until(() => marks()?.length === 1);
    expect(marks()).toEqual([['DisruptionTarget', 'PreemptionByScheduler']]);
    await world.until(() => deletes.mock.calls.length === 1);
    place(world, pod('high', { ...cpu('4'), spec: { priority: 100 } }));
    await world.until(() => planOf(world, 'high') === 'node');
    await world.until(() => (planOf(world, 'medium') ?? '') === '');
  });
});
