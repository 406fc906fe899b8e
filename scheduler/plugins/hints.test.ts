import { describe, expect, it } from 'vitest';
import type { KubeObject, Live, Node, PersistentVolumeClaim, Pod, Volume } from '../../api/index.ts';
import { concerns, type EventAction, type EventResource } from '../framework/events.ts';
import { podInfoOf } from '../state/pod-info.ts';
import { aNode, aPod, type NodeBuilder, type PodBuilder } from '../testing/builders.ts';
import { Placement } from '../testing/placement.ts';

// What upstream's own tests of the queueing hints cover: isSchedulableAfter… in pkg/scheduler/framework/plugins/*/*_test.go.

type Change = readonly [old: Live<KubeObject> | undefined, now: Live<KubeObject> | undefined, update?: EventAction];

const { profile } = new Placement();

/** Whether a pod that a plugin rejected is tried again after an event. */
function helps(plugin: string, pod: PodBuilder, resource: EventResource, [old, now, update = 'Update']: Change): boolean {
  const action = old && now ? update : now ? 'Add' : 'Delete';
  const event = { resource, action, old, now };
  const info = podInfoOf(pod.build());
  return (profile.eventsOf(plugin) ?? []).some((one) => concerns(one, event) && (one.hint?.(info, { old, now }) ?? true));
}

const plain = (name: string, labels: Record<string, string> = {}): Live<Node> => {
  const node = aNode(name).build();
  node.metadata.labels = labels;
  return node;
};
const other = (labels: Record<string, string> = {}) => aPod('other').on('n').labelled(labels);

describe('InterPodAffinity', () => {
  const term = (key: string, values: string[], topologyKey: string) => ({
    labelSelector: { matchExpressions: [{ key, operator: values.length > 0 ? 'In' : 'Exists', ...(values.length > 0 ? { values } : {}) }] },
    topologyKey,
  });
  const needing = (...terms: object[]) =>
    aPod('p').with({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } as Pod['spec']['affinity'] });
  const shunning = (...terms: object[]) =>
    aPod('p').with({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } as Pod['spec']['affinity'] });
  const scan = (topologyKey: string) => term('service', ['securityscan', 'value2'], topologyKey);
  const matching = other({ service: 'securityscan' });
  const unrelated = other({ aaa: 'a' });

  it.each<[string, boolean, PodBuilder, PodBuilder | undefined, PodBuilder | undefined]>([
    ['a pod that is needed comes', true, needing(scan('region')), undefined, matching],
    ['one that has no node', false, needing(scan('region')), undefined, aPod('x').labelled({ service: 'securityscan' })],
    ['one that is not', false, needing(scan('region')), undefined, unrelated],
    ['one becomes it', true, needing(scan('region')), unrelated, matching],
    ['one was it before', false, needing(scan('region')), other({ service: 'value2' }), matching],
    ['one is it no longer', false, needing(scan('region')), matching, unrelated],
    ['one is it by one term of two', false, needing(term('aaa', [], 'host'), term('bbb', [], 'host')), unrelated, matching],
    ['one becomes it by both', true, needing(term('aaa', [], 'host'), term('bbb', [], 'host')), unrelated, other({ aaa: '', bbb: '' })],
    ['a pod in the way changes', true, shunning(scan('region')), matching, other({ service: 'aaaa' })],
    ['one gets in the way', false, shunning(scan('region')), other({ service: 'bbb' }), matching],
    ['one that was not goes', false, shunning(scan('region')), unrelated, undefined],
    ['one that was goes', true, shunning(scan('region')), matching, undefined],
  ])('%s: %s', (...[, expected, pod, old, now]) => {
    const resource = (now ?? old)?.build().spec.nodeName ? 'AssignedPod' : 'UnscheduledPod';
    expect(helps('InterPodAffinity', pod, resource, [old?.build(), now?.build(), 'UpdatePodLabel'])).toBe(expected);
  });

  it.each<[string, boolean, PodBuilder, Live<Node> | undefined, Live<Node>]>([
    ['a node comes into an area', true, needing(scan('zone')), undefined, plain('a', { zone: '1' })],
    ['a node comes that is in none', false, needing(scan('region')), undefined, plain('a', { zone: '1' })],
    ['its other labels change', false, needing(scan('zone')), plain('a', { aaa: 'a' }), plain('a', { aaa: 'b' })],
    ['it stays where it is', false, needing(scan('zone')), plain('a', { zone: '1' }), plain('a', { zone: '1', unrelated: 'x' })],
    ['it goes elsewhere', true, needing(scan('zone')), plain('a', { zone: '1' }), plain('a', { zone: '2' })],
    ['it gets into an area', true, needing(scan('zone')), plain('a', { aaa: 'a' }), plain('a', { zone: '1' })],
    ['a node comes, away from others', true, shunning(scan('zone')), undefined, plain('a', { zone: '1' })],
    ['a node comes that is nowhere', true, shunning(scan('zone')), undefined, plain('a')],
    ['it stays away as it is', false, shunning(scan('zone')), plain('a', { zone: '1' }), plain('a', { zone: '1', unrelated: 'x' })],
    ['it goes to another area', true, shunning(scan('zone')), plain('a', { zone: '1' }), plain('a', { zone: '2' })],
    ['it gets where others may be', false, shunning(scan('zone')), plain('a', { aaa: 'a' }), plain('a', { zone: '1' })],
    ['it leaves them', true, shunning(scan('zone')), plain('a', { zone: '1' }), plain('a', { aaa: 'a' })],
  ])('%s: %s', (...[, expected, pod, old, now]) => {
    expect(helps('InterPodAffinity', pod, 'Node', [old, now, 'UpdateNodeLabel'])).toBe(expected);
  });
});

