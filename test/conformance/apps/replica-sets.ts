// What upstream's conformance suite asks of ReplicaSets and ReplicationControllers (test/e2e/apps/{replica_set,rc}.go).
import { describe, expect, it } from 'vitest';
import { AGNHOST, controllerOf, HTTPD, inScope, type Json, MERGE, NGINX, PAUSE, type Scope, type World } from './world.ts';

type Labels = Readonly<Record<string, string>>;

interface SetFacts {
  readonly replicas?: number;
  readonly labels?: Labels;
  readonly container?: object;
}

const LABELS: Labels = { name: 'sample-pod', pod: 'httpd' };

const templateOf = ({ labels = LABELS, container }: SetFacts) => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'httpd', image: HTTPD, ...container }] },
});

const aSet = (name: string, facts: SetFacts = {}) => ({
  metadata: { name, labels: facts.labels ?? LABELS },
  spec: { replicas: facts.replicas ?? 1, selector: { matchLabels: facts.labels ?? LABELS }, template: templateOf(facts) },
});

/** Its selector is that of the template, as the server fills it in. */
const aController = (name: string, facts: SetFacts = {}) => ({
  metadata: { name },
  spec: { replicas: facts.replicas ?? 1, template: templateOf(facts) },
});

const KINDS = [
  ['ReplicaSet', 'replicasets', aSet],
  ['ReplicationController', 'replicationcontrollers', aController],
] as const;

export function replicaSetTests(world: () => World): void {
  describe.each(KINDS)('a %s', (_kind, resource, make) => {
    it(
      'serves from each of its pods',
      inScope(world, async (scope) => {
        const container = { image: AGNHOST, args: ['serve-hostname'], ports: [{ containerPort: 9376 }] };
        await scope.create(resource, make('host', { replicas: 2, labels: { name: 'host' }, container }));
        const pods = await scope.running('name=host', 2);
        for (const { metadata } of pods)
          await scope.until(
            `${metadata.name} did not answer by its name`,
            () => scope.get('pods', metadata.name, 'proxy/'),
            (body) => body === metadata.name,
          );
      }),
    );

    it(
      'says that its pods exceed a quota, and no more once they do not',
      inScope(world, async (scope) => {
        await scope.create('resourcequotas', { metadata: { name: 'two' }, spec: { hard: { pods: '2' } } });
        await scope.eventually('resourcequotas', 'two', ({ status }) => status.hard?.pods === '2');
        await scope.create(resource, make('three', { replicas: 3 }));
        const failed = await scope.eventually(resource, 'three', ({ status }) =>
          status.conditions?.some((one: Json) => one.type === 'ReplicaFailure'),
        );
        expect(failed.status.conditions[0]).toMatchObject({ status: 'True', reason: 'FailedCreate' });
        expect(failed.status.conditions[0].message).toMatch(
          /^pods "three-\w{5}" is forbidden: exceeded quota: two, requested: pods=1, used: pods=2, limited: pods=2$/,
        );
        const { metadata } = await scope.update(resource, 'three', ({ spec }) => {
          spec.replicas = 2;
        });
        await scope.eventually(
          resource,
          'three',
          ({ status }) => status.observedGeneration >= metadata.generation && !status.conditions?.length,
        );
      }),
    );

    it(
      'adopts a pod that it selects, and lets it go when its labels change',
      inScope(world, async (scope) => {
        await scope.create('pods', { metadata: { name: 'adopted', labels: LABELS }, spec: templateOf({}).spec });
        await scope.running('name=sample-pod', 1);
        const { metadata } = await scope.create(resource, make('owner'));
        await scope.eventually('pods', 'adopted', (pod) => controllerOf(pod)?.uid === metadata.uid);
        expect(await scope.items('pods')).toHaveLength(1);
        await scope.update('pods', 'adopted', (pod) => {
          pod.metadata.labels = { name: 'not-matching-name' };
        });
        await scope.eventually('pods', 'adopted', (pod) => controllerOf(pod) === undefined);
        await scope.running('name=sample-pod', 1);
      }),
    );

    it(
      'has a scale that is read, updated and patched',
      inScope(world, async (scope) => {
        await scope.create(resource, make('web'));
        await scope.running('name=sample-pod', 1);
        await scope.eventually(resource, 'web', ({ status }) => status.replicas === 1);
        const scale = await scope.get(resource, 'web', 'scale');
        expect([scale.kind, scale.apiVersion, scale.spec.replicas, scale.status.replicas]).toEqual(['Scale', 'autoscaling/v1', 1, 1]);
        const { resourceVersion: _unconditional, ...metadata } = scale.metadata;
        expect((await scope.put(resource, { ...scale, metadata, spec: { replicas: 2 } }, 'scale')).spec.replicas).toBe(2);
        expect((await scope.get(resource, 'web')).spec.replicas).toBe(2);
        // As a client in Go sends it: with all that is empty.
        const change = { metadata: { creationTimestamp: null }, spec: { replicas: 4 }, status: { replicas: 0 } };
        await scope.patch(resource, 'web', change, { sub: 'scale' });
        expect((await scope.get(resource, 'web')).spec.replicas).toBe(4);
        await scope.running('name=sample-pod', 4);
      }),
    );
  });

  describe('a ReplicaSet', () => {
    it(
      'is scaled and patched: new pods have two containers, the patched one first',
      inScope(world, async (scope) => {
        const selector = 'test-rs=patched';
        const { resourceVersion } = (await scope.listAll('replicasets', selector)).metadata;
        await scope.create('replicasets', aSet('test-rs'));
        await scope.running('name=sample-pod', 1);
        await scope.update('replicasets', 'test-rs', ({ spec }) => {
          spec.replicas = 2;
        });
        const template = { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'test-rs', image: PAUSE }] } };
        await scope.patch('replicasets', 'test-rs', { metadata: { labels: { 'test-rs': 'patched' } }, spec: { replicas: 3, template } });
        await scope.watch('replicasets', { resourceVersion, selector }, ({ object: { spec, status } }) => {
          const [container] = spec.template.spec.containers;
          return status.readyReplicas === 3 && status.availableReplicas === 3 && container.image === PAUSE;
        });
        const names = (await scope.items('pods')).map((pod) => pod.spec.containers.map(({ name }: Json) => name).join());
        expect(names).toContain('test-rs,httpd');
      }),
    );

    it(
      'is listed and deleted by its labels',
      inScope(world, async (scope) => {
        const labels = { ...LABELS, e2e: scope.namespace };
        await scope.create('replicasets', aSet('test-rs', { replicas: 3, labels }));
        await scope.running('name=sample-pod', 3);
        const selector = `e2e=${scope.namespace}`;
        expect((await scope.listAll('replicasets', selector)).items).toHaveLength(1);
        await scope.removeAll('replicasets', selector, { gracePeriodSeconds: 1 });
        expect((await scope.listAll('replicasets', selector)).items).toEqual([]);
      }),
    );

    it(
      'has a status that is read, updated and patched',
      inScope(world, async (scope) => {
        const selector = 'name=sample-pod,pod=httpd';
        const { resourceVersion } = (await scope.listAll('replicasets', selector)).metadata;
        await scope.create('replicasets', aSet('test-rs'));
        await scope.running('name=sample-pod', 1);
        expect((await scope.get('replicasets', 'test-rs', 'status')).kind).toBe('ReplicaSet');
        const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
        await scope.update('replicasets', 'test-rs', ({ status }) => Object.assign(status, { conditions: [condition] }), 'status');
        const hasCondition = (type: string) => (event: { object: Json }) =>
          (event.object.status.conditions ?? []).some((one: Json) => one.type === type);
        await scope.watch('replicasets', { resourceVersion, selector }, hasCondition('StatusUpdate'));
        await scope.patch(
          'replicasets',
          'test-rs',
          { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } },
          { type: MERGE, sub: 'status' },
        );
        await scope.watch('replicasets', { resourceVersion, selector }, hasCondition('StatusPatched'));
      }),
    );
  });

  it('a ReplicationController lives from its creation to its deletion, and its watchers see all of it', inScope(world, livesAndIsWatched));
}

