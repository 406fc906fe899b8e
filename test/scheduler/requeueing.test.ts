// Which pods are tried again after a change, from the change in the API to the next attempt. What upstream's own table asks:
// test/integration/scheduler/queueing/queue.go, without what is not there in 1.34 and volumes of clouds.
import { expect, test } from 'vitest';
import { coreKinds, type Draft, type KindInfo, type KubeObject, keyOf, type Live } from '../../api/index.ts';
import { on, type PluginDefinition, unschedulable } from '../../scheduler/index.ts';
import { ROWS } from './requeueing-rows.ts';
import { type Running, run } from './running.ts';
import { node, pod, type Thing } from './things.ts';
import { VOLUME_ROWS } from './volume-requeueing-rows.ts';

/** Notes who is tried; once it is told to, it lets nobody through, and nothing helps who it has rejected. */
class Turnstile {
  readonly tried: string[] = [];
  isShut = false;

  readonly plugin: PluginDefinition = {
    name: 'Turnstile',
    create: () => ({
      name: 'Turnstile',
      events: [on('Node', ['Add'], () => false)],
      preFilter: (_state, { pod: { metadata } }) => {
        this.tried.push(metadata.name);
        return this.isShut ? { ...unschedulable('shut'), plugin: '' } : undefined;
      },
    }),
  };
}

const NEEDED = ['Turnstile', 'PrioritySort', 'DefaultBinder'];

test.each(Object.entries({ ...ROWS, ...VOLUME_ROWS }))('%s', async (_title, { plugins, before, pods, put = [], remove = [], again }) => {
  const turnstile = new Turnstile();
  const enabled = [...NEEDED, ...plugins].map((name) => ({ name }));
  const world = await run({ profiles: [{ plugins: { multiPoint: { enabled, disabled: [{ name: '*' }] } } }] }, [turnstile.plugin]);
  for (const thing of before) place(world, thing);
  await world.clock.advance(100);
  for (const thing of pods) place(world, thing);
  const names = pods.map(nameOf).toSorted();
  await world.until(() => names.every((name) => turnstile.tried.includes(name)) && pods.every((thing) => isRejected(world, thing)));
  turnstile.tried.length = 0;
  turnstile.isShut = true;
  for (const thing of put) place(world, thing);
  for (const thing of remove) takeOut(world, thing);
  // Long enough for the longest back-off, and not so long that everybody is tried again.
  await world.clock.advance(15_000);
  expect([...new Set(turnstile.tried)].toSorted()).toEqual(again);
});

// Upstream: `TestCustomResourceEnqueue` of test/integration/scheduler/queueing/queue_test.go.
test('custom resources may help too', async () => {
  const foos: KindInfo = { ...coreKinds.configmaps, group: 'example.com', kind: 'Foo', resource: 'foos', singular: 'foo' };
  const foo = (name: string): Thing => ({ kind: foos, object: { metadata: { name, namespace: 'default' } } });
  const there = new Set<string>();
  const plugin: PluginDefinition = {
    name: 'NeedsFoo',
    create: () => ({
      name: 'NeedsFoo',
      events: [on('foos.v1.example.com', ['Add'], (_pod, { now }) => now?.metadata.name === 'right')],
      preFilter: () => (there.has('right') ? undefined : { ...unschedulable('no foo'), plugin: '' }),
    }),
  };
  const world = await run({ profiles: [{ plugins: { multiPoint: { enabled: [{ name: 'NeedsFoo' }] } } }] }, [plugin]);
  place(world, node('n'));
  place(world, pod('p'));
  await world.until(() => isRejected(world, pod('p')));
  there.add('right');
  place(world, foo('wrong'));
  await world.clock.advance(15_000);
  expect(world.nodeOf('p')).toBeUndefined();
  place(world, foo('right'));
  await world.until(() => world.nodeOf('p') === 'n');
});

function place({ api }: Running, { kind, object }: Thing): void {
  api.resource(kind).put(object as Draft<KubeObject>);
}

function takeOut({ api }: Running, { kind, object }: Thing): void {
  const found = api.resource(kind).objects.get(keyOf(object as Live<KubeObject>));
  if (!found) throw new Error('what is to go is not there');
  api.resource(kind).remove(found);
}

const nameOf = ({ object }: Thing): string => (object as Live<KubeObject>).metadata.name;

function isRejected({ api }: Running, thing: Thing): boolean {
  const found = api.resource(coreKinds.pods).objects.get(`default/${nameOf(thing)}`) as { status?: { conditions?: { reason?: string }[] } };
  return found.status?.conditions?.some(({ reason }) => reason === 'Unschedulable') ?? false;
}
