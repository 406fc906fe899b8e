// What Kubernetes' conformance tests ask of the scheduler and of LimitRanges.
import { describe, expect, it } from 'vitest';
import { type Json, sharedConformance } from '../support/conformance.ts';

const PAUSE = 'registry.k8s.io/pause:3.10.1';

const c = sharedConformance({ nodes: 2 });

const pods = (ns: string, name = '') => `/api/v1/namespaces/${ns}/pods${name === '' ? '' : `/${name}`}`;
const HOST = 'kubernetes.io/hostname';

interface PausePod {
  readonly name: string;
  readonly requests?: object;
  readonly limits?: object;
  readonly labels?: object;
  readonly annotations?: object;
  readonly ports?: readonly object[];
  readonly spec?: object;
  readonly finalizers?: readonly string[];
}

const pausePod = ({
  name,
  requests,
  limits = requests,
  labels = {},
  annotations = {},
  ports = [],
  spec = {},
  finalizers = [],
}: PausePod) => ({
  metadata: { name, labels, annotations, finalizers },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name, image: PAUSE, ports, ...(requests || limits ? { resources: { requests, limits } } : {}) }],
    ...spec,
  },
});

const make = (ns: string, pod: PausePod) => c.must('POST', pods(ns), pausePod(pod));
const running = (ns: string, name: string) => c.eventually(pods(ns, name), ({ status }) => status.phase === 'Running');
const isUnschedulable = ({ status }: Json) =>
  status.conditions?.some(({ type, reason }: Json) => type === 'PodScheduled' && reason === 'Unschedulable');

describe.concurrent('the scheduler', () => {
  it('keeps to what a node selector says, and leaves a pod that no node fits pending', async () => {
    const ns = await c.namespace('sched-selector');
    await make(ns, { name: 'restricted-pod', spec: { nodeSelector: { label: 'nonempty' } } });
    await c.eventually(pods(ns, 'restricted-pod'), isUnschedulable);
    const events = `/api/v1/namespaces/${ns}/events?fieldSelector=involvedObject.name%3Drestricted-pod`;
    const [told] = (await c.eventually(events, ({ items }) => items.length > 0)).items;
    expect(told).toMatchObject({
      reason: 'FailedScheduling',
      message: expect.stringContaining("didn't match Pod's node affinity/selector"),
    });
    const key = 'kubernetes.io/e2e-11111111-1111';
    await c.patch('/api/v1/nodes/node-1', { metadata: { labels: { [key]: '42' } } });
    await make(ns, { name: 'with-labels', spec: { nodeSelector: { [key]: '42' } } });
    expect((await running(ns, 'with-labels')).spec.nodeName).toBe('node-1');
    await c.patch('/api/v1/nodes/node-1', { metadata: { labels: { [key]: null } } });
  });

  it('keeps a host port to one pod of a node, for all its addresses, and another protocol apart', async () => {
    const ns = await c.namespace('sched-ports');
    const at = { nodeSelector: { [HOST]: 'node-0' } };
    const port = (hostIP?: string, protocol = 'TCP') => [{ hostPort: 54322, containerPort: 8080, protocol, ...(hostIP ? { hostIP } : {}) }];
    await make(ns, { name: 'pod4', ports: port(), spec: at });
    await running(ns, 'pod4');
    await make(ns, { name: 'pod5', ports: port('127.0.0.1'), spec: at });
    await c.eventually(pods(ns, 'pod5'), isUnschedulable);
    await make(ns, { name: 'pod6', ports: port('127.0.0.1', 'UDP'), spec: at });
    await running(ns, 'pod6');
  });
});

