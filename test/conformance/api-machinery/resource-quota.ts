// What Kubernetes' conformance tests ask of ResourceQuotas: what they count follows the life of every object, whoever's scope it is in.
import { describe, expect, it } from 'vitest';
import type { Json } from '../../support/conformance.ts';
import { c } from './cluster.ts';

const PAUSE = 'registry.k8s.io/pause:3.10.1';
const DONGLE = 'example.com/dongle';

const HARD = {
  pods: '5',
  services: '10',
  'services.nodeports': '1',
  'services.loadbalancers': '1',
  replicationcontrollers: '10',
  resourcequotas: '1',
  configmaps: '10',
  secrets: '10',
  cpu: '1',
  memory: '500Mi',
  'ephemeral-storage': '50Gi',
  persistentvolumeclaims: '10',
  'requests.storage': '10Gi',
  'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '10',
  'gold.storageclass.storage.k8s.io/requests.storage': '10Gi',
  'count/replicasets.apps': '5',
  [`requests.${DONGLE}`]: '3',
};

/** A namespace with a quota. */
async function quotaIn(base: string, spec: object = { hard: HARD }, name = 'test-quota') {
  const ns = await c.namespace(base);
  const core = `/api/v1/namespaces/${ns}`;
  await c.must('POST', `${core}/resourcequotas`, { metadata: { name }, spec });
  const path = `${core}/resourcequotas/${name}`;
  const uses = (expected: Record<string, string>, at = path) =>
    c.eventually(at, ({ status }) => Object.entries(expected).every(([resource, amount]) => status.used?.[resource] === amount));
  await c.eventually(path, ({ status }) => status.used !== undefined);
  return { ns, core, path, uses };
}

const pod = (name: string, requests?: object, limits?: object, more: object = {}) => ({
  metadata: { name },
  spec: {
    containers: [{ name: 'pause', image: PAUSE, ...(requests ? { resources: { requests, ...(limits ? { limits } : {}) } } : {}) }],
    ...more,
  },
});

