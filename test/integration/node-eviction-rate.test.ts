// Nodes get the taint that evicts at a rate: the first at once, though the cache does not know yet that it is silent; also those that count for no
// disruption.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { coreKinds, type Live, type Node, toTime } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { Gates } from '../support/gates.ts';

const clock = new VirtualClock(Date.parse('2026-01-01T12:00:00Z'));
const gates = new Gates();
let plane: ControlPlane;
beforeAll(async () => {
  // The second node in three hours would be the next one.
  const settings = { nodeEvictionRate: 0.0001 };
  plane = await startControlPlane({ controllers: ['node-lifecycle-controller'], clock, stepMs: 20, gates, settings });
});
afterAll(() => plane[Symbol.asyncDispose]());

const nodes = () => plane.client.resource<Node>(coreKinds.nodes);
const readyOf = ({ status }: Live<Node>) => status.conditions?.find(({ type }) => type === 'Ready')?.status;
const isSilent = (node: Live<Node>) => readyOf(node) === 'Unknown';
const beat = (name: string) => {
  const now = toTime(clock.now());
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastHeartbeatTime: now, lastTransitionTime: now };
  return nodes().patch(name, { status: { conditions: [ready] } }, { type: 'strategic', subresource: 'status' });
};

it('the first silent node is tainted at once, also when its new conditions are not in the cache yet', async () => {
  for (const name of ['well', 'silent']) {
    await nodes().create({ metadata: { name }, spec: {} });
    await beat(name);
  }
  gates.holdAt('watch nodes', (object) => object.metadata.name === 'silent' && JSON.stringify(object).includes('"Unknown"'));
  while (!isSilent(await nodes().get('silent'))) {
    await beat('well');
    await clock.advance(5_000);
  }
  // Its turn comes, and is kept for it.
  await clock.advance(1_000);
  gates.openAll();
  const { spec } = await plane.eventually<Node>(coreKinds.nodes, 'silent', (node) => node.spec.taints?.length === 2);
  expect(spec.taints?.map(({ key, effect }) => `${key}:${effect}`).sort()).toEqual([
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unreachable:NoSchedule',
  ]);
});

it('a node in a zone where none counts for disruptions is tainted as any other', async () => {
  const labels = {
    'topology.kubernetes.io/region': 'r',
    'topology.kubernetes.io/zone': 'z',
    'node.kubernetes.io/exclude-disruption': 'true',
  };
  await nodes().create({ metadata: { name: 'apart', labels }, spec: {} });
  const ready = { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: '' };
  await nodes().patch('apart', { status: { conditions: [ready] } }, { type: 'strategic', subresource: 'status' });
  const { spec } = await plane.eventually<Node>(coreKinds.nodes, 'apart', (node) => node.spec.taints?.length === 2);
  expect(spec.taints?.map(({ key, effect }) => `${key}:${effect}`).sort()).toEqual([
    'node.kubernetes.io/not-ready:NoExecute',
    'node.kubernetes.io/not-ready:NoSchedule',
  ]);
});

it('what the taints of a node say when it comes is found out anew', async () => {
  const taints = ['unreachable', 'not-ready'].map((key) => ({ key: `node.kubernetes.io/${key}`, effect: 'NoExecute' }));
  await nodes().create({ metadata: { name: 'unheard-of' }, spec: { taints } });
  // One look, at which somebody is well: it is not that nobody can be reached.
  await beat('well');
  await clock.advance(5_000);
  const untainted = async () => (await nodes().get('unheard-of')).spec.taints?.some(({ effect }) => effect === 'NoExecute') !== true;
  await expect.poll(untainted, { interval: 10, timeout: 60_000 }).toBe(true);
});

it('nodes of a zone are not tainted before it is known that it fails in part', async () => {
  const names = ['a', 'b', 'c', 'd'].map((name) => `partial-${name}`);
  const labels = { 'topology.kubernetes.io/zone': 'partial' };
  for (const name of names) await nodes().create({ metadata: { name, labels }, spec: {} });
  for (const name of names) await beat(name);
  // They are seen to be well.
  await clock.advance(6_000);
  gates.close('watch nodes');
  const ready = { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: '' };
  for (const name of names.slice(1)) {
    await nodes().patch(name, { status: { conditions: [ready] } }, { type: 'strategic', subresource: 'status' });
  }
  gates.openAll();
  for (const name of names.slice(1)) await plane.eventually<Node>(coreKinds.nodes, name, ({ spec }) => spec.taints?.length === 1);
  for (let looks = 0; looks < 4; looks++) await clock.advance(5_000);
  const { items } = await nodes().list({ labelSelector: 'topology.kubernetes.io/zone=partial' });
  expect(items.flatMap(({ spec }) => spec.taints ?? []).filter(({ effect }) => effect === 'NoExecute')).toEqual([]);
});
