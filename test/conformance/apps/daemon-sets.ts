// What upstream's conformance suite asks of DaemonSets and ControllerRevisions (test/e2e/apps/{daemon_set,controller_revision}.go).
import { describe, expect, it } from 'vitest';
import { AGNHOST, controllerOf, HTTPD, inScope, type Json, MERGE, type Scope, type World } from './world.ts';

const LABELS = { 'daemonset-name': 'daemon-set' };
const SELECTOR = 'daemonset-name=daemon-set';
const HASH = 'controller-revision-hash';

interface DaemonFacts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly pod?: object;
  readonly spec?: object;
}

const aDaemonSet = ({ labels = LABELS, pod, spec }: DaemonFacts = {}) => ({
  metadata: { name: 'daemon-set', labels },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'app', image: HTTPD, ports: [{ containerPort: 9376 }] }], ...pod },
    },
    ...spec,
  },
});

const isAvailable = ({ status }: Json): boolean =>
  status.conditions?.some((one: Json) => one.type === 'Ready' && one.status === 'True') === true;

const podsOf = async (scope: Scope, selector = SELECTOR): Promise<Json[]> =>
  (await scope.items('pods', selector)).filter((pod) => controllerOf(pod) !== undefined && !pod.metadata.deletionTimestamp);

const nodesOf = async (scope: Scope): Promise<string[]> =>
  (await scope.world.call('GET', 'api/v1/nodes')).body.items.map((node: Json) => node.metadata.name);

/** Waits until one pod is available on each of these nodes, and none elsewhere. */
const runsOn = async (scope: Scope, nodes: readonly string[], selector = SELECTOR): Promise<Json[]> => {
  const all = await scope.until(
    `the daemon never ran on ${nodes}`,
    () => podsOf(scope, selector),
    (pods) =>
      pods
        .filter(isAvailable)
        .map(({ spec }) => spec.nodeName)
        .sort()
        .join() === [...nodes].sort().join(),
  );
  await scope.eventually(
    'daemonsets',
    'daemon-set',
    ({ status }) => status.desiredNumberScheduled === nodes.length && (status.numberReady ?? 0) === nodes.length,
  );
  return all;
};

const labelNode = (scope: Scope, node: string, labels: Readonly<Record<string, string | null>>) =>
  scope.world.call('PATCH', `api/v1/nodes/${node}`, { metadata: { labels } }, MERGE);

const setImage = (scope: Scope, image: string) =>
  scope.patch('daemonsets', 'daemon-set', { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } });

const revisions = (scope: Scope, count: number): Promise<Json[]> =>
  scope.until(
    `there never were ${count} revisions`,
    () => scope.items('controllerrevisions', SELECTOR),
    (all) => all.length === count,
  );

/** The hash of the newest revision, once there are so many. */
const newestHash = async (scope: Scope, count: number): Promise<string> => {
  const all = await revisions(scope, count);
  expect(all.map(({ revision }) => revision).sort()).toEqual(Array.from({ length: count }, (_none, i) => i + 1));
  return all.find(({ revision }) => revision === count)?.metadata.labels[HASH];
};

const hashes = (pods: readonly Json[]): string[] => [...new Set(pods.map(({ metadata }) => metadata.labels[HASH]))];

/** Waits until all pods of a node each run an image, and asks of every look that no more are unavailable than may be. */
async function rollsTo(scope: Scope, image: string, unavailableMax: number): Promise<Json[]> {
  const nodes = await nodesOf(scope);
  return await scope.until(
    `never rolled to ${image}`,
    async () => {
      const pods = (await scope.items('pods', SELECTOR)).filter((pod) => controllerOf(pod) !== undefined);
      const served = new Set(pods.filter(isAvailable).map(({ spec }) => spec.nodeName));
      expect(served.size).toBeGreaterThanOrEqual(nodes.length - unavailableMax);
      return pods;
    },
    (pods) => pods.length === nodes.length && pods.every((pod) => isAvailable(pod) && pod.spec.containers[0].image === image),
  );
}

