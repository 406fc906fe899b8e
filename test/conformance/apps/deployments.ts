// What upstream's conformance suite asks of Deployments (test/e2e/apps/deployment.go).
import { describe, expect, it } from 'vitest';
import { AGNHOST, controllerOf, HTTPD, inScope, type Json, MERGE, PAUSE, type Scope, type World } from './world.ts';

interface DeploymentFacts {
  readonly replicas?: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly container?: string;
  readonly strategy?: 'RollingUpdate' | 'Recreate';
  readonly spec?: object;
  readonly pod?: object;
}

const aDeployment = (
  name: string,
  { replicas = 1, labels, image, container = 'main', strategy = 'RollingUpdate', spec, pod }: DeploymentFacts,
) => ({
  metadata: { name, labels },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    strategy: { type: strategy },
    template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: container, image }], ...pod } },
    ...spec,
  },
});

const aReplicaSet = (name: string, labels: Readonly<Record<string, string>>, annotations = {}) => ({
  metadata: { name, labels, annotations },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'httpd', image: HTTPD }] } },
  },
});

const REVISION = 'deployment.kubernetes.io/revision';

const isComplete = ({ metadata, spec, status }: Json): boolean =>
  status.observedGeneration >= metadata.generation &&
  [status.replicas ?? 0, status.updatedReplicas ?? 0, status.availableReplicas ?? 0].every((count) => count === spec.replicas);

const completed = (scope: Scope, name: string): Promise<Json> => scope.eventually('deployments', name, isComplete);

const replicaSetsOf = async (scope: Scope, name: string): Promise<Json[]> => {
  const { metadata } = await scope.get('deployments', name);
  return (await scope.items('replicasets')).filter((set) => controllerOf(set)?.uid === metadata.uid);
};

const imageOf = (object: Json): string => object.spec.template.spec.containers[0].image;

/** The ReplicaSet that has the image, once it and the Deployment have the revision. */
const atRevision = (scope: Scope, name: string, revision: string, image: string): Promise<Json> =>
  scope.until(`${name} never reached revision ${revision}`, async () => {
    const deployment = await scope.get('deployments', name);
    const set = (await replicaSetsOf(scope, name)).find(
      (one) => imageOf(one) === image && one.metadata.annotations?.[REVISION] === revision,
    );
    return deployment.metadata.annotations?.[REVISION] === revision ? set : undefined;
  });

