import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  admissionregistrationKinds,
  type ClusterRole,
  type ConfigMap,
  coordinationKinds,
  coreKinds,
  type Event,
  isInvalid,
  type KubeObject,
  type Lease,
  type Live,
  type Namespace,
  type Node,
  type Pod,
  rbacKinds,
} from '../../api/index.ts';
import { createControllerManager } from '../../controller-manager/index.ts';
import { systemClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane, waitFor } from '../support/control-plane.ts';
import { registerNode, renewLease } from '../support/fake-kubelet.ts';

const { pods, nodes, namespaces, configmaps, serviceaccounts, events } = coreKinds;

let plane: ControlPlane;
let beating: Promise<unknown>;
const heartbeats = new AbortController();
const silence = new AbortController();
beforeAll(async () => {
  plane = await startControlPlane({
    nodes: ['alive', 'silent'],
    settings: { nodeMonitorPeriodMs: 100, nodeMonitorGracePeriodMs: 4000, nodeEvictionRate: 100 },
  });
  beating = Promise.all([beat('alive', heartbeats.signal), beat('silent', AbortSignal.any([heartbeats.signal, silence.signal]))]);
});
afterAll(async () => {
  heartbeats.abort();
  await beating;
  await plane[Symbol.asyncDispose]();
});

const configMap = (name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ...metadata },
});
const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const ownedBy = (owner: Live<KubeObject>, more: object = {}) => ({
  ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid, ...more }],
});
const remove = (name: string, propagationPolicy: 'Background' | 'Foreground' | 'Orphan') =>
  plane.client.resource<ConfigMap>(configmaps).delete(name, { namespace: 'default', propagationPolicy });

describe('a namespace', () => {
  it('gets its service account and the root CA', async () => {
    await plane.create(namespaces, namespace('fresh'));
    await plane.eventuallyAll(serviceaccounts, (all) => all.some(({ metadata }) => metadata.name === 'default'), 'fresh');
    const [ca] = await plane.eventuallyAll<ConfigMap>(configmaps, (all) => all.length === 1, 'fresh');
    expect(ca?.data?.['ca.crt']).toContain('BEGIN CERTIFICATE');
    await plane.client.resource(serviceaccounts).delete('default', { namespace: 'fresh' });
    await plane.eventuallyAll(serviceaccounts, (all) => all.length === 1, 'fresh');
  });

  it('has its root CA described again when the description is emptied', async () => {
    await plane.create(namespaces, namespace('described'));
    await plane.eventuallyAll<ConfigMap>(configmaps, (all) => all.length === 1, 'described');
    const description = (text: string) => ({ metadata: { annotations: { 'kubernetes.io/description': text } } });
    await plane.client
      .resource<ConfigMap>(configmaps)
      .patch('kube-root-ca.crt', description(''), { namespace: 'described', type: 'merge' });
    await plane.eventuallyAll<ConfigMap>(
      configmaps,
      ([one]) => /^Contains a CA bundle/.test(one?.metadata.annotations?.['kubernetes.io/description'] ?? ''),
      'described',
    );
  });

  it('is emptied and goes, and says what holds it', async () => {
    await plane.create(namespaces, namespace('doomed'));
    // What is made for it may not come while it is emptied.
    await plane.eventuallyAll(serviceaccounts, (all) => all.length === 1, 'doomed');
    await plane.eventuallyAll(configmaps, (all) => all.length === 1, 'doomed');
    await plane.create(configmaps, { ...configMap('held'), metadata: { name: 'held', namespace: 'doomed', finalizers: ['test.io/hold'] } });
    await plane.create(configmaps, { ...configMap('free'), metadata: { name: 'free', namespace: 'doomed' } });
    await plane.client.resource<Namespace>(namespaces).delete('doomed');
    const waiting = await plane.eventually<Namespace>(
      namespaces,
      'doomed',
      ({ status }) => status.conditions?.some(({ status: s }) => s === 'True') === true,
    );
    expect(waiting.status.conditions?.filter(({ status }) => status === 'True').map(({ type, message }) => [type, message])).toEqual([
      ['NamespaceContentRemaining', 'Some resources are remaining: configmaps. has 1 resource instances'],
      ['NamespaceFinalizersRemaining', 'Some content in the namespace has finalizers remaining: test.io/hold in 1 resource instances'],
    ]);
    await plane.client
      .resource<ConfigMap>(configmaps)
      .patch('held', { metadata: { finalizers: null } }, { namespace: 'doomed', type: 'merge' });
    await plane.eventuallyGone(namespaces, 'doomed');
  });
});