export function daemonSetTests(world: () => World): void {
  describe('a DaemonSet', () => {
    it(
      'runs on every node, also after a pod of it is deleted',
      inScope(world, async (scope) => {
        const nodes = await nodesOf(scope);
        await scope.create('daemonsets', aDaemonSet());
        const [pod] = await runsOn(scope, nodes);
        await scope.remove('pods', pod.metadata.name, { gracePeriodSeconds: 0 });
        await scope.until('the pod stayed', () => scope.isGone('pods', pod.metadata.name));
        await runsOn(scope, nodes);
      }),
    );

    it.each([
      ['a node selector', 'color', (color: string) => ({ nodeSelector: { color } })],
      [
        'an affinity',
        'colour',
        (color: string) => {
          const matchExpressions = [{ key: 'colour', operator: 'In', values: [color] }];
          const nodeSelectorTerms = [{ matchExpressions }];
          return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
        },
      ],
    ])('follows the labels of nodes with %s', async (_name, label, to) => {
      const scope = await world().scope();
      const [node = ''] = await nodesOf(scope);
      await scope.create('daemonsets', aDaemonSet({ pod: to('blue') }));
      await runsOn(scope, []);
      await labelNode(scope, node, { [label]: 'blue' });
      await runsOn(scope, [node]);
      await labelNode(scope, node, { [label]: 'green' });
      await runsOn(scope, []);
      await scope.patch('daemonsets', 'daemon-set', {
        spec: { template: { spec: to('green') }, updateStrategy: { type: 'RollingUpdate' } },
      });
      await runsOn(scope, [node]);
      await labelNode(scope, node, { [label]: null });
      await runsOn(scope, []);
      await scope.dispose();
    });

    it(
      'replaces a pod that failed',
      inScope(world, async (scope) => {
        const nodes = await nodesOf(scope);
        await scope.create('daemonsets', aDaemonSet());
        const [pod] = await runsOn(scope, nodes);
        const { resourceVersion: _unconditional, ...metadata } = pod.metadata;
        await scope.put('pods', { ...pod, metadata, status: { ...pod.status, phase: 'Failed' } }, 'status');
        await scope.until('the failed pod stayed', () => scope.isGone('pods', pod.metadata.name));
        await runsOn(scope, nodes);
      }),
    );

    it(
      'with OnDelete keeps its pods when its template changes',
      inScope(world, async (scope) => {
        await scope.create('daemonsets', aDaemonSet({ spec: { updateStrategy: { type: 'OnDelete' } } }));
        const pods = await runsOn(scope, await nodesOf(scope));
        const first = await newestHash(scope, 1);
        expect(hashes(pods)).toEqual([first]);
        const { metadata } = await setImage(scope, AGNHOST);
        await scope.eventually('daemonsets', 'daemon-set', ({ status }) => status.observedGeneration === metadata.generation);
        expect(await newestHash(scope, 2)).not.toBe(first);
        expect(hashes(await podsOf(scope))).toEqual([first]);
      }),
    );

    it(
      'rolls out a new template, one node at a time',
      inScope(world, async (scope) => {
        await scope.create('daemonsets', aDaemonSet({ spec: { updateStrategy: { type: 'RollingUpdate' } } }));
        const pods = await runsOn(scope, await nodesOf(scope));
        expect(hashes(pods)).toEqual([await newestHash(scope, 1)]);
        await setImage(scope, AGNHOST);
        const rolled = await rollsTo(scope, AGNHOST, 1);
        expect(hashes(rolled)).toEqual([await newestHash(scope, 2)]);
      }),
    );

    it(
      'with a surge starts the new pod of a node before the old one goes',
      inScope(world, async (scope) => {
        const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
        const readinessProbe = { exec: { command: ['sh', '-c', 'true'] }, periodSeconds: 1, initialDelaySeconds: 1 };
        const containers = [{ name: 'app', image: HTTPD, readinessProbe }];
        await scope.create('daemonsets', aDaemonSet({ pod: { containers }, spec: { updateStrategy } }));
        await runsOn(scope, await nodesOf(scope));
        await setImage(scope, AGNHOST);
        await rollsTo(scope, AGNHOST, 0);
      }),
    );

    it(
      'is rolled back without a restart of what was not yet replaced',
      inScope(world, async (scope) => {
        await scope.create('daemonsets', aDaemonSet({ spec: { updateStrategy: { type: 'RollingUpdate' } } }));
        await runsOn(scope, await nodesOf(scope));
        await setImage(scope, 'foo:non-existent');
        const isNew = (pod: Json) => pod.spec.containers[0].image === 'foo:non-existent';
        const middle = await scope.until(
          'the roll-out never began',
          () => podsOf(scope),
          (pods) => pods.some(isNew),
        );
        const old = middle.filter((pod) => !isNew(pod)).map(({ metadata }) => metadata.name);
        expect(old.length).toBeGreaterThan(0);
        await setImage(scope, HTTPD);
        const rolled = await rollsTo(scope, HTTPD, 1);
        expect(rolled.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(old));
      }),
    );

    it(
      'is listed and deleted by its labels',
      inScope(world, async (scope) => {
        const labels = { 'daemonset-name': scope.namespace };
        const selector = `daemonset-name=${scope.namespace}`;
        await scope.create('daemonsets', aDaemonSet({ labels }));
        await runsOn(scope, await nodesOf(scope), selector);
        expect((await scope.listAll('daemonsets', selector)).items).toHaveLength(1);
        await scope.removeAll('daemonsets', selector, { gracePeriodSeconds: 1 });
        expect((await scope.listAll('daemonsets', selector)).items).toEqual([]);
      }),
    );

    it(
      'has a status that is read, updated and patched',
      inScope(world, async (scope) => {
        const { resourceVersion } = (await scope.list('daemonsets', SELECTOR)).metadata;
        await scope.create('daemonsets', aDaemonSet());
        await runsOn(scope, await nodesOf(scope));
        expect((await scope.get('daemonsets', 'daemon-set', 'status')).status.numberReady).toBe(3);
        const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
        await scope.update('daemonsets', 'daemon-set', ({ status }) => Object.assign(status, { conditions: [condition] }), 'status');
        const hasCondition = (type: string) => (event: { object: Json }) =>
          (event.object.status.conditions ?? []).some((one: Json) => one.type === type);
        await scope.watch('daemonsets', { resourceVersion, selector: SELECTOR }, hasCondition('StatusUpdate'));
        const patch = { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } };
        await scope.patch('daemonsets', 'daemon-set', patch, { type: MERGE, sub: 'status' });
        await scope.watch('daemonsets', { resourceVersion, selector: SELECTOR }, hasCondition('StatusPatched'));
      }),
    );
  });

  it(
    'a ControllerRevision is made, patched, updated and deleted by hand, and the DaemonSet counts on from there',
    inScope(world, revisionsByHand),
  );
}