export function deploymentTests(world: () => World): void {
  describe('a Deployment', () => {
    it('lives from its creation to its deletion, and its watchers see all of it', inScope(world, livesAndIsWatched));

    it('has a status that is read, updated and patched', inScope(world, hasStatus));

    it(
      'takes over a ReplicaSet, goes on from its revision, and replaces its pods',
      inScope(world, async (scope) => {
        await scope.create('replicasets', aReplicaSet('old', { name: 'sample', pod: 'httpd' }, { [REVISION]: '3546343826724305832' }));
        await scope.running('name=sample', 1);
        await scope.create('deployments', aDeployment('web', { labels: { name: 'sample' }, image: AGNHOST }));
        await atRevision(scope, 'web', '3546343826724305833', AGNHOST);
        await completed(scope, 'web');
        const sets = await replicaSetsOf(scope, 'web');
        expect(sets.map(({ spec }) => spec.replicas).sort()).toEqual([0, 1]);
        expect(sets.map(imageOf).sort()).toEqual([AGNHOST, HTTPD]);
      }),
    );

    it(
      'that recreates never runs new pods beside old ones',
      inScope(world, async (scope) => {
        await scope.create('deployments', aDeployment('web', { labels: { name: 'sample' }, image: AGNHOST, strategy: 'Recreate' }));
        await atRevision(scope, 'web', '1', AGNHOST);
        const { metadata } = await completed(scope, 'web');
        const { resourceVersion } = (await scope.list('pods')).metadata;
        await scope.update('deployments', 'web', ({ spec }) => {
          Object.assign(spec.template.spec.containers[0], { name: 'httpd', image: HTTPD });
        });
        const phases = new Map<string, { image: string; ended: boolean }>();
        const mixed: string[] = [];
        await Promise.all([
          scope.eventually('deployments', 'web', (one) => one.metadata.generation > metadata.generation && isComplete(one)),
          scope.watch('pods', { resourceVersion }, ({ type, object }) => {
            const ended = type === 'DELETED' || ['Succeeded', 'Failed'].includes(object.status.phase);
            phases.set(object.metadata.uid, { image: object.spec.containers[0].image, ended });
            const running = [...phases.values()].filter((pod) => !pod.ended).map(({ image }) => image);
            if (new Set(running).size > 1) mixed.push(running.join(' '));
            return object.spec.containers[0].image === HTTPD && object.status.phase === 'Running';
          }),
        ]);
        expect(mixed).toEqual([]);
      }),
    );

    it(
      'with no history keeps no old ReplicaSet, and makes one pod only',
      inScope(world, async (scope) => {
        await scope.create('replicasets', aReplicaSet('old', { name: 'cleanup', pod: 'httpd' }));
        await scope.running('name=cleanup', 1);
        const { resourceVersion } = (await scope.list('pods')).metadata;
        const facts = { labels: { name: 'cleanup' }, image: AGNHOST, container: 'agnhost', spec: { revisionHistoryLimit: 0 } };
        await scope.create('deployments', aDeployment('web', facts));
        await scope.until(
          'the old ReplicaSet stayed',
          () => replicaSetsOf(scope, 'web'),
          (sets) => sets.length === 1 && imageOf(sets[0]) === AGNHOST,
        );
        await scope.create('pods', { metadata: { name: 'last' }, spec: { containers: [{ name: 'pause', image: PAUSE }] } });
        const events = await scope.watch('pods', { resourceVersion }, ({ object }) => object.metadata.name === 'last');
        const made = events.filter(({ type, object }) => type === 'ADDED' && object.metadata.name !== 'last');
        expect(made.map(({ object }) => object.spec.containers[0].name)).toEqual(['agnhost']);
      }),
    );

    it('is rolled over while it rolls', inScope(world, rollsOver));
    it('that is scaled while it rolls keeps its ReplicaSets in proportion', inScope(world, scalesInProportion));

    it(
      'has a scale that is read, updated and patched',
      inScope(world, async (scope) => {
        await scope.create('deployments', aDeployment('web', { labels: { name: 'web' }, image: HTTPD }));
        await completed(scope, 'web');
        const scale = await scope.get('deployments', 'web', 'scale');
        expect([scale.spec.replicas, scale.status.replicas]).toEqual([1, 1]);
        const { resourceVersion: _unconditional, ...metadata } = scale.metadata;
        expect((await scope.put('deployments', { ...scale, metadata, spec: { replicas: 2 } }, 'scale')).spec.replicas).toBe(2);
        expect((await scope.get('deployments', 'web')).spec.replicas).toBe(2);
        await scope.patch('deployments', 'web', { spec: { replicas: 4 } }, { sub: 'scale' });
        expect((await scope.get('deployments', 'web')).spec.replicas).toBe(4);
      }),
    );

    it(
      'takes its ReplicaSets and pods with it, and its annotations are theirs but for what was applied',
      inScope(world, async (scope) => {
        const annotations = { test: 'copied', 'kubectl.kubernetes.io/last-applied-configuration': 'not copied' };
        const made = aDeployment('web', { labels: { name: 'web' }, image: HTTPD });
        await scope.create('deployments', { ...made, metadata: { ...made.metadata, annotations } });
        const set = await atRevision(scope, 'web', '1', HTTPD);
        await completed(scope, 'web');
        expect(set.metadata.annotations).toMatchObject({ test: 'copied' });
        expect(Object.keys(set.metadata.annotations)).not.toContain('kubectl.kubernetes.io/last-applied-configuration');
        await scope.remove('deployments', 'web', { propagationPolicy: 'Background' });
        await scope.until(
          'ReplicaSets and pods stayed',
          async () => [...(await scope.items('replicasets')), ...(await scope.items('pods'))],
          (left) => left.length === 0,
        );
      }),
    );

    it(
      'leaves its ReplicaSet behind as an orphan, which the next one takes over',
      inScope(world, async (scope) => {
        const made = (name: string) => aDeployment(name, { labels: { name: 'web' }, image: HTTPD });
        await scope.create('deployments', made('first'));
        await completed(scope, 'first');
        const [orphan] = await replicaSetsOf(scope, 'first');
        const { metadata } = await scope.get('deployments', 'first');
        await scope.remove('deployments', 'first', { orphanDependents: true, preconditions: { uid: metadata.uid } });
        await scope.eventually('replicasets', orphan.metadata.name, (set) => controllerOf(set) === undefined);
        await scope.create('deployments', made('second'));
        await completed(scope, 'second');
        const adopted = await replicaSetsOf(scope, 'second');
        expect(adopted.map((set) => set.metadata.uid)).toEqual([orphan.metadata.uid]);
        expect(await scope.items('replicasets')).toHaveLength(1);
      }),
    );
  });
}

