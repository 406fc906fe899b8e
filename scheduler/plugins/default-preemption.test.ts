import { describe, expect, it } from 'vitest';
import type { SimulatedPlacement } from '../simulation/simulation.ts';
import { podInfoOf } from '../state/pod-info.ts';
import { aNode, aPod } from '../testing/builders.ts';
import { type Case, none, placement } from '../testing/cases.ts';

describe('preemption', () => {
  const place = (given: Case): SimulatedPlacement => placement(given).place(given.pod.build());
  const low = (name: string, node: string) => aPod(name).on(node).requests('3', '1Gi');
  const high = aPod('p').priority(10).requests('3', '1Gi');

  it('takes the place of the less important', () => {
    expect(place({ pod: high, nodes: [aNode('a')], running: [low('w', 'a')] })).toMatchObject({
      nominatedNodeName: 'a',
      victims: ['default/w'],
    });
  });

  const cases: [string, string, Case][] = [
    [
      'finds nobody less important',
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
      { pod: aPod('p').requests('3', '1Gi'), nodes: [aNode('a')], running: [low('w', 'a')] },
    ],
    [
      'would not help',
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
      { pod: aPod('p').priority(10).requests('30', '1Gi'), nodes: [aNode('a')], running: [low('w', 'a')] },
    ],
    [
      'would not be enough',
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: 1 Insufficient cpu, 1 Preemption is not helpful for scheduling.',
      {
        pod: high,
        nodes: [aNode('a'), aNode('b').cordoned()],
        running: [low('w', 'a').priority(10), aPod('v').on('a').requests('500m', '1Gi')],
      },
    ],
    [
      'is not wanted',
      '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
      {
        pod: aPod('p').priority(10).requests('3', '1Gi').with({ preemptionPolicy: 'Never' }),
        nodes: [aNode('a')],
        running: [low('w', 'a')],
      },
    ],
  ];
  it.each(cases)('%s', (_, message, given) => {
    expect(place(given)).toMatchObject({ message });
  });

  it('chooses the node whose pods are missed least', () => {
    const nodes = [aNode('a'), aNode('b'), aNode('c')];
    const running = [low('x', 'a').priority(5), low('y', 'b').priority(1), low('z', 'c').priority(3)];
    expect(place({ pod: high, nodes, running })).toMatchObject({ nominatedNodeName: 'b' });
  });

  it('leaves room that is planned for others to them', () => {
    const made = placement({ pod: high, nodes: [aNode('a')] });
    made.nominator.set(podInfoOf(aPod('planned').priority(20).requests('3', '1Gi').build()), 'a');
    expect(made.nodeFor(high)).toBe(none('Insufficient cpu'));
    expect(made.nodeFor(aPod('q').priority(30).requests('3', '1Gi'))).toBe('a');
  });
});