async function revisionsByHand(scope: Scope): Promise<void> {
  const { metadata } = await scope.create('daemonsets', aDaemonSet());
  await runsOn(scope, await nodesOf(scope));
  const [initial] = await revisions(scope, 1);
  expect(initial.metadata.ownerReferences).toMatchObject([{ kind: 'DaemonSet', uid: metadata.uid }]);
  const label = { [initial.metadata.name]: 'patched' };
  const patched = await scope.patch('controllerrevisions', initial.metadata.name, { metadata: { labels: label } });
  expect(patched.metadata.labels).toMatchObject(label);
  const made = {
    metadata: {
      ...initial.metadata,
      name: 'daemon-set-by-hand',
      labels: { ...LABELS, [HASH]: 'by-hand' },
      uid: undefined,
      resourceVersion: undefined,
    },
    data: initial.data,
    revision: initial.revision + 1,
  };
  await scope.create('controllerrevisions', made);
  await revisions(scope, 2);
  await scope.remove('controllerrevisions', initial.metadata.name, {});
  const [current] = await revisions(scope, 1);
  const updated = await scope.update('controllerrevisions', current.metadata.name, (one) =>
    Object.assign(one.metadata.labels, { [current.metadata.name]: 'updated' }),
  );
  expect(updated.metadata.labels[current.metadata.name]).toBe('updated');
  await scope.patch('daemonsets', 'daemon-set', { spec: { template: { spec: { terminationGracePeriodSeconds: 2 } } } });
  await revisions(scope, 2);
  await scope.removeAll('controllerrevisions', `${current.metadata.name}=updated`, {});
  expect((await revisions(scope, 1)).map(({ revision }) => revision)).toEqual([3]);
}