describe.concurrent('limit ranges', () => {
  const quantity = { cpu: '300m', memory: '150Mi', 'ephemeral-storage': '150Gi' };
  const range = {
    limits: [
      {
        type: 'Container',
        min: { cpu: '50m', memory: '100Mi', 'ephemeral-storage': '100Gi' },
        max: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
        defaultRequest: { cpu: '100m', memory: '200Mi', 'ephemeral-storage': '200Gi' },
        default: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
      },
    ],
  };

  it('are watched, give pods their defaults, and refuse what is beyond them, as they say now', async () => {
    const ns = await c.namespace('limitrange');
    const all = `/api/v1/namespaces/${ns}/limitranges`;
    const { metadata } = await c.get(all);
    using seen = await c.watch(`${all}?watch=true&resourceVersion=${metadata.resourceVersion}`);
    await c.must('POST', all, { metadata: { name: 'limit-range' }, spec: range });
    expect((await seen.next('ADDED')).spec).toEqual(range);
    const resources = async (name: string, requests?: object, limits: object | undefined = requests) =>
      (await make(ns, { name, ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) })).spec.containers[0].resources;
    expect(await resources('pod-no-resources')).toEqual({ requests: range.limits[0]?.defaultRequest, limits: range.limits[0]?.default });
    const partial = { cpu: '300m', memory: '150Mi', 'ephemeral-storage': '150Gi' };
    const partialLimits = { cpu: '300m', memory: '500Mi', 'ephemeral-storage': '500Gi' };
    expect(await resources('pod-partial-resources', quantity, { cpu: '300m' })).toEqual({ requests: partial, limits: partialLimits });
    const refused = async (name: string, amount: object) =>
      (await c.call('POST', pods(ns), pausePod({ name, requests: amount, limits: {} }))).body;
    expect((await refused('too-small', { cpu: '10m', memory: '50Mi', 'ephemeral-storage': '50Gi' })).message).toMatch(
      /minimum cpu usage per Container is 50m, but request is 10m/,
    );
    expect((await refused('too-large', { cpu: '600m', memory: '600Mi', 'ephemeral-storage': '600Gi' })).reason).toMatch(
      /Forbidden|Invalid/,
    );
    const current = await c.get(`${all}/limit-range`);
    current.spec.limits[0].min = { cpu: '9m', memory: '49Mi', 'ephemeral-storage': '49Gi' };
    await c.must('PUT', `${all}/limit-range`, current);
    await seen.next('MODIFIED', ({ spec }) => spec.limits[0].min.cpu === '9m');
    await resources('small', { cpu: '10m', memory: '50Mi', 'ephemeral-storage': '50Gi' });
    await c.must('DELETE', `${all}/limit-range`);
    await seen.next('DELETED');
    await resources('large', { cpu: '600m', memory: '600Mi' });
  });

  it('are listed over all namespaces, patched, and deleted by label where they are', async () => {
    const [a, b] = [await c.namespace('limitrange-a'), await c.namespace('limitrange-b')];
    const metadata = { name: 'e2e-limitrange', labels: { e2e: 'limitrange' } };
    for (const ns of [a, b]) await c.must('POST', `/api/v1/namespaces/${ns}/limitranges`, { metadata, spec: range });
    const everywhere = '/api/v1/limitranges?labelSelector=e2e%3Dlimitrange';
    expect((await c.get(everywhere)).items).toHaveLength(2);
    const patch = { metadata: { labels: { patched: 'yes' } }, spec: { limits: [{ type: 'Container', min: { cpu: '49m' } }] } };
    const patched = await c.patch(`/api/v1/namespaces/${a}/limitranges/e2e-limitrange`, patch, 'strategic-merge');
    expect([patched.metadata.labels.patched, patched.spec.limits[0].min.cpu]).toEqual(['yes', '49m']);
    await c.must('DELETE', `/api/v1/namespaces/${a}/limitranges?labelSelector=patched%3Dyes`);
    await c.eventually(everywhere, ({ items }) => items.length === 1);
    expect((await c.get(everywhere)).items[0].metadata.namespace).toBe(b);
  });
});

