import { describe, expect, it } from 'vitest';
import type { KubeObject, Live } from '../../api/index.ts';
import { aNode, aPod } from '../testing/builders.ts';
import { affinity, type Case, inZone, prefers, scores, spread, web } from '../testing/cases.ts';

describe('how well pods fit', () => {
  const big = aPod('p').requests('1', '2Gi');
  const cases: [string, string, Record<string, number> | undefined, Case][] = [
    [
      'the emptier the better',
      'NodeResourcesFit',
      { a: 75, b: 50 },
      { pod: big, nodes: [aNode('a'), aNode('b')], running: [aPod('w').on('b').requests('1', '2Gi')] },
    ],
    [
      'or the fuller, if the configuration says so',
      'NodeResourcesFit',
      { a: 25, b: 50 },
      {
        pod: big,
        nodes: [aNode('a'), aNode('b')],
        running: [aPod('w').on('b').requests('1', '2Gi')],
        args: { NodeResourcesFit: { scoringStrategy: { type: 'MostAllocated' } } },
      },
    ],
    [
      'or by a curve',
      'NodeResourcesFit',
      { a: 25 },
      {
        pod: big,
        nodes: [aNode('a')],
        args: {
          NodeResourcesFit: {
            scoringStrategy: {
              type: 'RequestedToCapacityRatio',
              requestedToCapacityRatio: {
                shape: [
                  { utilization: 0, score: 0 },
                  { utilization: 100, score: 10 },
                ],
              },
            },
          },
        },
      },
    ],
    [
      'weights count',
      'NodeResourcesFit',
      { a: 66 },
      {
        pod: aPod('p').requests('2', '2Gi'),
        nodes: [aNode('a')],
        args: {
          NodeResourcesFit: {
            scoringStrategy: {
              type: 'LeastAllocated',
              resources: [{ name: 'cpu' }, { name: 'memory', weight: 2 }],
            },
          },
        },
      },
    ],
    ['what asks for nothing counts a little', 'NodeResourcesFit', { a: 97 }, { pod: aPod('p'), nodes: [aNode('a')] }],
    [
      'cpu and memory used alike',
      'NodeResourcesBalancedAllocation',
      { a: 100, b: 75 },
      { pod: big, nodes: [aNode('a'), aNode('b')], running: [aPod('w').on('b').requests('2', '0')] },
    ],
    [
      'of a pod that asks for nothing, nothing is said',
      'NodeResourcesBalancedAllocation',
      undefined,
      { pod: aPod('p'), nodes: [aNode('a'), aNode('b')] },
    ],
    [
      'taints it would rather not have',
      'TaintToleration',
      { a: 100, b: 50, c: 0 },
      {
        pod: aPod('p'),
        nodes: [
          aNode('a'),
          aNode('b').tainted('k', 'v', 'PreferNoSchedule'),
          aNode('c').tainted('k', 'v', 'PreferNoSchedule').tainted('l', 'v', 'PreferNoSchedule'),
        ],
      },
    ],
    [
      'near pods it likes',
      'InterPodAffinity',
      { a: 100, b: 0 },
      {
        pod: aPod('p').with({ affinity: prefers('podAffinity', 'web', 10) }),
        nodes: [inZone('a', 'x'), inZone('b', 'y')],
        running: [web('w').on('a')],
      },
    ],
    [
      'far from pods it dislikes',
      'InterPodAffinity',
      { a: 0, b: 100 },
      {
        pod: aPod('p').with({ affinity: prefers('podAntiAffinity', 'web', 10) }),
        nodes: [inZone('a', 'x'), inZone('b', 'y')],
        running: [web('w').on('a')],
      },
    ],
    [
      'near pods that like it',
      'InterPodAffinity',
      { a: 100, b: 0 },
      {
        pod: web('p'),
        nodes: [inZone('a', 'x'), inZone('b', 'y')],
        running: [
          aPod('w')
            .on('a')
            .with({ affinity: prefers('podAffinity', 'web', 1) }),
        ],
      },
    ],
    [
      'near pods that need it',
      'InterPodAffinity',
      { a: 100, b: 0 },
      {
        pod: web('p'),
        nodes: [inZone('a', 'x'), inZone('b', 'y')],
        running: [
          aPod('w')
            .on('a')
            .with({ affinity: affinity('podAffinity', 'web') }),
        ],
      },
    ],
    [
      'unless that counts for nothing',
      'InterPodAffinity',
      undefined,
      {
        pod: web('p'),
        nodes: [inZone('a', 'x'), inZone('b', 'y')],
        running: [
          aPod('w')
            .on('a')
            .with({ affinity: affinity('podAffinity', 'web') }),
        ],
        args: { InterPodAffinity: { hardPodAffinityWeight: 0 } },
      },
    ],
    [
      'what others like is ignored if the configuration says so',
      'InterPodAffinity',
      undefined,
      {
        pod: web('p'),
        nodes: [inZone('a', 'x'), inZone('b', 'y')],
        running: [
          aPod('w')
            .on('a')
            .with({ affinity: prefers('podAffinity', 'web', 1) }),
        ],
        args: { InterPodAffinity: { ignorePreferredTermsOfExistingPods: true } },
      },
    ],
    [
      'in the same hundredths as upstream, which divides first',
      'InterPodAffinity',
      { a: 0, b: 28, c: 100 },
      {
        pod: aPod('p').with({
          affinity: {
            podAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                ...(prefers('podAffinity', 'some', 29)?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
                ...(prefers('podAffinity', 'more', 100)?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
              ],
            },
          },
        }),
        nodes: [inZone('a', 'x'), inZone('b', 'y'), inZone('c', 'z')],
        running: [aPod('v').labelled({ app: 'some' }).on('b'), aPod('w').labelled({ app: 'more' }).on('c')],
      },
    ],
    [
      'spread',
      'PodTopologySpread',
      { a: 0, b: 100 },
      {
        pod: web('p').with(spread({ whenUnsatisfiable: 'ScheduleAnyway' })),
        nodes: [inZone('a', 'x'), inZone('b', 'y')],
        running: [web('w').on('a')],
      },
    ],
    [
      'nodes without the label get nothing',
      'PodTopologySpread',
      { a: 100, b: 0 },
      { pod: web('p').with(spread({ whenUnsatisfiable: 'ScheduleAnyway' })), nodes: [inZone('a', 'x'), aNode('b')] },
    ],
  ];
  it.each(cases)('%s', (_, plugin, expected, given) => {
    expect(scores(plugin, given)).toEqual(expected);
  });

  it('where the images are, the more so the more nodes have them', () => {
    const image = { names: ['registry/app:latest'], sizeBytes: 600 * 1024 * 1024 };
    const given: Case = { pod: aPod('p').of('registry/app'), nodes: [aNode('a').having(image), aNode('b')] };
    expect(scores('ImageLocality', given)).toEqual({ a: 28, b: 0 });
  });

  it('where the images are, and nothing for pods that ask for nothing, where PreScore is disabled', () => {
    const image = { names: ['registry/app:latest'], sizeBytes: 600 * 1024 * 1024 };
    const nodes = [aNode('a').having(image), aNode('b')];
    const alone = (name: string) => ({
      preScore: { disabled: [{ name: '*' }] },
      score: { disabled: [{ name: '*' }], enabled: [{ name }] },
    });
    expect(scores('ImageLocality', { pod: aPod('p').of('registry/app'), nodes, plugins: alone('ImageLocality') })).toEqual({ a: 28, b: 0 });
    expect(scores('ImageLocality', { pod: aPod('p').of('other'), nodes, plugins: alone('ImageLocality') })).toEqual({ a: 0, b: 0 });
    const balanced = 'NodeResourcesBalancedAllocation';
    expect(scores(balanced, { pod: aPod('p'), nodes, plugins: alone(balanced) })).toEqual({ a: 0, b: 0 });
  });

  it('an image is as large for all nodes as the first of them says', () => {
    const image = (sizeMb: number) => ({ names: ['registry/app:latest'], sizeBytes: sizeMb * 1024 * 1024 });
    const given: Case = {
      pod: aPod('p').of('registry/app'),
      nodes: [aNode('a').having(image(600)), aNode('b').having(image(30)), aNode('c')],
    };
    expect(scores('ImageLocality', given)).toEqual({ a: 38, b: 38, c: 0 });
  });

  it('of services, controllers and the cluster’s defaults a pod without constraints is spread', () => {
    const meta = { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
    const services = [
      { apiVersion: 'v1', kind: 'Service', metadata: meta, spec: { selector: { app: 'web' } } },
    ] as unknown as Live<KubeObject>[];
    const given: Case = { pod: web('p'), nodes: [aNode('a'), aNode('b')], running: [web('w').on('a')], objects: { services } };
    expect(scores('PodTopologySpread', given)).toEqual({ a: 66, b: 100 });
    expect(scores('PodTopologySpread', { ...given, objects: {} })).toBeUndefined();
  });

  it('what others call a StatefulSet says nothing of which pods belong together', () => {
    const meta = { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
    const statefulsets = [
      { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: meta, spec: { selector: { matchLabels: { app: 'web' } } } },
    ] as unknown as Live<KubeObject>[];
    const owned = (apiVersion: string) =>
      scores('PodTopologySpread', {
        pod: web('p').ownedBy({ apiVersion, kind: 'StatefulSet', name: 'web', uid: 'u', controller: true }),
        nodes: [aNode('a'), aNode('b')],
        running: [web('w').on('a')],
        objects: { statefulsets },
      });
    expect(owned('apps/v1')).toEqual({ a: 66, b: 100 });
    expect(owned('apps.example.com/v1')).toBeUndefined();
  });
});