async function livesAndIsWatched(scope: Scope): Promise<void> {
  const labels = { 'test-deployment-static': 'true' };
  const selector = 'test-deployment-static=true';
  const { resourceVersion } = (await scope.listAll('deployments', selector)).metadata;
  const seen = (wanted: (event: { type: string; object: Json }) => boolean) =>
    scope.watch('deployments', { resourceVersion, selector }, wanted);
  const made = aDeployment('web', { replicas: 2, labels, container: 'web', image: AGNHOST, pod: { terminationGracePeriodSeconds: 1 } });
  await scope.create('deployments', made);
  await seen(({ type }) => type === 'ADDED');
  await seen(({ object }) => object.status.readyReplicas === 2);

  const change = {
    metadata: { labels: { 'test-deployment': 'patched' } },
    spec: { replicas: 1, template: { spec: { terminationGracePeriodSeconds: 2, containers: [{ name: 'web', image: PAUSE }] } } },
  };
  await scope.patch('deployments', 'web', change);
  await seen(({ type }) => type === 'MODIFIED');
  await seen(({ object: { spec, status } }) => {
    const counts = [status.readyReplicas, status.updatedReplicas, status.unavailableReplicas ?? 0];
    const { containers, terminationGracePeriodSeconds } = spec.template.spec;
    return counts.join() === '1,1,0' && containers[0].image === PAUSE && terminationGracePeriodSeconds === 2;
  });
  expect((await scope.listAll('deployments', selector)).items.map((one: Json) => one.metadata.namespace)).toContain(scope.namespace);

  // Without a resourceVersion an update asks no conditions.
  const template = { ...made.spec.template, spec: { ...made.spec.template.spec, containers: [{ name: 'web', image: HTTPD }] } };
  const metadata = { ...made.metadata, labels: { ...labels, 'test-deployment': 'updated' } };
  await scope.put('deployments', { ...made, metadata, spec: { ...made.spec, template } });
  const isUpdated = ({ object: { spec, status } }: { object: Json }) =>
    [status.readyReplicas, status.updatedReplicas, status.unavailableReplicas ?? 0].join() === '2,2,0' &&
    spec.template.spec.containers[0].image === HTTPD;
  await seen(isUpdated);
  const read = await scope.get('deployments', 'web', 'status');
  expect([imageOf(read), read.metadata.labels['test-deployment']]).toEqual([HTTPD, 'updated']);

  const status = { metadata: { labels: { 'test-deployment': 'patched-status' } }, status: { readyReplicas: 0, availableReplicas: 0 } };
  const patched = await scope.patch('deployments', 'web', status, { sub: 'status' });
  // Labels are no business of the status.
  expect([imageOf(patched), patched.metadata.labels['test-deployment'], patched.status.readyReplicas ?? 0]).toEqual([HTTPD, 'updated', 0]);
  const after = patched.metadata.resourceVersion;
  await scope.watch('deployments', { resourceVersion: after, selector }, isUpdated);

  await scope.removeAll('deployments', selector, { gracePeriodSeconds: 1 });
  await seen(({ type }) => type === 'DELETED');
}

