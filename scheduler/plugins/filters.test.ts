import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/index.ts';
import { readConfiguration } from '../config/read-configuration.ts';
import { aNode, aPod } from '../testing/builders.ts';
import { affinity, type Case, inZone, namespaces, none, placement, spread, web } from '../testing/cases.ts';
import { Placement } from '../testing/placement.ts';

describe('where pods may go', () => {
  const cases: [string, string, Case][] = [
    [
      'near a pod it needs',
      'b',
      {
        pod: aPod('p').with({ affinity: affinity('podAffinity', 'web') }),
        nodes: [inZone('a', 'x'), inZone('b', 'y')],
        running: [web('w').on('b')],
      },
    ],
    [
      'in the area, not only on the node',
      'b',
      {
        pod: aPod('p')
          .requests('3', '1Gi')
          .with({ affinity: affinity('podAffinity', 'web') }),
        nodes: [inZone('a', 'x'), inZone('b', 'x')],
        running: [web('w').on('a').requests('2', '1Gi')],
      },
    ],
    [
      'nowhere when it needs a pod that is not there',
      none("node(s) didn't match pod affinity rules"),
      { pod: aPod('p').with({ affinity: affinity('podAffinity', 'web') }), nodes: [inZone('a', 'x')] },
    ],
    [
      'anywhere when it is the first of its own kind',
      'a',
      { pod: web('p').with({ affinity: affinity('podAffinity', 'web') }), nodes: [inZone('a', 'x')] },
    ],
    [
      'but not where the label is missing',
      none("node(s) didn't match pod affinity rules"),
      { pod: web('p').with({ affinity: affinity('podAffinity', 'web') }), nodes: [aNode('a')] },
    ],
    [
      'away from a pod it shuns',
      'b',
      {
        pod: aPod('p').with({ affinity: affinity('podAntiAffinity', 'web') }),
        nodes: [inZone('a', 'x'), inZone('b', 'y')],
        running: [web('w').on('a')],
      },
    ],
    [
      'nowhere when such pods are in every area',
      none("node(s) didn't match pod anti-affinity rules"),
      { pod: aPod('p').with({ affinity: affinity('podAntiAffinity', 'web') }), nodes: [inZone('a', 'x')], running: [web('w').on('a')] },
    ],
    [
      'where the label is missing, nobody is in the way',
      'a',
      { pod: aPod('p').with({ affinity: affinity('podAntiAffinity', 'web') }), nodes: [aNode('a')], running: [web('w').on('a')] },
    ],
    [
      'not near a pod that shuns it',
      none("node(s) didn't satisfy existing pods anti-affinity rules"),
      {
        pod: web('p'),
        nodes: [inZone('a', 'x')],
        running: [
          aPod('w')
            .on('a')
            .with({ affinity: affinity('podAntiAffinity', 'web') }),
        ],
      },
    ],
    [
      'a term means its own namespace',
      'a',
      {
        pod: aPod('p').with({ affinity: affinity('podAntiAffinity', 'web') }),
        nodes: [inZone('a', 'x')],
        running: [web('w').in('other').on('a')],
      },
    ],
    [
      'or those it names',
      none("node(s) didn't match pod anti-affinity rules"),
      {
        pod: aPod('p').with({ affinity: affinity('podAntiAffinity', 'web', 'zone', { namespaces: ['other'] }) }),
        nodes: [inZone('a', 'x')],
        running: [web('w').in('other').on('a')],
      },
    ],
    [
      'or selects',
      none("node(s) didn't match pod anti-affinity rules"),
      {
        pod: aPod('p').with({
          affinity: affinity('podAntiAffinity', 'web', 'zone', { namespaceSelector: { matchLabels: { team: 'a' } } }),
        }),
        nodes: [inZone('a', 'x')],
        running: [web('w').on('a')],
        objects: { namespaces },
      },
    ],
    [
      'an empty selector of namespaces means all',
      none("node(s) didn't match pod anti-affinity rules"),
      {
        pod: aPod('p').with({ affinity: affinity('podAntiAffinity', 'web', 'zone', { namespaceSelector: {} }) }),
        nodes: [inZone('a', 'x')],
        running: [web('w').in('other').on('a')],
      },
    ],

    ['where fewer are', 'b', { pod: web('p').with(spread()), nodes: [inZone('a', 'x'), inZone('b', 'y')], running: [web('w').on('a')] }],
    [
      'nowhere when the emptier area is full',
      "0/2 nodes are available: 1 Too many pods, 1 node(s) didn't match pod topology spread constraints.",
      { pod: web('p').with(spread()), nodes: [inZone('a', 'x'), inZone('b', 'y').holding(0)], running: [web('w').on('a')] },
    ],
    [
      'not where the label is missing',
      none("node(s) didn't match pod topology spread constraints (missing required label)"),
      { pod: web('p').with(spread()), nodes: [aNode('a')] },
    ],
    [
      'too few areas count as an empty one',
      none("node(s) didn't match pod topology spread constraints"),
      { pod: web('p').with(spread({ minDomains: 2 })), nodes: [inZone('a', 'x')], running: [web('w').on('a')] },
    ],
    [
      'pods that go do not count',
      'a',
      { pod: web('p').with(spread()), nodes: [inZone('a', 'x'), inZone('b', 'y').holding(0)], running: [web('w').on('a').going()] },
    ],
    [
      'nor do those of other namespaces',
      'a',
      { pod: web('p').with(spread()), nodes: [inZone('a', 'x'), inZone('b', 'y').holding(0)], running: [web('w').in('other').on('a')] },
    ],
    [
      'nodes that do not suit do not count',
      'a',
      {
        pod: web('p').selecting({ pool: 'p' }).with(spread()),
        nodes: [inZone('a', 'x').labelled({ pool: 'p' }), inZone('b', 'y')],
        running: [web('w').on('a')],
      },
    ],
    [
      'unless the policy says so',
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't match pod topology spread constraints.",
      {
        pod: web('p')
          .selecting({ pool: 'p' })
          .with(spread({ nodeAffinityPolicy: 'Ignore' })),
        nodes: [inZone('a', 'x').labelled({ pool: 'p' }), inZone('b', 'y')],
        running: [web('w').on('a')],
      },
    ],
    [
      'tainted nodes count',
      "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) had untolerated taint(s).",
      {
        pod: web('p').with(spread()),
        nodes: [inZone('a', 'x'), inZone('b', 'y').tainted('k', 'v', 'NoSchedule')],
        running: [web('w').on('a')],
      },
    ],
    [
      'unless the policy says not',
      'a',
      {
        pod: web('p').with(spread({ nodeTaintsPolicy: 'Honor' })),
        nodes: [inZone('a', 'x'), inZone('b', 'y').tainted('k', 'v', 'NoSchedule')],
        running: [web('w').on('a')],
      },
    ],

    [
      'extended resources are counted',
      none('Insufficient example.com/gpu'),
      {
        pod: aPod('p').asking({ 'example.com/gpu': '2' }),
        nodes: [aNode('a').offering({ 'example.com/gpu': '2' })],
        running: [aPod('w').on('a').asking({ 'example.com/gpu': '1' })],
      },
    ],
    [
      'but not those the configuration ignores',
      'a',
      {
        pod: aPod('p').asking({ 'example.com/gpu': '2' }),
        nodes: [aNode('a')],
        args: { NodeResourcesFit: { ignoredResources: ['example.com/gpu'] } },
      },
    ],
    [
      'nor those of an ignored group',
      'a',
      {
        pod: aPod('p').asking({ 'example.com/gpu': '2' }),
        nodes: [aNode('a')],
        args: { NodeResourcesFit: { ignoredResourceGroups: ['example.com'] } },
      },
    ],
    [
      'init containers count by the largest',
      none('Insufficient cpu'),
      {
        pod: aPod('p')
          .requests('1', '1Gi')
          .with({ initContainers: [{ name: 'i', image: 'i', resources: { requests: { cpu: '5' } } }] } as Partial<Pod['spec']>),
        nodes: [aNode('a')],
      },
    ],
    [
      'sidecars are added up',
      none('Insufficient cpu'),
      {
        pod: aPod('p')
          .requests('2', '1Gi')
          .with({ initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Always', resources: { requests: { cpu: '3' } } }] } as Partial<
            Pod['spec']
          >),
        nodes: [aNode('a')],
      },
    ],
    [
      'so is the overhead',
      none('Insufficient cpu'),
      {
        pod: aPod('p')
          .requests('2', '1Gi')
          .with({ overhead: { cpu: '3' } }),
        nodes: [aNode('a')],
      },
    ],
    [
      'resources of the pod as a whole go first',
      none('Insufficient cpu'),
      {
        pod: aPod('p')
          .requests('1', '1Gi')
          .with({ resources: { requests: { cpu: '5' } } }),
        nodes: [aNode('a')],
      },
    ],
    [
      'only extended resources can be ignored',
      none('Insufficient hugepages-2Mi'),
      {
        pod: aPod('p').asking({ 'hugepages-2Mi': '2Mi', 'example.com/gpu': '1' }),
        nodes: [aNode('a')],
        args: { NodeResourcesFit: { ignoredResources: ['hugepages-2Mi', 'example.com/gpu'] } },
      },
    ],
    [
      'what is no integer of 64 bits is not more than anything',
      none("node(s) didn't match Pod's node affinity/selector"),
      {
        pod: aPod('p').with({
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'size', operator: 'Gt', values: ['1'] }] }],
              },
            },
          },
        }),
        nodes: [aNode('a').labelled({ size: '9223372036854775808' })],
      },
    ],
    [
      'terms that name different nodes are none',
      '0/1 nodes are available: pod affinity terms conflict.',
      { pod: aPod('p').onlyOn('a', 'b'), nodes: [aNode('a')] },
    ],
    [
      'a node that is not there',
      "0/1 nodes are available: 1 node(s) didn't satisfy plugin(s) [NodeAffinity].",
      { pod: aPod('p').onlyOn('z'), nodes: [aNode('a')] },
    ],
  ];
  it.each(cases)('%s', (_, expected, given) => {
    expect(placement(given).nodeFor(given.pod)).toBe(expected);
  });
});