describe('PodTopologySpread', () => {
  const constraint = (topologyKey: string, key = 'foo') => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: { matchExpressions: [{ key, operator: 'Exists' }] },
  });
  const spreading = (...topologySpreadConstraints: ReturnType<typeof constraint>[]) =>
    aPod('p').labelled({ foo: '' }).with({ topologySpreadConstraints });
  const one = spreading(constraint('zone'));
  const two = spreading(constraint('zone'), constraint('node'));
  const mixed = spreading(constraint('zone'), constraint('node', 'bar'));

  it.each<[string, boolean, PodBuilder, Live<Node> | undefined, Live<Node> | undefined]>([
    ['a node changes its area', true, one, plain('a', { zone: '1' }), plain('a', { zone: '2' })],
    ['one outside changes', false, one, plain('a', { foo: '1' }), plain('a', { foo: '2' })],
    ['one inside changes otherwise', false, two, plain('a', { zone: '1', node: '1', foo: 'b' }), plain('a', { zone: '1', node: '1' })],
    ['a node comes outside', false, one, undefined, plain('a', { foo: 'bar' })],
    ['a node comes inside', true, one, undefined, plain('a', { zone: '1' })],
    ['a node outside goes', false, one, plain('a', { foo: 'bar' }), undefined],
    ['a node inside goes', true, one, plain('a', { zone: '1' }), undefined],
    ['a node comes that is in one area of two', false, two, undefined, plain('a', { zone: '1' })],
    ['a node comes that is in both', true, two, undefined, plain('a', { zone: '1', node: '1' })],
    ['one in one of two stays', false, two, plain('a', { zone: '1' }), plain('a', { zone: '1' })],
    ['one in both moves', true, two, plain('a', { zone: '1', node: '1' }), plain('a', { zone: '1', node: '2' })],
  ])('%s: %s', (...[, expected, pod, old, now]) => {
    expect(helps('PodTopologySpread', pod, 'Node', [old, now, 'UpdateNodeLabel'])).toBe(expected);
  });

  it.each<[string, boolean, PodBuilder, PodBuilder | undefined, PodBuilder | undefined]>([
    ['a pod that counts comes', true, one, undefined, other({ foo: '' })],
    ['one without a node comes', false, one, undefined, aPod('x').labelled({ foo: '' })],
    ['one without a node changes', false, one, aPod('x').labelled({ bar: '' }), aPod('x').labelled({ foo: '' })],
    ['one without a node goes', false, one, aPod('x').labelled({ foo: '' }), undefined],
    ['one of another namespace comes', false, one, undefined, other({ foo: '' }).in('fake')],
    ['one that does not count comes', false, one, undefined, other({ bar: '' })],
    ['one that counts goes', true, one, other({ foo: '' }), undefined],
    ['one that does not count goes', false, one, other({ bar: '' }), undefined],
    ['its other labels change', false, one, other({ foo: '', bar: '1' }), other({ foo: '', bar: '2' })],
    ['it counts from now on', true, one, other(), other({ foo: '' })],
    ['it counts no longer', true, one, other({ foo: '' }), other()],
    ['it counts as before', false, one, other({ foo: '1' }), other({ foo: '2' })],
    ['it counts for the second', true, mixed, other({ foo: '' }), other({ foo: '', bar: '2' })],
    ['it counts for none more', false, mixed, other({ foo: '' }), other({ foo: '', baz: '' })],
    ['it counts for both as before', false, mixed, other({ foo: '', bar: '' }), other({ foo: '', bar: '2' })],
  ])('%s: %s', (...[, expected, pod, old, now]) => {
    const resource = (now ?? old)?.build().spec.nodeName ? 'AssignedPod' : 'UnscheduledPod';
    expect(helps('PodTopologySpread', pod, resource, [old?.build(), now?.build(), 'UpdatePodLabel'])).toBe(expected);
  });
});

