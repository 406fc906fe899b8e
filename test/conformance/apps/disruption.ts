// What upstream's conformance suite asks of PodDisruptionBudgets and evictions (test/e2e/apps/disruption.go).
import { describe, expect, it } from 'vitest';
import { inScope, type Json, MERGE, PAUSE, type Scope, type World } from './world.ts';

const LABELS = { foo: 'bar' };
const REFUSAL = "Cannot evict pod as it would violate the pod's disruption budget.";

const aBudget = (name: string, spec: object, labels = {}) => ({
  metadata: { name, labels },
  spec: { selector: { matchLabels: LABELS }, ...spec },
});

const aPod = (name: string) => ({
  metadata: { name, labels: LABELS },
  spec: { containers: [{ name: 'pause', image: PAUSE }], terminationGracePeriodSeconds: 0 },
});

/** Pods, or a ReplicaSet of them; those that share a port of the node do not all fit. */
async function run(scope: Scope, { pods = 0, replicas = 0, exclusive = false }): Promise<void> {
  for (let i = 0; i < pods; i += 1) await scope.create('pods', aPod(`pod-${i}`));
  const ports = exclusive ? [{ hostPort: 5555, containerPort: 5555 }] : [];
  const template = {
    metadata: { labels: LABELS },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'pause', image: PAUSE, ports }] },
  };
  if (replicas > 0)
    await scope.create('replicasets', { metadata: { name: 'rs' }, spec: { replicas, selector: { matchLabels: LABELS }, template } });
  const runs = ({ status }: Json) => status.phase === 'Running';
  const count = exclusive ? 3 : pods + replicas;
  await scope.until(
    `${count} pods never ran`,
    () => scope.items('pods', 'foo=bar'),
    (all) => all.filter(runs).length === count,
  );
}

const evict = async (scope: Scope) => {
  const name = (await scope.items('pods', 'foo=bar')).find(
    ({ status, metadata }) => status.phase === 'Running' && !metadata.deletionTimestamp,
  )?.metadata.name;
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: scope.namespace } };
  return await scope.world.call('POST', scope.path('pods', name, 'eviction'), eviction);
};

/** Waits until the controller has looked at the budget as it is. */
const observed = (scope: Scope, name: string, wanted: (status: Json) => boolean = () => true): Promise<Json> =>
  scope.eventually(
    'poddisruptionbudgets',
    name,
    ({ metadata, status }) => status?.observedGeneration >= metadata.generation && wanted(status),
  );