describe('constraints that the configuration gives to pods without their own', () => {
  const args = {
    defaultingType: 'List',
    defaultConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' }],
  };
  const configuration = readConfiguration({ profiles: [{ pluginConfig: [{ name: 'PodTopologySpread', args }] }] }, '.');
  const metaOf = (name: string) => ({ name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' });
  const service = { metadata: metaOf('web'), spec: { selector: { app: 'web' } } };
  const replicaSet = { metadata: metaOf('web-1'), spec: { selector: { matchLabels: { app: 'web' } } } };
  const replica = (name: string) =>
    aPod(name)
      .labelled({ app: 'web' })
      .preferring('kubernetes.io/hostname', 'a', 100)
      .ownedBy({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u', controller: true });

  it.each<[string, Case['objects']]>([
    ['of a Service', { services: [service] }],
    ['of a ReplicaSet', { replicasets: [replicaSet] }],
    ['of a ReplicaSet behind a Service, which select by the same label', { services: [service], replicasets: [replicaSet] }],
  ])('spread the pods %s from the first one on', (_, objects) => {
    const nodes = ['a', 'b', 'c'].map((name) => aNode(name).labelled({ 'kubernetes.io/hostname': name }));
    const made = new Placement({ objects, configuration }).with(nodes);
    const chosen = ['p0', 'p1', 'p2'].map((name) => {
      const node = made.nodeFor(replica(name));
      made.cache.addPod(replica(name).on(node).build());
      return node;
    });
    expect(chosen.sort()).toEqual(['a', 'b', 'c']);
  });
});
