import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  ApiError,
  apiError,
  apiextensionsKinds,
  appsKinds,
  coreKinds,
  type Deployment,
  type Event,
  type KindInfo,
  type Live,
  type Pod,
  type PodDisruptionBudget,
  policyKinds,
  type ReplicaSet,
  toTime,
} from '../../api/index.ts';
import { systemClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { Gates } from '../support/gates.ts';

const { deployments } = appsKinds;
const { pods, events } = coreKinds;
const { poddisruptionbudgets: budgets } = policyKinds;
const inDefault = { namespace: 'default' };

const gates = new Gates();
/** How many more times who asks for the scale of `unlucky` is told that the server went wrong. */
let refusals = 2;
const answer = (path: string): undefined => {
  if (path.endsWith('/unlucky/scale') && refusals-- > 0) throw apiError.internal('refused');
};
let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ nodes: ['n1', 'n2'], gates, answer });
});
afterEach(() => gates.openAll());
afterAll(() => plane[Symbol.asyncDispose]());

const template = (app: string) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: 'app', image: 'web:1' }] } });
const deploy = async (app: string, replicas: number) => {
  const spec = { replicas, selector: { matchLabels: { app } }, template: template(app) };
  await plane.create<Deployment>(deployments, { metadata: { name: app, ...inDefault }, spec });
  await plane.eventually<Deployment>(deployments, app, ({ status }) => status.readyReplicas === replicas);
};
const guard = (name: string, spec: object) =>
  plane.create<PodDisruptionBudget>(budgets, {
    metadata: { name, ...inDefault },
    spec: { selector: { matchLabels: { app: name } }, ...spec },
  });
const isReady = (app: string) => (pod: Live<Pod>) =>
  pod.metadata.labels?.app === app && !pod.metadata.deletionTimestamp && pod.status.phase === 'Running';
const evict = async (pod: Live<Pod> | undefined) => {
  const name = pod?.metadata.name ?? '';
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, ...inDefault } };
  try {
    await plane.client.resource<Pod>(pods).createSubresource(name, 'eviction', body, inDefault);
    return 'evicted';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return `${error.status.message} ${error.status.details?.causes?.[0]?.message}`;
  }
};
const allows = (count: number, expectedPods: number) => (budget: Live<PodDisruptionBudget>) =>
  budget.status.disruptionsAllowed === count && budget.status.expectedPods === expectedPods;
const told = (name: string, text: string) =>
  plane.eventuallyAll<Event>(events, (all) =>
    all.some(({ involvedObject, message }) => involvedObject.name === name && message?.includes(text)),
  );