export function disruptionTests(world: () => World): void {
  describe('a PodDisruptionBudget', () => {
    it(
      'is made, updated, patched and deleted',
      inScope(world, async (scope) => {
        await scope.create('poddisruptionbudgets', aBudget('foo', { minAvailable: '1%' }));
        await observed(scope, 'foo');
        await scope.update('poddisruptionbudgets', 'foo', ({ spec }) => Object.assign(spec, { minAvailable: '2%' }));
        expect((await observed(scope, 'foo')).spec.minAvailable).toBe('2%');
        await scope.patch('poddisruptionbudgets', 'foo', { spec: { minAvailable: '3%' } });
        expect((await observed(scope, 'foo')).spec.minAvailable).toBe('3%');
        await scope.remove('poddisruptionbudgets', 'foo', {});
        expect(await scope.isGone('poddisruptionbudgets', 'foo')).toBe(true);
      }),
    );

    it(
      'is listed and deleted by its labels, in all namespaces and in one',
      inScope(world, async (scope) => {
        const labels = { budgets: scope.namespace };
        const selector = `budgets=${scope.namespace}`;
        for (const name of ['foo', 'foo2']) await scope.create('poddisruptionbudgets', aBudget(name, { minAvailable: 2 }, labels));
        const other = await world().scope();
        await other.create('poddisruptionbudgets', aBudget('foo3', { minAvailable: 2 }, labels));
        const names = async () => (await scope.listAll('poddisruptionbudgets', selector)).items.map(({ metadata }: Json) => metadata.name);
        expect(await names()).toEqual(['foo', 'foo2', 'foo3']);
        expect(await scope.items('poddisruptionbudgets', selector)).toHaveLength(2);
        await scope.removeAll('poddisruptionbudgets', selector, {});
        expect(await names()).toEqual(['foo3']);
        await other.dispose();
      }),
    );

    it(
      'says how many pods may be disrupted',
      inScope(world, async (scope) => {
        await scope.create('poddisruptionbudgets', aBudget('foo', { minAvailable: 1 }));
        await run(scope, { pods: 3 });
        const { status } = await observed(scope, 'foo', ({ disruptionsAllowed }) => disruptionsAllowed === 2);
        expect(status).toMatchObject({ currentHealthy: 3, desiredHealthy: 1, expectedPods: 3 });
      }),
    );

    it(
      'has a status that is updated and patched',
      inScope(world, async (scope) => {
        await scope.create('poddisruptionbudgets', aBudget('foo', { minAvailable: 1 }));
        await run(scope, { pods: 1 });
        await observed(scope, 'foo', ({ currentHealthy }) => currentHealthy === 1);
        const pods = ({ status }: Json) => Object.keys(status.disruptedPods ?? {});
        // Of pods that are not there it keeps no note for long: the answer is looked at.
        const disruptedPods = { 'pod-0': `${new Date().toISOString().slice(0, 19)}Z` };
        const updated = await scope.update(
          'poddisruptionbudgets',
          'foo',
          ({ status }) => Object.assign(status, { disruptedPods }),
          'status',
        );
        expect(pods(updated)).toEqual(['pod-0']);
        await observed(scope, 'foo', (status) => status.currentHealthy === 0 || pods({ status }).length === 0);
        const change = { status: { disruptedPods: { 'pod-0': null } } };
        expect(pods(await scope.patch('poddisruptionbudgets', 'foo', change, { type: MERGE, sub: 'status' }))).toEqual([]);
      }),
    );

    it.each([
      ['no budget', undefined, { pods: 1 }, true],
      ['too few pods', { minAvailable: 2 }, { pods: 2 }, false],
      ['enough pods', { minAvailable: 2 }, { pods: 3 }, true],
      ['enough pods of a ReplicaSet, by percentage', { minAvailable: '90%' }, { replicas: 10 }, true],
      ['too few pods of a ReplicaSet, by percentage', { minAvailable: '90%' }, { replicas: 10, exclusive: true }, false],
      ['a percentage that may be unavailable', { maxUnavailable: '10%' }, { replicas: 10 }, true],
      ['a number that may be unavailable and is', { maxUnavailable: 1 }, { replicas: 10, exclusive: true }, false],
    ])('decides on an eviction: %s', async (_name, spec, pods, isAllowed) => {
      const scope = await world().scope();
      await run(scope, pods);
      if (spec) {
        await scope.create('poddisruptionbudgets', aBudget('foo', spec));
        await observed(scope, 'foo', ({ disruptionsAllowed }) => disruptionsAllowed > 0 === isAllowed);
      }
      const { status, body } = await evict(scope);
      if (isAllowed) expect(status).toBe(201);
      else expect([status, body.reason, body.message]).toEqual([429, 'TooManyRequests', REFUSAL]);
      await scope.dispose();
    });

    it(
      'holds an eviction up until it is changed, patched or deleted',
      inScope(world, async (scope) => {
        const refused = async () => {
          await observed(scope, 'foo', ({ disruptionsAllowed }) => disruptionsAllowed === 0);
          const { status, body } = await evict(scope);
          expect([status, body.message]).toEqual([429, REFUSAL]);
        };
        const allowed = () =>
          scope.until(
            'the eviction was never allowed',
            async () => (await evict(scope)).status,
            (status) => status === 201,
          );
        await scope.create('poddisruptionbudgets', aBudget('foo', { minAvailable: 3 }));
        await run(scope, { pods: 3 });
        await observed(scope, 'foo', ({ currentHealthy }) => currentHealthy === 3);
        await refused();
        await scope.update('poddisruptionbudgets', 'foo', ({ spec }) => Object.assign(spec, { minAvailable: 2 }));
        await allowed();
        await observed(scope, 'foo', ({ currentHealthy }) => currentHealthy === 2);
        await refused();
        await scope.patch('poddisruptionbudgets', 'foo', { spec: { minAvailable: null, maxUnavailable: 2 } }, { type: MERGE });
        // Pods without a controller cannot be counted from above.
        await refused();
        await scope.remove('poddisruptionbudgets', 'foo', {});
        await allowed();
      }),
    );
  });
}