describe('priority classes', () => {
  it('may change what they say, and not what they mean', async () => {
    const all = '/apis/scheduling.k8s.io/v1/priorityclasses';
    const label = { e2e: 'priorityclasses' };
    const [first, second] = await Promise.all(
      [1, 2].map((value) => c.must('POST', all, { metadata: { name: `pc${value}`, labels: label }, value })),
    );
    const patch = await c.call('PATCH', `${all}/pc1`, { value: 10 }, { contentType: 'application/strategic-merge-patch+json' });
    const put = await c.call('PUT', `${all}/pc2`, { ...second, value: 20 });
    for (const { status, body } of [patch, put]) {
      expect(status).toBe(422);
      expect(body.message).toContain('may not be changed in an update');
    }
    const description = 'updated description';
    await c.patch(`${all}/pc1`, { description }, 'strategic-merge');
    await c.must('PUT', `${all}/pc2`, { ...second, description });
    expect((await c.get(`${all}/pc1`)).value).toBe(first.value);
    for (const name of ['pc1', 'pc2']) expect((await c.get(`${all}/${name}`)).description).toBe(description);
    await c.must('DELETE', `${all}?labelSelector=e2e%3Dpriorityclasses`);
  });
});

describe('pods that want more than there is', () => {
  const EXTENDED = 'scheduling.k8s.io/foo';

  /** Nodes have some of a resource that nobody knows: their kubelets leave it alone. */
  const provide = async (name: string, amount: string) => {
    const { items } = await c.get('/api/v1/nodes');
    for (const { metadata } of items)
      await c.patch(
        `/api/v1/nodes/${metadata.name}/status`,
        { status: { capacity: { [name]: amount }, allocatable: { [name]: amount } } },
        'strategic-merge',
      );
  };
  const withdraw = async (name: string) => {
    const { items } = await c.get('/api/v1/nodes');
    const escaped = name.replace('/', '~1');
    for (const { metadata } of items)
      await c.patch(
        `/api/v1/nodes/${metadata.name}/status`,
        ['capacity', 'allocatable'].map((of) => ({ op: 'remove', path: `/status/${of}/${escaped}` })),
        'json',
      );
  };
  const classes = async (...values: readonly (readonly [name: string, value: number])[]) => {
    for (const [name, value] of values) await c.must('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value });
  };
  const at = (priorityClassName: string, node?: string) => ({ priorityClassName, ...(node ? { nodeSelector: { [HOST]: node } } : {}) });
  const some = (amount: string) => ({ requests: { [EXTENDED]: amount } });

  it('take it from pods of lower priority, be they critical or only higher, and from no others', async () => {
    const ns = await c.namespace('sched-preemption');
    await provide(EXTENDED, '5');
    await classes(['low-priority', 1], ['medium-priority', 100], ['high-priority', 1000]);
    const fill = async (suffix: string) => {
      await make(ns, { name: `low-${suffix}`, ...some('3'), spec: at('low-priority', 'node-0') });
      await make(ns, { name: `medium-0-${suffix}`, ...some('2'), spec: at('medium-priority', 'node-0') });
      await make(ns, { name: `medium-1-${suffix}`, ...some('3'), spec: at('medium-priority', 'node-1') });
      for (const name of [`low-${suffix}`, `medium-0-${suffix}`, `medium-1-${suffix}`]) await running(ns, name);
    };
    await fill('a');
    await make(ns, { name: 'preemptor-pod', ...some('3'), spec: at('high-priority') });
    await running(ns, 'preemptor-pod');
    await c.gone(pods(ns, 'low-a'));
    for (const name of ['medium-0-a', 'medium-1-a']) expect((await c.get(pods(ns, name))).metadata.deletionTimestamp).toBeUndefined();
    await c.must('DELETE', pods(ns));
    await c.eventually(pods(ns), ({ items }) => items.length === 0);
    await fill('b');
    const critical = pausePod({ name: 'critical-pod', ...some('3'), spec: { priorityClassName: 'system-cluster-critical' } });
    await c.must('POST', pods('kube-system'), critical);
    await running('kube-system', 'critical-pod');
    await c.gone(pods(ns, 'low-b'));
    await c.must('DELETE', pods('kube-system', 'critical-pod'));
    await c.must('DELETE', pods(ns));
    await c.eventually(pods(ns), ({ items }) => items.length === 0);
    await withdraw(EXTENDED);
  });

  it('leave those whose place they take with a condition that says so', async () => {
    const ns = await c.namespace('sched-disruption');
    await provide(EXTENDED, '1');
    await classes(['disrupted', 1], ['disrupting', 1000]);
    const finalizers = ['example.com/test-finalizer'];
    await make(ns, { name: 'victim-pod', ...some('1'), spec: at('disrupted', 'node-0'), finalizers });
    await running(ns, 'victim-pod');
    await make(ns, { name: 'preemptor-pod', ...some('1'), spec: at('disrupting', 'node-0') });
    await c.eventually(pods(ns, 'victim-pod'), ({ metadata }) => metadata.deletionTimestamp !== undefined);
    const victim = await c.eventually(pods(ns, 'victim-pod'), ({ status }) =>
      status.conditions.some(({ type }: Json) => type === 'DisruptionTarget'),
    );
    expect(victim.status.conditions.find(({ type }: Json) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'PreemptionByScheduler',
    });
    await c.patch(pods(ns, 'victim-pod'), { metadata: { finalizers: null } });
    await running(ns, 'preemptor-pod');
    await c.must('DELETE', pods(ns));
    await withdraw(EXTENDED);
  });

  it('take no more of ReplicaSets than they need', async () => {
    const fake = 'example.com/fakecpu';
    const ns = await c.namespace('sched-path');
    await provide(fake, '1000');
    await classes(['p1', 1], ['p2', 2], ['p3', 3], ['p4', 4]);
    const { metadata } = await c.get(pods(ns));
    using seen = await c.watch(`${pods(ns)}?watch=true&resourceVersion=${metadata.resourceVersion}`);
    for (const [name, amount] of [
      ['pod1', '200'],
      ['pod2', '300'],
      ['pod3', '450'],
    ] as const) {
      const labels = { name };
      const template = pausePod({ name, labels, requests: { [fake]: amount }, spec: at(name.replace('pod', 'p'), 'node-0') });
      await c.must('POST', `/apis/apps/v1/namespaces/${ns}/replicasets`, {
        metadata: { name: `rs-${name}` },
        spec: { replicas: 1, selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
      });
      await c.eventually(`/apis/apps/v1/namespaces/${ns}/replicasets/rs-${name}`, ({ status }) => status.availableReplicas === 1);
    }
    await make(ns, { name: 'pod4', requests: { [fake]: '500' }, spec: at('p4', 'node-0') });
    await running(ns, 'pod4');
    const added = () => seen.frames.filter(({ type }) => type === 'ADDED').map(({ object }) => object.metadata.labels?.name ?? 'preemptor');
    await c.eventually(pods(ns), ({ items }) => items.filter(isUnschedulable).length === 2);
    const wanted = ['pod1', 'pod1', 'pod2', 'pod2', 'pod3', 'preemptor'];
    // What a watch tells may come behind what is read.
    for (const _ of wanted) await seen.next('ADDED');
    expect(added().sort()).toEqual(wanted);
    await c.must('DELETE', `/apis/apps/v1/namespaces/${ns}/replicasets`);
    await withdraw(fake);
  });

  it('of the nodes’ own processors wait for it', async () => {
    const ns = await c.namespace('sched-limits');
    const { items } = await c.get('/api/v1/nodes');
    const cpus = (text: string) => (text.endsWith('m') ? Number(text.slice(0, -1)) : Number(text) * 1000);
    for (const { metadata, status } of items) {
      const cpu = `${Math.floor(cpus(status.allocatable.cpu) * 0.7)}m`;
      await make(ns, { name: `filler-${metadata.name}`, requests: { cpu }, spec: { nodeSelector: { [HOST]: metadata.name } } });
      await running(ns, `filler-${metadata.name}`);
    }
    await make(ns, { name: 'additional-pod', requests: { cpu: `${Math.floor(cpus(items[0].status.allocatable.cpu) * 0.5)}m` } });
    const { status } = await c.eventually(pods(ns, 'additional-pod'), isUnschedulable);
    expect(status.conditions[0].message).toContain('2 Insufficient cpu.');
  });
});