describe('NodeResourcesFit', () => {
  const asking = (requests: Record<string, string>, name = 'p') => aPod(name).asking(requests);
  it.each<[string, boolean, PodBuilder, PodBuilder, PodBuilder | undefined]>([
    ['another goes', true, asking({ cpu: '1' }), asking({ cpu: '1' }, 'x').on('n'), undefined],
    ['another that had no node goes', false, aPod('p'), aPod('x'), undefined],
    ['another without a node shrinks', false, asking({ cpu: '1' }), asking({ cpu: '2' }, 'x'), asking({ cpu: '1' }, 'x')],
    ['another needs less memory', false, asking({ cpu: '1' }), asking({ memory: '2' }, 'x').on('n'), asking({ memory: '1' }, 'x').on('n')],
    ['another needs less cpu', true, asking({ cpu: '1' }), asking({ cpu: '2' }, 'x').on('n'), asking({ cpu: '1' }, 'x').on('n')],
    ['the pod itself needs less', true, asking({ cpu: '1' }), asking({ cpu: '2' }), asking({ cpu: '1' })],
  ])('%s: %s', (...[, expected, pod, old, now]) => {
    const resource = old.build().spec.nodeName ? 'AssignedPod' : 'UnscheduledPod';
    expect(helps('NodeResourcesFit', pod, resource, [old.build(), now?.build(), 'UpdatePodScaleDown'])).toBe(expected);
  });

  const wanting = asking({ memory: '2', 'x.io/a': '1' });
  const having = (amounts: Record<string, string>): Live<Node> => {
    const node = aNode('a').build();
    node.status.allocatable = { pods: '1', ...amounts };
    return node;
  };
  it.each<[string, boolean, PodBuilder, Live<Node> | undefined, Live<Node>]>([
    ['a node comes with too little', false, asking({ memory: '2' }), undefined, having({ memory: '1' })],
    ['a node comes without it', false, asking({ 'x.io/a': '1' }), undefined, having({ 'x.io/b': '1' })],
    ['a node comes with enough', true, wanting, undefined, having({ memory: '4', 'x.io/a': '2' })],
    [
      'it has more of another',
      false,
      wanting,
      having({ memory: '2', 'x.io/a': '2' }),
      having({ memory: '2', 'x.io/a': '1', 'x.io/b': '2' }),
    ],
    ['it has more of what is wanted', true, wanting, having({ memory: '2', 'x.io/a': '1' }), having({ memory: '2', 'x.io/a': '2' })],
    ['it has too little now', false, wanting, having({ memory: '4', 'x.io/a': '2' }), having({ memory: '1', 'x.io/a': '2' })],
    ['it has enough now', true, wanting, having({ memory: '1', 'x.io/a': '2' }), having({ memory: '4', 'x.io/a': '2' })],
    ['it has more, and nothing is asked for', false, aPod('p'), having({ cpu: '1' }), having({ cpu: '2' })],
    ['it has room for more pods', true, aPod('p'), having({ cpu: '1' }), having({ cpu: '1', pods: '2' })],
  ])('%s: %s', (...[, expected, pod, old, now]) => {
    expect(helps('NodeResourcesFit', pod, 'Node', [old, now, 'UpdateNodeAllocatable'])).toBe(expected);
  });
});