async function livesAndIsWatched(scope: Scope): Promise<void> {
  const labels = { 'test-rc-static': 'true' };
  const selector = 'test-rc-static=true';
  const { resourceVersion } = (await scope.list('replicationcontrollers', selector)).metadata;
  let from = resourceVersion;
  /** Waits on, from the last event that was as wanted. */
  const next = async (wanted: (event: { type: string; object: Json }) => boolean) => {
    const events = await scope.watch('replicationcontrollers', { resourceVersion: from, selector }, wanted);
    from = events.at(-1)?.object.metadata.resourceVersion ?? from;
  };
  const isModified = ({ type }: { type: string }) => type === 'MODIFIED';
  const counts =
    (replicas: number, ready = replicas) =>
    (event: { object: Json }) =>
      event.object.status.replicas === replicas && (event.object.status.readyReplicas ?? 0) === ready;
  const template = { metadata: { name: 'rc-test', labels }, spec: { containers: [{ name: 'rc-test', image: NGINX }] } };
  await scope.create('replicationcontrollers', {
    metadata: { name: 'rc-test', labels },
    spec: { replicas: 1, selector: labels, template },
  });
  await next(({ type }) => type === 'ADDED');
  await next(counts(1));

  // As a client in Go sends it: with all that is empty.
  const change = { metadata: { creationTimestamp: null, labels: { 'test-rc': 'patched' } }, spec: {}, status: { replicas: 0 } };
  expect((await scope.patch('replicationcontrollers', 'rc-test', change)).metadata.labels['test-rc']).toBe('patched');
  await next(isModified);
  const status = { status: { readyReplicas: 0, availableReplicas: 0 } };
  expect((await scope.patch('replicationcontrollers', 'rc-test', status, { sub: 'status' })).status.readyReplicas ?? 0).toBe(0);
  await next(isModified);
  await next(counts(1));
  expect((await scope.get('replicationcontrollers', 'rc-test', 'status')).status.replicas).toBe(1);

  const scale = { metadata: { creationTimestamp: null }, spec: { replicas: 2 }, status: { replicas: 0 } };
  await scope.patch('replicationcontrollers', 'rc-test', scale, { sub: 'scale' });
  await next(isModified);
  await next(counts(2));
  const read = await scope.get('replicationcontrollers', 'rc-test');
  expect(read.metadata.labels['test-rc']).toBe('patched');
  await scope.update(
    'replicationcontrollers',
    'rc-test',
    (rc) => Object.assign(rc.status, { availableReplicas: 1, readyReplicas: 1 }),
    'status',
  );
  await next(isModified);
  const listed = (await scope.listAll('replicationcontrollers', selector)).items;
  expect(listed.map((rc: Json) => [rc.metadata.namespace, rc.metadata.labels['test-rc']])).toEqual([[scope.namespace, 'patched']]);
  await scope.removeAll('replicationcontrollers', selector, {});
  await next(({ type }) => type === 'DELETED');
}