describe('a namespace with a pod that is held', () => {
  it('keeps everything else until the pod is gone, and does not tell of what is left before', async () => {
    await plane.create(namespaces, namespace('podded'));
    await plane.eventuallyAll(serviceaccounts, (all) => all.length === 1, 'podded');
    const metadata = { name: 'held', namespace: 'podded', finalizers: ['test.io/hold'] };
    await plane.create<Pod>(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'app', image: 'web' }] } });
    await plane.create(configmaps, { ...configMap('kept'), metadata: { name: 'kept', namespace: 'podded' } });
    await plane.client.resource<Namespace>(namespaces).delete('podded');
    const { status } = await plane.eventually<Namespace>(namespaces, 'podded', (one) => one.status.conditions?.length === 5);
    expect(status.conditions?.map((condition) => condition.status)).toEqual(Array.from({ length: 5 }, () => 'False'));
    await plane.get<ConfigMap>(configmaps, 'kept', 'podded');
    await plane.client.resource<Pod>(pods).patch('held', { metadata: { finalizers: null } }, { namespace: 'podded', type: 'merge' });
    await plane.eventuallyGone(namespaces, 'podded');
  });
});

describe('the garbage collector', () => {
  it('deletes in the background what has no owner any more, down the line', async () => {
    const owner = await plane.create<ConfigMap>(configmaps, configMap('bg'));
    const child = await plane.create<ConfigMap>(configmaps, configMap('bg-child', ownedBy(owner)));
    await plane.create(configmaps, configMap('bg-grandchild', ownedBy(child)));
    await remove('bg', 'Background');
    await plane.eventuallyGone(configmaps, 'bg-child');
    await plane.eventuallyGone(configmaps, 'bg-grandchild');
  });

  it('deletes in the foreground: the owner goes last', async () => {
    const owner = await plane.create<ConfigMap>(configmaps, configMap('fg'));
    await plane.create(
      configmaps,
      configMap('fg-child', { ...ownedBy(owner, { blockOwnerDeletion: true }), finalizers: ['test.io/hold'] }),
    );
    await remove('fg', 'Foreground');
    await plane.eventually<ConfigMap>(configmaps, 'fg-child', ({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect((await plane.get<ConfigMap>(configmaps, 'fg')).metadata.finalizers).toEqual(['foregroundDeletion']);
    await plane.client
      .resource<ConfigMap>(configmaps)
      .patch('fg-child', { metadata: { finalizers: null } }, { namespace: 'default', type: 'merge' });
    await plane.eventuallyGone(configmaps, 'fg');
  });

  it('leaves orphans alone', async () => {
    const owner = await plane.create<ConfigMap>(configmaps, configMap('or'));
    await plane.create(configmaps, configMap('or-child', ownedBy(owner)));
    await remove('or', 'Orphan');
    await plane.eventuallyGone(configmaps, 'or');
    expect((await plane.get<ConfigMap>(configmaps, 'or-child')).metadata.ownerReferences).toBeUndefined();
  });

  it('keeps what still has an owner, and drops the reference to the other', async () => {
    const one = await plane.create<ConfigMap>(configmaps, configMap('one'));
    const two = await plane.create<ConfigMap>(configmaps, configMap('two'));
    const ownerReferences = [...ownedBy(one).ownerReferences, ...ownedBy(two).ownerReferences];
    await plane.create(configmaps, configMap('both', { ownerReferences }));
    await remove('one', 'Background');
    const left = await plane.eventually<ConfigMap>(configmaps, 'both', ({ metadata }) => metadata.ownerReferences?.length === 1);
    expect(left.metadata.ownerReferences?.[0]?.name).toBe('two');
  });

  it('deletes what refers to an owner that never was', async () => {
    await plane.create(
      configmaps,
      configMap('lost', { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: 'no-such-uid' }] }),
    );
    await plane.eventuallyGone(configmaps, 'lost');
  });
});

describe('nodes', () => {
  it('get a block of addresses each', async () => {
    const all = await plane.eventuallyAll<Node>(nodes, (some) => some.every(({ spec }) => spec.podCIDR !== undefined));
    expect(new Set(all.map(({ spec }) => spec.podCIDR)).size).toBe(all.length);
    expect(all[0]?.spec.podCIDRs).toEqual([all[0]?.spec.podCIDR]);
  });

  it('whose block cannot be written are told of, and get one once it can', async () => {
    const { validatingadmissionpolicies: policies, validatingadmissionpolicybindings: bindings } = admissionregistrationKinds;
    const resources = { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['nodes'] };
    const expression = "!has(object.metadata.labels) || !('refused' in object.metadata.labels)";
    await plane.create(policies, {
      metadata: { name: 'refusing' },
      spec: { matchConstraints: { resourceRules: [resources] }, validations: [{ expression }] },
    });
    await plane.create(bindings, { metadata: { name: 'refusing' }, spec: { policyName: 'refusing', validationActions: ['Deny'] } });
    const label = { metadata: { labels: { refused: '' } } };
    const isRefused = (name: string, query: Record<string, string>) =>
      plane.client
        .request('PATCH', `/api/v1/nodes/${name}`, { query, body: label, contentType: 'application/merge-patch+json' })
        .then(() => false, isInvalid);
    await expect.poll(() => isRefused('alive', { dryRun: 'All' })).toBe(true);
    await plane.create<Node>(nodes, { metadata: { name: 'refused', ...label.metadata } });
    const isTold = ({ involvedObject, reason, message, source }: Event) =>
      involvedObject.name === 'refused' &&
      reason === 'CIDRAssignmentFailed' &&
      message === 'Node refused status is now: CIDRAssignmentFailed' &&
      source?.component === 'cidrAllocator';
    await plane.eventuallyAll<Event>(events, (all) => all.some(isTold), 'default');
    await plane.client.resource(bindings).delete('refusing', {});
    label.metadata.labels.refused = 'no'; // a change, of which the controller hears
    await expect.poll(() => isRefused('refused', {})).toBe(false);
    await plane.eventually<Node>(nodes, 'refused', ({ spec }) => (spec.podCIDRs ?? []).length === 1);
    await plane.client.resource(nodes).delete('refused', {});
    await plane.client.resource(policies).delete('refusing', {});
  });

  it('that go silent are said to be, are tainted, and lose their pods', async () => {
    await plane.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'stays', namespace: 'default' },
      spec: { nodeName: 'silent', containers: [{ name: 'app', image: 'x' }], tolerations: [{ operator: 'Exists' }] },
    });
    await plane.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'leaves', namespace: 'default' },
      spec: {
        nodeName: 'silent',
        containers: [{ name: 'app', image: 'x' }],
        tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 }],
      },
    });
    const isReady = ({ status }: Live<Pod>) => status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    await plane.eventuallyAll<Pod>(pods, (all) => all.length === 2 && all.every(isReady));
    silence.abort();
    const silent = await plane.eventually<Node>(nodes, 'silent', ({ spec }) => spec.taints?.length === 2);
    expect(silent.status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    expect(silent.spec.taints?.map(({ key, effect }) => `${key}:${effect}`).sort()).toEqual([
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/unreachable:NoSchedule',
    ]);
    await plane.eventuallyGone(pods, 'leaves');
    await plane.eventually<Pod>(pods, 'stays', (pod) => !isReady(pod));
    await plane.eventually<Node>(nodes, 'alive', ({ spec }) => !spec.taints?.length);
    const wanted = [
      'NodeNotReady: Node silent status is now: NodeNotReady',
      'TaintManagerEviction: Marking for deletion Pod default/leaves',
      'RegisteredNode: Node alive event: Registered Node alive in Controller',
    ];
    await plane.eventuallyAll<Event>(events, (all) => {
      const messages = all.map(({ reason, message }) => `${reason}: ${message}`);
      return wanted.every((message) => messages.includes(message));
    });
    const end = new AbortController();
    const back = beat('silent', end.signal);
    await plane.eventually<Node>(nodes, 'silent', ({ spec }) => !spec.taints?.length);
    end.abort();
    await back;
  });

  it('that are unschedulable are tainted so', async () => {
    await registerNode(plane.client, 'cordoned');
    await plane.client.resource<Node>(nodes).patch('cordoned', { spec: { unschedulable: true } }, { type: 'merge' });
    await plane.eventually<Node>(
      nodes,
      'cordoned',
      ({ spec }) => spec.taints?.some(({ key }) => key === 'node.kubernetes.io/unschedulable') === true,
    );
  });
});

