import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../client/index.ts';
import { seededRandom, VirtualClock } from '../runtime/index.ts';
import { aNode, aPod, type NodeBuilder, type PodBuilder } from './builders.test-support.ts';
import { SchedulerCache } from './cache.ts';
import { defaultProfile } from './default-profile.ts';
import { feasibleNodesWanted, findNode } from './find-node.ts';
import { fitMessage } from './fit-error.ts';
import { podInfoOf } from './pod-info.ts';

const noClient = { resource: () => ({}) } as unknown as ApiClient;
const profile = defaultProfile(noClient);

function place(pod: PodBuilder, nodes: readonly NodeBuilder[], running: readonly PodBuilder[] = []): string {
  const cache = new SchedulerCache(new VirtualClock());
  for (const node of nodes) cache.setNode(node.build());
  for (const other of running) cache.addPod(other.build());
  const found = findNode(podInfoOf(pod.build()), { profile, snapshot: cache, random: seededRandom(1), startIndex: 0 });
  return found.node ? found.node.name : fitMessage(found.diagnosis);
}

describe('where a pod goes', () => {
  const cases: [string, PodBuilder, NodeBuilder[], PodBuilder[], string][] = [
    ['the emptiest node', aPod('p').requests('100m', '64Mi'), [aNode('a'), aNode('b')], [aPod('x').on('a').requests('2', '4Gi')], 'b'],
    ['not a cordoned node', aPod('p'), [aNode('a').cordoned()], [], '0/1 nodes are available: 1 node(s) were unschedulable.'],
    [
      'a cordoned node, tolerated',
      aPod('p').tolerating({ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }),
      [aNode('a').cordoned()],
      [],
      'a',
    ],
    [
      'not past a taint; each reason is counted',
      aPod('p').requests('8', '1Gi'),
      [aNode('a').tainted('k', 'v', 'NoSchedule'), aNode('b'), aNode('c')],
      [],
      '0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 2 Insufficient cpu.',
    ],
    ['away from PreferNoSchedule', aPod('p'), [aNode('a').tainted('k', 'v', 'PreferNoSchedule'), aNode('b')], [], 'b'],
    ['where the labels are', aPod('p').selecting({ disktype: 'ssd' }), [aNode('a'), aNode('b').labelled({ disktype: 'ssd' })], [], 'b'],
    [
      'nowhere without the label',
      aPod('p').selecting({ disktype: 'ssd' }),
      [aNode('a'), aNode('b')],
      [],
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'where it prefers',
      aPod('p').preferring('zone', 'b', 10),
      [aNode('a').labelled({ zone: 'a' }), aNode('b').labelled({ zone: 'b' })],
      [],
      'b',
    ],
    ['to the named node only', aPod('p').onlyOn('b'), [aNode('a'), aNode('b')], [], 'b'],
    [
      'not on a taken port',
      aPod('p').hostPort(80),
      [aNode('a')],
      [aPod('x').on('a').hostPort(80)],
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    ],
    ['not on a full node', aPod('p'), [aNode('a').holding(1)], [aPod('x').on('a')], '0/1 nodes are available: 1 Too many pods.'],
    [
      'all that is short is said',
      aPod('p').requests('100', '1Ti'),
      [aNode('a')],
      [],
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
    ],
  ];
  it.each(cases)('%s', (...[, pod, nodes, running, expected]) => {
    expect(place(pod, nodes, running)).toBe(expected);
  });

  it('rotates through the nodes, so that the first are not always asked first', () => {
    const cache = new SchedulerCache(new VirtualClock());
    for (let i = 0; i < 500; i++) cache.setNode(aNode(`n${i}`).build());
    const first = findNode(podInfoOf(aPod('p').build()), { profile, snapshot: cache, random: seededRandom(1), startIndex: 0 });
    expect(first.nextStart).toBe(feasibleNodesWanted(500));
    const second = findNode(podInfoOf(aPod('q').build()), {
      profile,
      snapshot: cache,
      random: seededRandom(1),
      startIndex: first.nextStart,
    });
    expect(second.nextStart).toBe((2 * feasibleNodesWanted(500)) % 500);
  });

  it.each([
    [50, 50],
    [100, 100],
    [500, 230],
    [1000, 420],
    [5000, 500],
    [6000, 300],
  ])('of %i nodes, %i that fit are enough', (nodes, wanted) => {
    expect(feasibleNodesWanted(nodes)).toBe(wanted);
  });
});

describe('the cache', () => {
  it('counts an assumed pod, and forgets it when the binding fails', () => {
    const cache = new SchedulerCache(new VirtualClock());
    cache.setNode(aNode('a').build());
    const info = podInfoOf(aPod('p').requests('500m', '1Gi').build());
    cache.assume(info, 'a');
    expect(cache.get('a')?.requested.milliCpu).toBe(500);
    cache.forget(info.uid);
    expect(cache.get('a')?.requested.milliCpu).toBe(0);
  });

  it('counts a pod once when the watch shows what was assumed', () => {
    const cache = new SchedulerCache(new VirtualClock());
    cache.setNode(aNode('a').build());
    const pod = aPod('p').requests('500m', '1Gi');
    cache.assume(podInfoOf(pod.build()), 'a');
    cache.addPod(pod.on('a').build());
    expect(cache.get('a')?.requested.milliCpu).toBe(500);
    cache.removePod(pod.build().metadata.uid);
    expect(cache.get('a')?.requested.milliCpu).toBe(0);
  });

  it('gives up an assumed pod that was never seen bound', () => {
    const clock = new VirtualClock();
    const cache = new SchedulerCache(clock);
    cache.setNode(aNode('a').build());
    const info = podInfoOf(aPod('p').build());
    cache.assume(info, 'a');
    cache.finishBinding(info.uid);
    expect(cache.expireAssumed(clock.now())).toBe(0);
    expect(cache.expireAssumed(clock.now() + 3_600_000)).toBe(1);
    expect(cache.podCount).toBe(0);
  });

  it('remembers pods of a node that comes back', () => {
    const cache = new SchedulerCache(new VirtualClock());
    const node = aNode('a').build();
    cache.addPod(aPod('p').on('a').requests('1', '1Gi').build());
    expect(cache.nodes).toEqual([]);
    cache.setNode(node);
    expect(cache.get('a')?.requested.milliCpu).toBe(1000);
    cache.removeNode('a');
    expect(cache.get('a')).toBeUndefined();
    cache.setNode(node);
    expect(cache.get('a')?.pods.size).toBe(1);
  });
});
