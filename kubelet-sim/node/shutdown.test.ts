import { expect, test } from 'vitest';
import { coreKinds, type Event, type Node } from '../../api/index.ts';
import { Cluster } from '../../test/support/simulated-nodes.ts';
import { aPod } from '../testing/builders.ts';
import { groupsOf, periodsOf } from './shutdown.ts';

const STUBBORN = { image: 'busybox', command: ['sh', '-c', 'sleep 3600'] };

test('a node that is shut down lets its pods end, and takes no more; one that ended with 0 was called Failed', async () => {
  await using cluster = await Cluster.start();
  const sim = await cluster.nodes();
  await Promise.all([cluster.createPod('web'), cluster.createPod('stubborn', STUBBORN, { terminationGracePeriodSeconds: 2 })]);
  for (const name of ['web', 'stubborn']) await cluster.until('it runs', async () => (await cluster.pod(name))?.status.phase === 'Running');
  const done = sim.agents.get('node-1')?.shutdown.begin(periodsOf(20, 10));
  const message = 'Pod was terminated in response to imminent node shutdown.';
  const failed = () => cluster.pod('stubborn').then((pod) => pod?.status.reason === 'Terminated' && pod.status.message === message);
  await cluster.until('one has failed', failed);
  const { status } = (await cluster.pod('web')) ?? {};
  expect([status?.phase, status?.reason]).toEqual(['Succeeded', undefined]);
  expect(status?.conditions?.[0]).toMatchObject({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message });
  await cluster.createPod('late');
  const refusal = 'Pod was rejected: Pod was rejected as the node is shutting down.';
  await cluster.until('a new one is refused', async () => (await cluster.pod('late'))?.status.message === refusal);
  await cluster.clock.advance(1000);
  await done;
});

test('a shutdown that is taken back goes on to its end; then the node takes pods again', async () => {
  await using cluster = await Cluster.start();
  const sim = await cluster.nodes();
  const agent = sim.agents.get('node-1');
  await cluster.createPod('stubborn', STUBBORN, { terminationGracePeriodSeconds: 2 });
  const phase = async (name: string) => (await cluster.pod(name))?.status.phase;
  await cluster.until('it runs', async () => (await phase('stubborn')) === 'Running');
  const node = cluster.admin.resource<Node>(coreKinds.nodes);
  const annotate = (shutdown: string | null) =>
    node.patch('node-1', { metadata: { annotations: { 'simulation.nanokube.io/shutdown': shutdown } } }, { type: 'merge' });
  const ready = async () => (await node.get('node-1')).status?.conditions?.find(({ type }) => type === 'Ready')?.message;
  await annotate('0=20s,1000=5s');
  await cluster.until('the node says so', async () => (await ready()) === 'node is shutting down');
  await annotate(null);
  await cluster.until('the pod has ended', async () => (await phase('stubborn')) === 'Failed');
  await cluster.until('pods are taken again', () => Promise.resolve(agent?.shutdown.isShut === false));
  await cluster.createPod('late');
  await cluster.until('a new one runs', async () => (await phase('late')) === 'Running');
  await cluster.clock.advance(10_000);
  await cluster.until('the node is ready', async () => (await ready()) === 'kubelet is posting ready status');
  const told = await cluster.admin.resource<Event>(coreKinds.events).list({ namespace: 'default' });
  expect(told.items.filter(({ reason }) => reason === 'Shutdown').map(({ message }) => message)).toEqual([
    'Shutdown manager detected shutdown event',
    'Shutdown manager detected shutdown cancellation',
  ]);
});

// Upstream's Test_groupByPriority.
test('pods end with the group of the highest priority that is not above their own; those below all, with the lowest', () => {
  const pods = [0, 999, 1000, 1001, 2_000_000_000, -5].map((priority) => ({ pod: aPod({ priority }) }));
  const priorities = (periods: Parameters<typeof groupsOf>[1]) =>
    groupsOf(pods, periods).map(({ members }) => members.map(({ pod }) => pod.spec.priority));
  expect(priorities(periodsOf(30, 10))).toEqual([[0, 999, 1000, 1001, -5], [2_000_000_000]]);
  expect(
    priorities([
      { priority: 1001, seconds: 1 },
      { priority: 10, seconds: 2 },
      { priority: 1000, seconds: 3 },
    ]),
  ).toEqual([[0, 999, -5], [1000], [1001, 2_000_000_000]]);
});