describe('taints, and nodes nothing may come to', () => {
  const tolerating = aPod('p').tolerating({ key: 'dedicated', operator: 'Equal', value: 'user2', effect: 'NoSchedule' });
  const tainted = (...values: string[]) => values.reduce((node, value) => node.tainted('dedicated', value, 'NoSchedule'), aNode('a'));
  it.each<[string, boolean, NodeBuilder | undefined, NodeBuilder]>([
    ['a node comes with another taint', false, undefined, tainted('user1')],
    ['a node comes with a tolerated one', true, undefined, tainted('user2')],
    ['it gets one more', false, tainted('user1'), tainted('user1', 'user3')],
    ['its taint becomes a tolerated one', true, tainted('user1'), tainted('user2')],
  ])('%s: %s', (...[, expected, old, now]) => {
    expect(helps('TaintToleration', tolerating, 'Node', [old?.build(), now.build(), 'UpdateNodeTaint'])).toBe(expected);
  });

  const notReady = (node: NodeBuilder) => node.tainted('node.kubernetes.io/not-ready', '', 'NoExecute');
  it.each<[string, boolean, NodeBuilder | undefined, NodeBuilder]>([
    ['a cordoned node comes', false, undefined, aNode('a').cordoned()],
    ['a node comes', true, undefined, aNode('a')],
    ['a cordoned one gets a taint', false, aNode('a').cordoned(), notReady(aNode('a').cordoned())],
    ['another gets a taint', false, aNode('a'), notReady(aNode('a'))],
    ['a node is uncordoned', true, aNode('a').cordoned(), aNode('a')],
  ])('%s: %s', (...[, expected, old, now]) => {
    expect(helps('NodeUnschedulable', aPod('p'), 'Node', [old?.build(), now.build(), 'UpdateNodeTaint'])).toBe(expected);
  });

  it.each<[string, boolean]>([
    ['node.kubernetes.io/unschedulable', true],
    ['unrelated-key', false],
  ])('the pod gets a toleration of %s: %s', (key, expected) => {
    const now = aPod('p').tolerating({ key, operator: 'Exists' });
    expect(helps('NodeUnschedulable', aPod('p'), 'UnscheduledPod', [aPod('p').build(), now.build(), 'UpdatePodToleration'])).toBe(expected);
  });
});

describe('NodePorts', () => {
  const port = (hostIP: string, hostPort = 8080, protocol = 'TCP') =>
    aPod('x')
      .on('n')
      .with({ containers: [{ name: 'main', ports: [{ containerPort: 1, hostPort, hostIP, protocol }] }] });
  it.each<[string, boolean, PodBuilder]>([
    ['a pod that had no node goes', false, aPod('x')],
    ['one without host ports goes', false, other()],
    ['one with another port goes', false, other().hostPort(8081)],
    ['one with the port goes', true, other().hostPort(8080)],
    ['one with the port of another protocol goes', false, port('', 8080, 'UDP')],
    ['one with the port of one address goes', true, port('10.0.0.1')],
  ])('%s: %s', (...[, expected, old]) => {
    const resource = old.build().spec.nodeName ? 'AssignedPod' : 'UnscheduledPod';
    expect(helps('NodePorts', aPod('p').hostPort(8080), resource, [old.build(), undefined])).toBe(expected);
  });

  it('keeps the addresses of a node apart', () => {
    const wanting = port('10.0.0.2');
    expect(helps('NodePorts', wanting, 'AssignedPod', [port('10.0.0.1').build(), undefined])).toBe(false);
    expect(helps('NodePorts', wanting, 'AssignedPod', [port('0.0.0.0').build(), undefined])).toBe(true);
  });
});

