import { describe, expect, it } from 'vitest';
import { podInfoOf } from '../state/pod-info.ts';
import { aNode, aPod, type NodeBuilder, type PodBuilder } from '../testing/builders.ts';
import { Placement } from '../testing/placement.ts';
import { feasibleNodesWanted } from './find-node.ts';

const place = (pod: PodBuilder, nodes: readonly NodeBuilder[], running: readonly PodBuilder[] = []): string =>
  new Placement().with(nodes, running).nodeFor(pod);

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
      '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.',
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
    const placement = new Placement().with(Array.from({ length: 500 }, (_, i) => aNode(`n${i}`)));
    const find = (name: string) => placement.find(podInfoOf(aPod(name).build())).nextStart;
    expect(find('p')).toBe(feasibleNodesWanted(500));
    expect(find('q')).toBe((2 * feasibleNodesWanted(500)) % 500);
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
