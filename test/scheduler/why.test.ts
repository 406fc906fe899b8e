// What `nanokube why` says of a pod that waits: who is against which node, and the smallest change that would let it run.
import { describe, expect, it } from 'vitest';
import { coreKinds, type KindInfo, type KubeObject, type Live, type Pod } from '../../api/index.ts';
import { asStored, ClusterState, why } from '../../scheduler/index.ts';

const MISSING_CLAIM = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'nope' } }] };
const ZONE = 'topology.kubernetes.io/zone';

interface NodeFacts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
}

const aNode = (name: string, { labels = {}, spec = {} }: NodeFacts = {}) => {
  const amounts = { cpu: '4', memory: '8Gi', pods: '110' };
  const metadata = { name, labels: { 'kubernetes.io/hostname': name, ...labels } };
  return { apiVersion: 'v1', kind: 'Node', metadata, spec, status: { allocatable: amounts, capacity: amounts } };
};

const aPod = (name: string, spec: object = {}, cpu = '1') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: 'a' } },
  spec: { schedulerName: 'default-scheduler', containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...spec },
  status: { phase: 'Pending' },
});

const stored = (object: object, kind: KindInfo): Live<KubeObject> => asStored(object as KubeObject, kind);

function answer(pod: object, nodes: readonly object[], pods: readonly object[] = []) {
  const state = new ClusterState();
  for (const node of nodes) state.add(coreKinds.nodes, stored(node, coreKinds.nodes));
  for (const other of pods) state.add(coreKinds.pods, stored(other, coreKinds.pods));
  return why(stored(pod, coreKinds.pods) as Live<Pod>, state);
}

const spread = (topologyKey: string) => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'a' } } },
  ],
});
const AWAY = {
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: 'a' } }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  },
};

describe('why a pod waits', () => {
  it.each([
    {
      reason: 'a node selector that no node matches',
      made: () => answer(aPod('p', { nodeSelector: { disk: 'ssd' } }), [aNode('a')]),
      said: ["NodeAffinity: node(s) didn't match Pod's node affinity/selector"],
      change: 'kubectl label node a disk=ssd',
    },
    {
      reason: 'a label of another value',
      made: () => answer(aPod('p', { nodeSelector: { disk: 'ssd' } }), [aNode('a', { labels: { disk: 'hdd' } })]),
      said: ["NodeAffinity: node(s) didn't match Pod's node affinity/selector"],
      change: 'kubectl label node a disk=ssd --overwrite',
    },
    {
      reason: 'a taint, on the only node that it names',
      made: () =>
        answer(aPod('p', { nodeSelector: { 'kubernetes.io/hostname': 'a' } }), [
          aNode('a', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } }),
          aNode('b'),
        ]),
      said: ['TaintToleration: node(s) had untolerated taint(s)', "NodeAffinity: node(s) didn't match Pod's node affinity/selector"],
      change: 'let the pod tolerate the taint k=v:NoSchedule',
    },
    {
      reason: 'a cordoned node',
      made: () => answer(aPod('p'), [aNode('a', { spec: { unschedulable: true } })]),
      said: ['NodeUnschedulable: node(s) were unschedulable'],
      change: 'kubectl uncordon a',
    },
    {
      reason: 'too little processor left',
      made: () => answer(aPod('p', {}, '3'), [aNode('a')], [aPod('q', { nodeName: 'a' }, '2500m')]),
      said: ['NodeResourcesFit: Insufficient cpu'],
      change: 'let the pod request at most 1500m of cpu instead of 3',
    },
    {
      reason: 'anti-affinity',
      made: () => answer(aPod('p', AWAY), [aNode('a')], [aPod('q', { nodeName: 'a' })]),
      said: ["InterPodAffinity: node(s) didn't match pod anti-affinity rules"],
      change: 'add a node like a, without taints',
    },
    {
      reason: 'spreading over zones',
      made: () =>
        answer(
          aPod('p', spread(ZONE)),
          [aNode('a', { labels: { [ZONE]: 'x' } }), aNode('b', { labels: { [ZONE]: 'y' }, spec: { unschedulable: true } })],
          [aPod('q', { nodeName: 'a' })],
        ),
      said: ["PodTopologySpread: node(s) didn't match pod topology spread constraints", 'NodeUnschedulable: node(s) were unschedulable'],
      change: 'kubectl uncordon b',
    },
    {
      reason: 'a node that lacks the label of a zone',
      made: () => answer(aPod('p', spread(ZONE)), [aNode('a')]),
      said: ["PodTopologySpread: node(s) didn't match pod topology spread constraints (missing required label)"],
      change: `kubectl label node a ${ZONE}=new`,
    },
    {
      reason: 'no node at all',
      made: () => answer(aPod('p'), []),
      said: [],
      change: 'add a node with 1 cpu',
    },
    {
      reason: 'two things at once, which no single change helps against but a node',
      made: () => answer(aPod('p', { nodeSelector: { disk: 'ssd' } }), [aNode('a', { spec: { unschedulable: true } })]),
      said: ["NodeUnschedulable: node(s) were unschedulable; NodeAffinity: node(s) didn't match Pod's node affinity/selector"],
      change: 'add a node like a, without taints, labelled disk=ssd',
    },
  ])('$reason', async ({ made, said, change }) => {
    const { nodes, change: found } = await made();
    expect(nodes.map(({ rejections }) => rejections.map(({ plugin, reasons }) => `${plugin}: ${reasons.join(', ')}`).join('; '))).toEqual(
      said,
    );
    expect(found?.text).toBe(change);
  });

  it('says that its claim is missing, and that nothing small helps', async () => {
    const { rejection, change } = await answer(aPod('p', MISSING_CLAIM), [aNode('a')]);
    expect(rejection?.reasons).toEqual(['persistentvolumeclaim "nope" not found']);
    expect(change).toBeUndefined();
  });

  it('says which scheduling gates hold it back', async () => {
    const { rejection, change } = await answer(aPod('p', { schedulingGates: [{ name: 'example.com/wait' }] }), [aNode('a')]);
    expect(rejection?.reasons).toEqual(['waiting for scheduling gates: [example.com/wait]']);
    expect(change).toMatchObject({ text: 'remove the scheduling gates of pod p: example.com/wait', nodeName: 'a' });
  });

  it('says whom the scheduler deletes for it', async () => {
    const { preempts, change } = await answer(
      aPod('p', { priority: 10 }, '3'),
      [aNode('a')],
      [aPod('q', { nodeName: 'a', priority: 0 }, '2')],
    );
    expect(preempts).toEqual({ nodeName: 'a', victims: ['default/q'] });
    expect(change).toBeUndefined();
  });

  it('says when a node would do now', async () => {
    expect((await answer(aPod('p'), [aNode('a')])).wouldRunOn).toBe('a');
  });
});