/** Keeps a node alive until the signal. */
async function sayReady(name: string): Promise<void> {
  const now = new Date(systemClock.now()).toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastHeartbeatTime: now, lastTransitionTime: now };
  await plane.client.resource<Node>(nodes).patch(name, { status: { conditions: [ready] } }, { type: 'strategic', subresource: 'status' });
}

/** As a kubelet: a node that was taken for silent, be it that the machine was busy, says again that it is ready. */
async function beat(name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await renewLease(plane.client, name);
    const { status } = await plane.get<Node>(nodes, name);
    if (status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'Unknown')) await sayReady(name);
    await systemClock.sleep(300, signal).catch(() => undefined);
  }
}

describe('cluster roles', () => {
  it('that aggregate take in what fits', async () => {
    const role = (name: string, more: object) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      ...more,
    });
    const rules = [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
    await plane.create(
      rbacKinds.clusterroles,
      role('sum', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] }, rules: [] }),
    );
    await plane.create(rbacKinds.clusterroles, { ...role('part', { rules }), metadata: { name: 'part', labels: { part: 'yes' } } });
    await plane.eventually<ClusterRole>(rbacKinds.clusterroles, 'sum', (sum) => sum.rules?.[0]?.resources?.[0] === 'pods');
    const without = { metadata: { labels: { part: null } } };
    await plane.client.resource<ClusterRole>(rbacKinds.clusterroles).patch('part', without, { type: 'merge' });
    const empty = await plane.eventually<ClusterRole>(rbacKinds.clusterroles, 'sum', (sum) => !sum.rules?.length);
    expect(JSON.stringify(empty.metadata.managedFields)).not.toContain('clusterrole-aggregation-controller');
  });
});

describe('leader election', () => {
  it('lets one work, and the next when it stops', async () => {
    const first = await plane.get<Lease>(coordinationKinds.leases, 'kube-controller-manager', 'kube-system');
    const standby = createControllerManager({ client: plane.client, leaderElection: { identity: 'standby', name: 'other' } });
    const times = { leaseDurationMs: 1500, renewDeadlineMs: 1000, retryPeriodMs: 100 };
    const rival = createControllerManager({ client: plane.client, leaderElection: { identity: 'rival', name: 'other', ...times } });
    await standby.start();
    await rival.start();
    const holder = async () => (await plane.get<Lease>(coordinationKinds.leases, 'other', 'kube-system')).spec.holderIdentity;
    expect([await holder(), first.spec.holderIdentity]).toEqual(['standby', expect.stringContaining('_')]);
    await standby.stop();
    await waitFor(
      async () => ((await holder()) === 'rival' ? true : undefined),
      () => 'the standby did not take over',
    );
    await rival.stop();
  });
});