async function hasStatus(scope: Scope): Promise<void> {
  const selector = 'e2e=testing';
  const { resourceVersion } = (await scope.listAll('deployments', selector)).metadata;
  await scope.create('deployments', aDeployment('web', { labels: { name: 'web', e2e: 'testing' }, image: HTTPD }));
  await completed(scope, 'web');
  expect((await scope.get('deployments', 'web', 'status')).status.conditions.map(({ type }: Json) => type).sort()).toEqual([
    'Available',
    'Progressing',
  ]);
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  const updated = await scope.update('deployments', 'web', ({ status }) => status.conditions.push(condition), 'status');
  expect(updated.status.conditions).toContainEqual(expect.objectContaining(condition));
  const hasCondition = (type: string) => (event: { object: Json }) =>
    (event.object.status.conditions ?? []).some((one: Json) => one.type === type);
  await scope.watch('deployments', { resourceVersion, selector }, hasCondition('StatusUpdate'));
  await scope.patch(
    'deployments',
    'web',
    { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } },
    { type: MERGE, sub: 'status' },
  );
  await scope.watch('deployments', { resourceVersion, selector }, hasCondition('StatusPatched'));
}

async function rollsOver(scope: Scope): Promise<void> {
  await scope.create('replicasets', aReplicaSet('old', { name: 'rollover', pod: 'httpd' }));
  await scope.running('name=rollover', 1);
  await scope.eventually('replicasets', 'old', ({ status }) => status.readyReplicas === 1);
  const stuck = 'gcr.io/google_samples/gb-redisslave:nonexistent';
  const rollingUpdate = { maxUnavailable: 0, maxSurge: 1 };
  const spec = { strategy: { type: 'RollingUpdate', rollingUpdate }, minReadySeconds: 10 };
  await scope.create('deployments', aDeployment('web', { labels: { name: 'rollover' }, image: stuck, container: 'redis-slave', spec }));
  await scope.eventually('deployments', 'web', ({ status }) => (status.updatedReplicas ?? 0) >= 1);
  const middle = await atRevision(scope, 'web', '1', stuck);
  const counts = async (name: string) => {
    const set = await scope.get('replicasets', name);
    return [set.spec.replicas, set.status.replicas];
  };
  expect([await counts('old'), await counts(middle.metadata.name)]).toEqual([
    [1, 1],
    [1, 1],
  ]);
  const { metadata } = await scope.update('deployments', 'web', ({ spec: { template } }) => {
    Object.assign(template.spec.containers[0], { name: 'agnhost', image: AGNHOST });
  });
  await scope.eventually('deployments', 'web', ({ status }) => status.observedGeneration >= metadata.generation);
  await atRevision(scope, 'web', '2', AGNHOST);
  await scope.until('the rollover never ended', async () => {
    const deployment = await scope.get('deployments', 'web');
    const sets = await replicaSetsOf(scope, 'web');
    const available = sets.reduce((sum, { status }) => sum + (status.availableReplicas ?? 0), 0);
    const total = sets.reduce((sum, { spec: { replicas } }) => sum + replicas, 0);
    expect(available).toBeGreaterThanOrEqual(1);
    expect(total).toBeLessThanOrEqual(2);
    return isComplete(deployment);
  });
  expect([await counts('old'), await counts(middle.metadata.name)]).toEqual([
    [0, 0],
    [0, 0],
  ]);
}

async function scalesInProportion(scope: Scope): Promise<void> {
  const spec = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } };
  await scope.create('deployments', aDeployment('web', { replicas: 10, labels: { name: 'httpd' }, image: HTTPD, spec }));
  await scope.running('name=httpd', 10);
  await completed(scope, 'web');
  const [first] = await replicaSetsOf(scope, 'web');
  // No registry has this one, so the roll-out goes no further than it may.
  await scope.update('deployments', 'web', ({ spec: { template } }) => {
    template.spec.containers[0].image = 'webserver:404';
  });
  const sized = (name: string, replicas: number) =>
    scope.eventually('replicasets', name, ({ spec: wanted, status }) => wanted.replicas === replicas && status.replicas === replicas);
  await scope.eventually('replicasets', first.metadata.name, ({ status }) => status.availableReplicas === 8);
  await sized(first.metadata.name, 8);
  const second = await atRevision(scope, 'web', '2', 'webserver:404');
  expect((await sized(second.metadata.name, 5)).status.availableReplicas ?? 0).toBe(0);
  await scope.update('deployments', 'web', (deployment) => {
    deployment.spec.replicas = 30;
  });
  await sized(first.metadata.name, 20);
  await sized(second.metadata.name, 13);
}
