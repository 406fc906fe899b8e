import { affinityTo, apart, cpu, NOT_READY, near, node, pod, podTerm, running, spread, type Thing, taints, tolerating } from './things.ts';

/** A change, and whom it helps. */
export interface Row {
  /** What takes part, beside what every scheduler needs. */
  readonly plugins: readonly string[];
  readonly before: readonly Thing[];
  /** Pods that fit nowhere then. */
  readonly pods: readonly Thing[];
  /** What is put in, or changed. */
  readonly put?: readonly Thing[];
  readonly remove?: readonly Thing[];
  readonly again: readonly string[];
}

const plain = node('n', { node: 'n' });
const few = node('n', {}, { cpu: '2' });
const two = (key1: string, key2: string): Thing[] => [
  running('one', 'n', { labels: { [key1]: 'val' } }),
  running('other', 'n', { labels: { [key2]: 'val' } }),
];

/** What nodes and pods change. */
export const ROWS: Readonly<Record<string, Row>> = {
  'TaintToleration: room does not help who does not tolerate': {
    plugins: ['TaintToleration', 'NodeResourcesFit'],
    before: [node('n', {}, { cpu: '2', ...taints(NOT_READY) })],
    pods: [pod('p1', cpu('4')), pod('p2', { ...cpu('4'), ...tolerating(NOT_READY) })],
    put: [node('n', {}, { cpu: '4', ...taints(NOT_READY) })],
    again: ['p2'],
  },
  'TaintToleration: a pod gets a toleration': {
    plugins: ['TaintToleration'],
    before: [node('n', {}, taints('taint-key'))],
    pods: [pod('p1'), pod('p2')],
    put: [pod('p1', tolerating('taint-key'))],
    again: ['p1'],
  },
  'TaintToleration: a taint becomes another': {
    plugins: ['TaintToleration'],
    before: [node('n', {}, taints(NOT_READY))],
    pods: [pod('p1', tolerating('taint-key')), pod('p2', tolerating('taint-key2')), pod('p3')],
    put: [node('n', {}, taints('taint-key'))],
    again: ['p1'],
  },
  'TaintToleration: a node comes whose taint is tolerated': {
    plugins: ['TaintToleration'],
    before: [node('n', {}, taints(NOT_READY))],
    pods: [pod('p1', tolerating('taint-key')), pod('p2')],
    put: [node('n2', {}, taints('taint-key'))],
    again: ['p1'],
  },
  'TaintToleration: a pod gets a label': {
    plugins: ['TaintToleration'],
    before: [node('n', {}, taints(NOT_READY))],
    pods: [pod('p1')],
    put: [pod('p1', { labels: { key: 'val' } })],
    again: [],
  },
  'NodeAffinity: a node loses a taint, which whoever waits for nodes hears of': {
    plugins: ['NodeAffinity'],
    before: [node('n', { group: 'a' }, taints('taint-key'))],
    pods: [pod('p1', { spec: { affinity: affinityTo('group', 'b') } })],
    put: [node('n', { group: 'a' })],
    again: ['p1'],
  },
  'NodeAffinity: a node gets the label': {
    plugins: ['NodeAffinity'],
    before: [node('n', { group: 'a' })],
    pods: [pod('p1', { spec: { affinity: affinityTo('group', 'b') } }), pod('p2', { spec: { affinity: affinityTo('group', 'c') } })],
    put: [node('n', { group: 'b' })],
    again: ['p1'],
  },
  'NodeAffinity: a node that did gets another label': {
    plugins: ['NodeAffinity', 'NodeResourcesFit'],
    before: [node('n', { group: 'a' }, { cpu: '2' }), node('n2', { group: 'b' })],
    pods: [pod('p1', { ...cpu('4'), spec: { affinity: affinityTo('group', 'a') } })],
    put: [node('n', { group: 'a', node: 'n' }, { cpu: '2' })],
    again: [],
  },
  'NodeAffinity: a node comes with the label': {
    plugins: ['NodeAffinity'],
    before: [node('n', { group: 'a' })],
    pods: [pod('p1', { spec: { affinity: affinityTo('group', 'b') } }), pod('p2', { spec: { affinity: affinityTo('group', 'c') } })],
    put: [node('n2', { group: 'b' })],
    again: ['p1'],
  },
  'NodeAffinity named nodes, NodeResourcesFit rejects them: both count': {
    plugins: ['NodeAffinity', 'NodeResourcesFit'],
    before: [node('n', { node: 'n' }, { cpu: '2' }), node('n2', { node: 'n2' }, { cpu: '2' })],
    pods: [pod('p1', { ...cpu('4'), spec: { affinity: affinityTo('metadata.name', 'n', 'matchFields') } })],
    put: [node('n', { 'metadata.name': 'n' }, { cpu: '4' })],
    again: ['p1'],
  },
  'NodeResourcesFit: a pod asks for less': {
    plugins: ['NodeResourcesFit'],
    before: [few],
    pods: [pod('p1', cpu('4'))],
    put: [pod('p1', cpu('2'))],
    again: ['p1'],
  },
  'NodeResourcesFit: a pod goes': {
    plugins: ['NodeResourcesFit'],
    before: [few, running('old', 'n', cpu('2'))],
    pods: [pod('p1', cpu('2'))],
    remove: [running('old', 'n')],
    again: ['p1'],
  },
  'NodeResourcesFit: a node comes': {
    plugins: ['NodeResourcesFit'],
    before: [few],
    pods: [pod('p1', cpu('4')), pod('p2', cpu('5'))],
    put: [node('n2', {}, { cpu: '4' })],
    again: ['p1'],
  },
  'NodeResourcesFit: a node gets larger': {
    plugins: ['NodeResourcesFit'],
    before: [few],
    pods: [pod('p1', cpu('4')), pod('p2', cpu('5'))],
    put: [node('n', {}, { cpu: '4' })],
    again: ['p1'],
  },
  'NodeResourcesFit: of what is asked for, it gets no more': {
    plugins: ['NodeResourcesFit', 'DynamicResources'],
    before: [node('n', {}, { cpu: '4', 'example.com/gpu': '1' })],
    pods: [pod('p1', { requests: { cpu: '5', 'example.com/gpu': '1' } })],
    put: [node('n', {}, { cpu: '4', memory: '4000' })],
    again: [],
  },
  'NodeResourcesFit: it still has none of a resource that is asked for': {
    plugins: ['NodeResourcesFit', 'DynamicResources'],
    before: [node('n', {}, { cpu: '4' })],
    pods: [pod('p1', { requests: { 'example.com/gpu': '1' } })],
    put: [node('n', {}, { cpu: '4', memory: '4000' })],
    again: [],
  },
  'NodeResourcesFit: a node that is large enough gets more of something else': {
    plugins: ['NodeResourcesFit', 'NodeAffinity'],
    before: [node('n', {}, { cpu: '4' }), node('n2', { group: 'b' }, { cpu: '2' })],
    pods: [pod('p1', { ...cpu('4'), spec: { affinity: affinityTo('group', 'b') } })],
    put: [node('n', {}, { cpu: '4', memory: '4000' })],
    again: [],
  },
  'NodeResourcesFit: a node that is large enough gets larger': {
    plugins: ['NodeResourcesFit', 'NodeAffinity'],
    before: [node('n', {}, { cpu: '4' }), node('n2', { group: 'b' }, { cpu: '2' })],
    pods: [pod('p1', { ...cpu('4'), spec: { affinity: affinityTo('group', 'b') } })],
    put: [node('n', {}, { cpu: '5' })],
    again: ['p1'],
  },
  'NodeResourcesFit: a node takes more pods': {
    plugins: ['NodeResourcesFit', 'NodeAffinity'],
    before: [node('n', {}, { pods: '2' }), node('n2', { group: 'b' }, { pods: '1' }), running('one', 'n2')],
    pods: [pod('p1', { spec: { affinity: affinityTo('group', 'b') } })],
    put: [node('n', {}, { pods: '3' })],
    again: ['p1'],
  },
  'InterPodAffinity: a node comes, away from others': {
    plugins: ['InterPodAffinity'],
    before: [plain, running('one', 'n', apart('anti', 'node', { anti: 'anti' }))],
    pods: [pod('p1', apart('anti', 'node', { anti: 'anti' }))],
    put: [node('n2', { node: 'n2' })],
    again: ['p1'],
  },
  'InterPodAffinity: who is in the way loses the label': {
    plugins: ['InterPodAffinity'],
    before: [plain, running('one', 'n', { labels: { anti1: 'anti1', anti2: 'anti2' } })],
    pods: [pod('p1', apart('anti1', 'node', { anti1: 'anti1' })), pod('p2', apart('anti2', 'node', { anti2: 'anti2' }))],
    put: [running('one', 'n', { labels: { anti2: 'anti2' } })],
    again: ['p1'],
  },
  'InterPodAffinity: who is in the way goes': {
    plugins: ['InterPodAffinity'],
    before: [plain, running('one', 'n', { labels: { anti1: 'anti1' } }), running('other', 'n', { labels: { anti2: 'anti2' } })],
    pods: [pod('p1', apart('anti1', 'node')), pod('p2', apart('anti2', 'node'))],
    remove: [running('one', 'n')],
    again: ['p1'],
  },
  'InterPodAffinity: who wants to be apart goes': {
    plugins: ['InterPodAffinity'],
    before: [plain, running('one', 'n', apart('anti1', 'node')), running('other', 'n', apart('anti2', 'node'))],
    pods: [pod('p1', { labels: { anti1: 'anti1' } }), pod('p2', { labels: { anti2: 'anti2' } })],
    remove: [running('one', 'n')],
    again: ['p1'],
  },
  'InterPodAffinity: a pod gets the label that is looked for': {
    plugins: ['InterPodAffinity'],
    before: [plain, running('one', 'n')],
    pods: [pod('p1', near('aaa', 'node')), pod('p2', near('bbb', 'node'))],
    put: [running('one', 'n', { labels: { aaa: 'bbb' } })],
    again: ['p1'],
  },
  'InterPodAffinity: a node comes into an area of the kind': {
    plugins: ['InterPodAffinity'],
    before: [node('n', { aaa: 'n' })],
    pods: [pod('p1', near('bbb', 'zone')), pod('p2', near('ccc', 'region'))],
    put: [node('n2', { zone: 'zone1' })],
    again: ['p1'],
  },
  'InterPodAffinity: a node changes areas, of pods that want to be near': {
    plugins: ['InterPodAffinity', 'NodeAffinity'],
    before: [
      node('n', { region: 'region-1' }),
      node('n2', { region: 'region-2', group: 'b' }),
      running('one', 'n', { labels: { affinity1: 'affinity1' } }),
    ],
    pods: [
      pod('p1', near('affinity1', 'node', { affinity1: 'affinity1' })),
      pod('p2', near('affinity1', 'other', { affinity1: 'affinity1' })),
      pod('p3', { spec: { affinity: { ...podTerm('podAffinity', 'affinity1', 'region'), ...affinityTo('group', 'b') } } }),
    ],
    put: [node('n', { node: 'n', region: 'region-2' })],
    again: ['p1', 'p3'],
  },
  'InterPodAffinity: a node changes areas, of pods that want to be apart': {
    plugins: ['InterPodAffinity'],
    before: [node('n', { node: 'n', service: 'service-a', other: 'n' }), running('one', 'n', { labels: { anti1: 'anti1' } })],
    pods: ['node', 'service', 'other'].map((key) => pod(`by-${key}`, apart('anti1', key, { anti1: 'anti1' }))),
    put: [node('n', { service: 'service-b', region: 'n', other: 'n' })],
    again: ['by-node', 'by-service'],
  },
  'InterPodAffinity: a node comes into the area of who is in the way': {
    plugins: ['InterPodAffinity'],
    before: [node('n', { zone: 'n', node: 'n' }), running('one', 'n', { labels: { anti1: 'anti1' } })],
    pods: [pod('p1', apart('anti1', 'zone')), pod('p2', apart('anti1', 'node'))],
    put: [node('n2', { zone: 'n' })],
    again: ['p1', 'p2'],
  },
  'NodePorts: who has the port goes': {
    plugins: ['NodePorts'],
    before: [plain, running('one', 'n', { hostPort: 8080 }), running('other', 'n', { hostPort: 8081 })],
    pods: [pod('p1', { hostPort: 8080 }), pod('p2', { hostPort: 8081 })],
    remove: [running('one', 'n')],
    again: ['p1'],
  },
  'NodePorts: a node comes': {
    plugins: ['NodePorts'],
    before: [plain, running('one', 'n', { hostPort: 8080 })],
    pods: [pod('p1', { hostPort: 8080 })],
    put: [node('n2')],
    again: ['p1'],
  },
  'NodeUnschedulable: a node is uncordoned': {
    plugins: ['NodeUnschedulable'],
    before: [node('n', {}, { spec: { unschedulable: true } })],
    pods: [pod('p1')],
    put: [node('n')],
    again: ['p1'],
  },
  'NodeUnschedulable: a node comes': {
    plugins: ['NodeUnschedulable'],
    before: [node('n', {}, { spec: { unschedulable: true } })],
    pods: [pod('p1')],
    put: [node('n2')],
    again: ['p1'],
  },
  'NodeUnschedulable: a node comes that is cordoned': {
    plugins: ['NodeUnschedulable'],
    before: [node('n', {}, { spec: { unschedulable: true } })],
    pods: [pod('p1')],
    put: [node('n2', {}, { spec: { unschedulable: true } })],
    again: [],
  },
  'PodTopologySpread: a pod comes that is counted': {
    plugins: ['PodTopologySpread'],
    before: [plain, ...two('key1', 'key2')],
    pods: [pod('p1', spread('key1', 'node', 3)), pod('p2', spread('key2', 'node', 3))],
    put: [running('new', 'n', { labels: { key1: 'val' } })],
    again: ['p1'],
  },
  'PodTopologySpread: a pod is counted no longer': {
    plugins: ['PodTopologySpread'],
    before: [plain, ...two('key1', 'key2')],
    pods: [pod('p1', spread('key1', 'node', 3)), pod('p2', spread('key2', 'node', 3))],
    put: [running('one', 'n', { labels: { key3: 'val' } })],
    again: ['p1'],
  },
  'PodTopologySpread: a pod goes that was counted': {
    plugins: ['PodTopologySpread'],
    before: [plain, ...two('key1', 'key2')],
    pods: [pod('p1', spread('key1', 'node', 2)), pod('p2', spread('key2', 'node', 3))],
    remove: [running('one', 'n')],
    again: ['p1'],
  },
  'PodTopologySpread: a node comes into an area of the kind': {
    plugins: ['PodTopologySpread'],
    before: [
      node('n', { node: 'n' }),
      node('n2', { zone: 'z' }),
      running('one', 'n', { labels: { key1: 'val' } }),
      running('other', 'n2', { labels: { key1: 'val' } }),
    ],
    pods: [pod('p1', spread('key1', 'node', 2)), pod('p2', spread('key1', 'zone', 2))],
    put: [node('n3', { node: 'n' })],
    again: ['p1'],
  },
  'PodTopologySpread: a node changes areas': {
    plugins: ['PodTopologySpread'],
    before: [
      node('n', { node: 'n', region: 'n', service: 'service-a' }),
      node('n2', { node: 'n', region: 'n', service: 'service-a' }),
      running('one', 'n', { labels: { key1: 'val' } }),
      ...['b', 'c', 'd'].map((name) => running(name, 'n2', { labels: { key1: 'val' } })),
    ],
    pods: ['node', 'zone', 'region', 'other', 'service'].map((key) => pod(`by-${key}`, spread('key1', key, 3))),
    put: [node('n2', { zone: 'n', region: 'n', service: 'service-b' })],
    again: ['by-node', 'by-service', 'by-zone'],
  },
  'PodTopologySpread: a node goes': {
    plugins: ['PodTopologySpread'],
    before: [
      node('n', { node: 'n' }),
      node('n2', { zone: 'n' }),
      running('one', 'n', { labels: { key1: 'val' } }),
      running('other', 'n2', { labels: { key1: 'val' } }),
    ],
    pods: [pod('p1', spread('key1', 'node', 3)), pod('p2', spread('key1', 'zone', 3))],
    remove: [node('n2')],
    again: ['p2'],
  },
  'PodTopologySpread: the taint of a node becomes another': {
    plugins: ['PodTopologySpread'],
    before: [
      node('n', { node: 'n' }),
      node('n2', { zone: 'n' }),
      node('n3', { zone: 'n' }, taints(NOT_READY)),
      running('one', 'n', { labels: { key1: 'val' } }),
      running('other', 'n2', { labels: { key1: 'val' } }),
    ],
    pods: [pod('p1', spread('key1', 'node', 3)), pod('p2', spread('key1', 'zone', 3, tolerating('aaa').spec))],
    put: [node('n3', { zone: 'n' }, taints('aaa'))],
    again: ['p2'],
  },
};