describe('a PodDisruptionBudget', () => {
  it('lets pods be evicted one by one, as they come back', async () => {
    await deploy('web', 3);
    await guard('web', { minAvailable: 2 });
    const budget = await plane.eventually<PodDisruptionBudget>(budgets, 'web', allows(1, 3));
    expect(budget.status).toMatchObject({ currentHealthy: 3, desiredHealthy: 2, observedGeneration: 1 });
    expect(budget.status.conditions).toMatchObject([{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }]);
    const [a, b] = (await plane.list<Pod>(pods, 'default')).filter(isReady('web'));
    const outcomes = [await evict(a), await evict(b)];
    expect(outcomes[0]).toBe('evicted');
    if (outcomes[1] !== 'evicted') expect(outcomes[1]).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    await plane.eventually<PodDisruptionBudget>(budgets, 'web', (live) => allows(1, 3)(live) && live.status.disruptedPods === undefined);
    expect((await plane.list<Pod>(pods, 'default')).filter(isReady('web'))).toHaveLength(3);
  });

  it('takes percentages of what the Deployment wants, old and new ReplicaSets together', async () => {
    await deploy('half', 4);
    await guard('half', { maxUnavailable: '30%' });
    await plane.eventually<PodDisruptionBudget>(budgets, 'half', (b) => allows(2, 4)(b) && b.status.desiredHealthy === 2);
    const scale = { spec: { replicas: 6 } };
    await plane.client.resource<Deployment>(deployments).patch('half', scale, { ...inDefault, type: 'merge' });
    await plane.eventually<PodDisruptionBudget>(budgets, 'half', (b) => allows(2, 6)(b) && b.status.desiredHealthy === 4);
  });

  it('says when it has nothing to work with', async () => {
    await guard('empty', { minAvailable: 1 });
    await told('empty', 'No matching pods found');
    await plane.create<Pod>(pods, { metadata: { name: 'lone', ...inDefault, labels: { app: 'lone' } }, spec: template('').spec });
    await guard('lone', { maxUnavailable: 1 });
    await told('lone', 'Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: lone,}');
    await plane.eventually<PodDisruptionBudget>(budgets, 'lone', allows(0, 0));
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ReplicationController', name: 'gone', uid: 'gone', controller: true }];
    const metadata = { name: 'orphan', ...inDefault, labels: { app: 'orphan' }, ownerReferences };
    await plane.create<Pod>(pods, { metadata, spec: template('').spec });
    await guard('orphan', { maxUnavailable: 1 });
    await told('orphan', 'found no controllers for pod "orphan"');
    await plane.eventuallyAll<Event>(events, (all) => all.some(({ reason }) => reason === 'NoControllers'));
  });

  it.each([
    ['unseen', 'asks the server for a controller that is not in the cache yet'],
    ['unlucky', 'asks again when the server goes wrong twice in the same way, of which nothing new is written'],
  ])('%s: %s', async (app) => {
    gates.close('watch replicasets');
    const spec = { replicas: 1, selector: { matchLabels: { app } }, template: template(app) };
    const { metadata: owner } = await plane.create<ReplicaSet>(appsKinds.replicasets, { metadata: { name: app, ...inDefault }, spec });
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner.name, uid: owner.uid, controller: true }];
    const metadata = { name: app, ...inDefault, labels: { app }, ownerReferences };
    await plane.create<Pod>(pods, { metadata, spec: template('').spec });
    await plane.eventually<Pod>(pods, app, isReady(app));
    await guard(app, { maxUnavailable: 1 });
    await plane.eventually<PodDisruptionBudget>(budgets, app, allows(1, 1));
    gates.open('watch replicasets');
  });

  it('asks the scale of custom resources', async () => {
    const group = 'test.example.com';
    const kinds: KindInfo[] = [];
    for (const [kind, subresources] of [
      ['Herd', { scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } }],
      ['Flock', {}],
    ] as const) {
      const plural = `${kind.toLowerCase()}s`;
      const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
      const versions = [{ name: 'v1', served: true, storage: true, schema, subresources }];
      const spec = { group, scope: 'Namespaced', names: { kind, plural, singular: kind.toLowerCase() }, versions };
      await plane.create(apiextensionsKinds.customresourcedefinitions, { metadata: { name: `${plural}.${group}` }, spec });
      kinds.push({
        group,
        version: 'v1',
        kind,
        resource: plural,
        singular: kind.toLowerCase(),
        namespaced: true,
        verbs: [],
        subresources: [],
      });
      const established = (crd: Live<{ metadata: object; status?: { conditions?: { type: string; status: string }[] } }>) =>
        crd.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true;
      await plane.eventually<never>(apiextensionsKinds.customresourcedefinitions, `${plural}.${group}`, established as never);
    }
    const [herds, flocks] = kinds;
    for (const [kind, app] of [
      [herds, 'cows'],
      [flocks, 'sheep'],
    ] as const) {
      if (!kind) continue;
      const owner = await plane.create(kind, {
        apiVersion: `${group}/v1`,
        kind: kind.kind,
        metadata: { name: app, ...inDefault },
        spec: { replicas: 5 },
      });
      const ownerReferences = [{ apiVersion: `${group}/v1`, kind: kind.kind, name: app, uid: owner.metadata.uid, controller: true }];
      await plane.create<Pod>(pods, { metadata: { name: app, ...inDefault, labels: { app }, ownerReferences }, spec: template('').spec });
      await plane.eventually<Pod>(pods, app, isReady(app));
      await guard(app, { minAvailable: '20%' });
    }
    await plane.eventually<PodDisruptionBudget>(budgets, 'cows', (b) => allows(0, 5)(b) && b.status.desiredHealthy === 1);
    const failed = await plane.eventually<PodDisruptionBudget>(budgets, 'sheep', (b) => b.status.conditions?.[0]?.reason === 'SyncFailed');
    expect(failed.status.conditions?.[0]?.message).toBe('flocks.test.example.com does not implement the scale subresource');
    await told(
      'sheep',
      'Failed to calculate the number of expected pods: flocks.test.example.com does not implement the scale subresource',
    );
  });

  it('takes back what was announced and did not come', async () => {
    await plane.create<Pod>(pods, { metadata: { name: 'spared', ...inDefault, labels: { app: 'spared' } }, spec: template('').spec });
    await plane.eventually<Pod>(pods, 'spared', isReady('spared'));
    const lastTransitionTime = toTime(systemClock.now() - 121_000);
    const announced = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'soon', lastTransitionTime };
    const status = { conditions: [announced] };
    await plane.client.resource<Pod>(pods).patch('spared', { status }, { ...inDefault, type: 'strategic', subresource: 'status' });
    const conditionOf = (pod: Live<Pod>) => pod.status.conditions?.find(({ type }) => type === 'DisruptionTarget');
    const spared = await plane.eventually<Pod>(pods, 'spared', (pod) => conditionOf(pod)?.status === 'False');
    expect(conditionOf(spared)).toEqual({
      type: 'DisruptionTarget',
      status: 'False',
      observedGeneration: 1,
      lastProbeTime: null,
      lastTransitionTime: expect.not.stringMatching(lastTransitionTime),
    });
  });
});