describe.concurrent('quotas', () => {
  it('count themselves at once, and Services as they come and go', async () => {
    const { core, uses } = await quotaIn('quota-services');
    await uses({ resourcequotas: '1' });
    const service = (name: string, type: string, more: object = {}) => ({
      metadata: { name },
      spec: { type, ports: [{ port: 80, targetPort: 80 }], ...more },
    });
    await c.must('POST', `${core}/services`, service('test-service', 'ClusterIP'));
    await c.must('POST', `${core}/services`, service('test-service-np', 'NodePort'));
    const refused = await c.call(
      'POST',
      `${core}/services`,
      service('test-service-lb', 'LoadBalancer', { allocateLoadBalancerNodePorts: true }),
    );
    expect([refused.status, refused.body.reason]).toEqual([403, 'Forbidden']);
    expect(refused.body.message).toContain(
      'exceeded quota: test-quota, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
    );
    await uses({ resourcequotas: '1', services: '2', 'services.nodeports': '1' });
    for (const name of ['test-service', 'test-service-np']) await c.must('DELETE', `${core}/services/${name}`);
    await uses({ services: '0', 'services.nodeports': '0' });
  });

  it('count Secrets, ConfigMaps, ReplicaSets, controllers and claims', async () => {
    const { ns, core, uses } = await quotaIn('quota-objects');
    const template = { metadata: { labels: { name: 'x' } }, spec: { containers: [{ name: 'x', image: PAUSE }] } };
    const claim = { accessModes: ['ReadWriteOnce'], storageClassName: 'gold', resources: { requests: { storage: '1Gi' } } };
    for (const [path, resource, object, own] of [
      [`${core}/secrets`, 'secrets', { data: { a: 'dmFsdWUtMg==' } }, {}],
      [`${core}/configmaps`, 'configmaps', { data: { a: 'b' } }, {}],
      [`${core}/replicationcontrollers`, 'replicationcontrollers', { spec: { replicas: 0, selector: { name: 'x' }, template } }, {}],
      [
        `/apis/apps/v1/namespaces/${ns}/replicasets`,
        'count/replicasets.apps',
        { spec: { replicas: 0, selector: { matchLabels: { name: 'x' } }, template } },
        {},
      ],
      [
        `${core}/persistentvolumeclaims`,
        'persistentvolumeclaims',
        { spec: claim },
        { 'gold.storageclass.storage.k8s.io/requests.storage': '1Gi', 'requests.storage': '1Gi' },
      ],
    ] as const) {
      const { status } = await c.get(`${core}/resourcequotas/test-quota`);
      const before = Number(status.used[resource]);
      await c.must('POST', path, { metadata: { name: 'counted' }, ...object });
      await uses({ [resource]: String(before + 1), ...own });
      await c.must('DELETE', `${path}/counted`);
      await uses({ [resource]: String(before) });
    }
  });

  it('hold pods to what is left, of extended resources too, and let go of it with them', async () => {
    const { core, uses } = await quotaIn('quota-pods');
    const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [DONGLE]: '2' };
    const made = await c.must('POST', `${core}/pods`, pod('test-pod', requests, { [DONGLE]: '2' }));
    const used = { pods: '1', cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [`requests.${DONGLE}`]: '2' };
    await uses(used);
    const tooMuch = await c.call('POST', `${core}/pods`, pod('fail-pod', { cpu: '600m', memory: '100Mi' }));
    expect(tooMuch.status).toBe(403);
    const dongles = await c.call('POST', `${core}/pods`, pod('fail-dongles', { ...requests, memory: '100Mi' }, { [DONGLE]: '2' }));
    expect([dongles.status, dongles.body.message]).toEqual([403, expect.stringContaining(`requests.${DONGLE}=2`)]);
    delete made.metadata.resourceVersion;
    made.spec.containers[0].resources.requests = { cpu: '100m', memory: '100Mi', 'ephemeral-storage': '10Gi' };
    expect((await c.call('PUT', `${core}/pods/test-pod`, made)).status).toBe(422);
    await uses(used);
    await c.must('DELETE', `${core}/pods/test-pod`, { gracePeriodSeconds: 0 });
    await uses({ pods: '0', cpu: '0', memory: '0', 'ephemeral-storage': '0', [`requests.${DONGLE}`]: '0' });
  });

  it('of a scope count the pods of that scope, and no others', async () => {
    const requests = { cpu: '500m', memory: '200Mi' };
    const limits = { cpu: '1', memory: '400Mi' };
    for (const [base, inside, outside, hard, ofInside, ofOutside, used] of [
      ['quota-best-effort', 'BestEffort', 'NotBestEffort', { pods: '5' }, [], [requests, limits], { pods: '1' }],
      [
        'quota-terminating',
        'Terminating',
        'NotTerminating',
        { pods: '5', 'requests.cpu': '1', 'requests.memory': '500Mi', 'limits.cpu': '2', 'limits.memory': '1Gi' },
        [requests, limits, { activeDeadlineSeconds: 3600 }],
        [requests, limits],
        { pods: '1', 'requests.cpu': '500m', 'requests.memory': '200Mi', 'limits.cpu': '1', 'limits.memory': '400Mi' },
      ],
    ] as const) {
      const { core, path, uses } = await quotaIn(base, { hard, scopes: [inside] });
      const other = `${core}/resourcequotas/other`;
      await c.must('POST', `${core}/resourcequotas`, { metadata: { name: 'other' }, spec: { hard, scopes: [outside] } });
      await uses({ pods: '0' }, other);
      const free = Object.fromEntries(Object.keys(used).map((name) => [name, '0']));
      for (const [args, counted, idle] of [
        [ofInside, path, other],
        [ofOutside, other, path],
      ] as const) {
        await c.must('POST', `${core}/pods`, pod('test-pod', ...(args as [])));
        await uses(used, counted);
        await uses(free, idle);
        await c.must('DELETE', `${core}/pods/test-pod`, { gracePeriodSeconds: 0 });
        await uses(free, counted);
      }
    }
  });

  it('are updated, patched, listed everywhere and deleted together; their status is apart', async () => {
    const { core, path, ns } = await quotaIn('quota-life', { hard: { cpu: '1', memory: '500Mi' } });
    const made = await c.get(path);
    made.spec.hard = { cpu: '2', memory: '1Gi' };
    made.metadata.labels = { 'e2e-quota': 'life' };
    expect((await c.must('PUT', path, made)).spec.hard).toEqual({ cpu: '2', memory: '1Gi' });
    await c.eventually(path, ({ status }) => status.hard.cpu === '2');
    expect(
      (await c.get('/api/v1/resourcequotas?labelSelector=e2e-quota%3Dlife')).items.map(({ metadata }: Json) => metadata.namespace),
    ).toEqual([ns]);
    const patched = await c.patch(
      path,
      { metadata: { labels: { patched: 'yes' } }, spec: { hard: { memory: '750Mi' } } },
      'strategic-merge',
    );
    expect([patched.metadata.labels.patched, patched.spec.hard.memory]).toEqual(['yes', '750Mi']);
    using seen = await c.watch(`${core}/resourcequotas?watch=true&resourceVersion=${patched.metadata.resourceVersion}`);
    const current = await c.eventually(`${path}/status`, ({ status }) => status.hard.memory === '750Mi');
    current.status.hard = { cpu: '4', memory: '2Gi' };
    expect((await c.must('PUT', `${path}/status`, current)).status.hard).toEqual({ cpu: '4', memory: '2Gi' });
    await seen.next('MODIFIED', ({ status }) => status.hard.cpu === '4');
    // The controller puts it right when it next looks: at the latest after five minutes, for new limits at once.
    await c.patch(path, { spec: { hard: { memory: '800Mi' } } });
    await seen.next('MODIFIED', ({ status }) => status.hard.cpu === '2' && status.hard.memory === '800Mi');
    const again = await c.patch(`${path}/status`, { spec: { hard: { cpu: '9' } }, status: { hard: { cpu: '8', memory: '4Gi' } } });
    expect([again.status.hard.cpu, again.spec.hard.cpu]).toEqual(['8', '2']);
    await c.must('DELETE', `${core}/resourcequotas?labelSelector=patched%3Dyes`);
    await c.gone(path);
  });
});