describe('volumes', () => {
  const uses = (claimName: string): Volume => ({ name: claimName, persistentVolumeClaim: { claimName } });
  const meta = (name: string, namespace?: string) => ({ ...aPod(name).build().metadata, ...(namespace ? { namespace } : {}) });
  const claim = (name: string, namespace = 'default', volumeName = ''): Live<PersistentVolumeClaim> => ({
    metadata: meta(name, namespace),
    spec: { accessModes: ['ReadWriteOnce'], volumeName },
    status: {},
  });
  const mounting = aPod('p').mounting(uses('one'));
  const ephemeral = aPod('p').mounting({ name: 'e', ephemeral: {} });

  it.each<[string, string, boolean, PodBuilder, Live<PersistentVolumeClaim> | undefined, Live<PersistentVolumeClaim>]>([
    ['VolumeZone', 'a claim comes that is not the pod’s', false, aPod('p'), undefined, claim('one')],
    ['VolumeZone', 'a claim of another name', false, mounting, undefined, claim('two')],
    ['VolumeZone', 'a claim of another namespace', false, mounting, undefined, claim('one', 'ns1')],
    ['VolumeZone', 'the pod’s claim', true, mounting, undefined, claim('one', 'default', 'v')],
    ['VolumeZone', 'the pod’s claim is bound', true, mounting, claim('one'), claim('one', 'default', 'v')],
    ['VolumeZone', 'another’s claim is bound', false, aPod('p'), claim('one'), claim('one', 'default', 'v')],
    ['NodeVolumeLimits', 'a claim of another namespace', false, mounting, undefined, claim('one', 'ns2')],
    ['NodeVolumeLimits', 'the pod’s claim', true, mounting, undefined, claim('one')],
    ['NodeVolumeLimits', 'the claim of its ephemeral volume', true, ephemeral, undefined, claim('p-e')],
    ['NodeVolumeLimits', 'a claim of another name', false, mounting, undefined, claim('two')],
    ['NodeVolumeLimits', 'a claim, of a pod without', false, aPod('p'), undefined, claim('two')],
    ['VolumeRestrictions', 'the pod’s claim', true, mounting, undefined, claim('one')],
    ['VolumeRestrictions', 'a claim of another namespace', false, mounting, undefined, claim('one', 'ns1')],
    ['VolumeRestrictions', 'a claim of another name', false, mounting, undefined, claim('two')],
    ['VolumeBinding', 'a claim, of a pod without', false, aPod('p'), undefined, claim('one')],
    ['VolumeBinding', 'the pod’s claim', true, mounting, undefined, claim('one')],
    ['VolumeBinding', 'the claim of its ephemeral volume', true, ephemeral, undefined, claim('p-e')],
    ['VolumeBinding', 'the pod’s claim is bound', true, mounting, claim('one'), claim('one', 'default', 'v')],
  ])('%s: %s: %s', (...[plugin, , expected, pod, old, now]) => {
    expect(helps(plugin, pod, 'PersistentVolumeClaim', [old, now])).toBe(expected);
  });

  it.each<[string, string, boolean, PodBuilder, PodBuilder]>([
    ['NodeVolumeLimits', 'a pod with a claim goes', true, mounting, other().mounting(uses('x'))],
    ['NodeVolumeLimits', 'a pod without goes', false, mounting, other()],
    ['NodeVolumeLimits', 'one that had no node goes', false, mounting, aPod('x').mounting(uses('x'))],
    ['VolumeRestrictions', 'a pod with the same claim goes', true, mounting, other().mounting(uses('one'))],
    ['VolumeRestrictions', 'a pod with another claim goes', false, mounting, other().mounting(uses('two'))],
    ['VolumeRestrictions', 'a pod of another namespace goes', false, mounting, other().in('ns1').mounting(uses('one'))],
    [
      'VolumeRestrictions',
      'a pod with the same disk goes',
      true,
      aPod('p').mounting({ name: 'v', gcePersistentDisk: { pdName: 'd' } }),
      other().mounting({ name: 'v', gcePersistentDisk: { pdName: 'd' } }),
    ],
  ])('%s: %s: %s', (...[plugin, , expected, pod, old]) => {
    const resource = old.build().spec.nodeName ? 'AssignedPod' : 'UnscheduledPod';
    expect(helps(plugin, pod, resource, [old.build(), undefined])).toBe(expected);
  });

  it('hears of what is attached no longer, when it has claims', () => {
    const attachment = { metadata: meta('va'), spec: { attacher: 'd.io', nodeName: 'n', source: { persistentVolumeName: 'v' } } };
    expect(helps('NodeVolumeLimits', mounting, 'VolumeAttachment', [attachment, undefined])).toBe(true);
    expect(helps('NodeVolumeLimits', aPod('p'), 'VolumeAttachment', [attachment, undefined])).toBe(false);
  });

  it.each<[string, boolean, Record<string, string> | undefined, Record<string, string>]>([
    ['a volume comes', true, undefined, { 'failure-domain.beta.kubernetes.io/zone': 'b' }],
    ['it moves', true, { 'failure-domain.beta.kubernetes.io/zone': 'a' }, { 'failure-domain.beta.kubernetes.io/zone': 'b' }],
    ['it gets a zone', true, {}, { 'topology.kubernetes.io/zone': 'z' }],
    ['it stays', false, { 'topology.kubernetes.io/zone': 'z' }, { 'topology.kubernetes.io/zone': 'z' }],
  ])('%s: %s', (...[, expected, before, after]) => {
    const volume = (labels: Record<string, string>) => ({ metadata: { ...meta('v'), labels }, spec: {} });
    expect(helps('VolumeZone', mounting, 'PersistentVolume', [before && volume(before), volume(after)])).toBe(expected);
  });

  it.each<[string | undefined, boolean]>([
    ['WaitForFirstConsumer', true],
    [undefined, false],
  ])('a class comes with the mode %s: %s', (volumeBindingMode, expected) => {
    const made = { metadata: meta('c'), provisioner: 'x', ...(volumeBindingMode ? { volumeBindingMode } : {}) };
    expect(helps('VolumeZone', mounting, 'StorageClass', [undefined, made])).toBe(expected);
  });
});
