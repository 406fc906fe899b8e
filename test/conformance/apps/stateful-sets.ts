// What upstream's conformance suite asks of StatefulSets, and what its other tests ask that need no cloud (test/e2e/apps/statefulset.go).
import { describe, expect, it } from 'vitest';
import { BUSYBOX, controllerOf, HTTPD, HTTPD_NEWER, inScope, type Json, MERGE, PAUSE, type Scope, type World } from './world.ts';

const LABELS = { foo: 'bar', baz: 'blah' };
const SELECTOR = 'foo=bar,baz=blah';
const REVISION = 'controller-revision-hash';

const HTTP_PROBE = { httpGet: { path: '/index.html', port: 80 }, periodSeconds: 1, successThreshold: 1, failureThreshold: 1 };
/** A pod is ready once somebody has put a file into its volume. */
const PAUSE_PROBE = {
  exec: { command: ['test', '-f', '/data/statefulset-continue'] },
  periodSeconds: 1,
  successThreshold: 1,
  failureThreshold: 1,
};

interface SetFacts {
  readonly replicas?: number;
  readonly container?: object;
  readonly pod?: object;
  readonly spec?: object;
  /** Whether each pod has a claim, at /data, and all of a node share a directory, at /home. */
  readonly claims?: boolean;
}

const aSet = (name: string, { replicas = 1, container, pod, spec, claims = false }: SetFacts = {}) => ({
  metadata: { name },
  spec: {
    replicas,
    serviceName: 'test',
    selector: { matchLabels: LABELS },
    updateStrategy: { type: 'RollingUpdate' },
    template: {
      metadata: { labels: LABELS, annotations: {} },
      spec: {
        terminationGracePeriodSeconds: 1,
        ...(claims ? { volumes: [{ name: 'home', hostPath: { path: '/tmp/home' } }] } : {}),
        containers: [{ name: 'webserver', image: HTTPD, ...(claims ? { volumeMounts: MOUNTS } : {}), ...container }],
        ...pod,
      },
    },
    ...(claims ? { volumeClaimTemplates: [CLAIM] } : {}),
    ...spec,
  },
});

const MOUNTS = [
  { name: 'datadir', mountPath: '/data/' },
  { name: 'home', mountPath: '/home' },
];
const CLAIM = { metadata: { name: 'datadir' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } } };

const create = async (scope: Scope, name: string, facts: SetFacts = {}): Promise<Json> => {
  await scope.create('services', {
    metadata: { name: 'test' },
    spec: { clusterIP: 'None', selector: LABELS, ports: [{ port: 80, name: 'http' }] },
  });
  return await scope.create('statefulsets', aSet(name, facts));
};

const isReady = ({ status }: Json): boolean =>
  status.conditions?.some((one: Json) => one.type === 'Ready' && one.status === 'True') === true;
const ordinalOf = (pod: Json): number => Number(pod.metadata.name.split('-').at(-1));
const podsOf = async (scope: Scope): Promise<Json[]> => (await scope.items('pods', SELECTOR)).sort((a, b) => ordinalOf(a) - ordinalOf(b));

/** Waits until so many pods run, and whether each is ready. */
const pods = (scope: Scope, count: number, ready: boolean): Promise<Json[]> =>
  scope.until(
    `${count} pods never ran, ready: ${ready}`,
    () => podsOf(scope),
    (all) =>
      all.length === count &&
      all.every((pod) => pod.status.phase === 'Running' && isReady(pod) === ready && !pod.metadata.deletionTimestamp),
  );

const observed = (scope: Scope, name: string, wanted: (status: Json) => boolean = () => true): Promise<Json> =>
  scope.eventually('statefulsets', name, ({ metadata, status }) => status.observedGeneration >= metadata.generation && wanted(status));

const setReplicas = (scope: Scope, name: string, replicas: number) =>
  scope.update('statefulsets', name, ({ spec }) => {
    spec.replicas = replicas;
  });
const setImage = (scope: Scope, name: string, image: string) =>
  scope.update('statefulsets', name, ({ spec }) => {
    spec.template.spec.containers[0].image = image;
  });
const setPartition = (scope: Scope, name: string, partition: number) =>
  scope.update('statefulsets', name, ({ spec }) => {
    spec.updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition } };
  });

const BREAK = 'mv -v /usr/local/apache2/htdocs/index.html /tmp/ || true';
const MEND = 'mv -v /tmp/index.html /usr/local/apache2/htdocs/ || true';
/** In all of them at once, of which the last may be gone as soon as those before it are mended: what becomes of the pods is looked at later. */
const inPods = async (scope: Scope, line: string): Promise<void> => {
  const exec = (pod: string) => scope.world.kubectl.run(['-n', scope.namespace, 'exec', pod, '--', '/bin/sh', '-x', '-c', line]);
  await Promise.all((await podsOf(scope)).map(({ metadata }) => exec(metadata.name)));
};

const facts = (pod: Json): string[] => [pod.spec.containers[0].image, pod.metadata.labels[REVISION]];
const CONTINUE = 'dd if=/dev/zero of=/data/statefulset-continue bs=1 count=1 conv=fsync';

export function statefulSetTests(world: () => World): void {
  describe('a StatefulSet', () => {
    it('rolls out from the last pod to the first, and back to a revision that it had', inScope(world, rollsOutAndBack));
    it('updates the pods from a partition on, and restores deleted ones as they were', inScope(world, updatesByPartition));
    it('scales in order, and stops while a pod is not ready', inScope(world, scalesInOrder));
    it('in parallel scales whatever its pods are like', inScope(world, scalesAtOnce));
    it('makes a pod again that its node refused, until the node takes it', inScope(world, makesRefusedPodsAgain));

    it(
      'has a scale that is read, updated and patched',
      inScope(world, async (scope) => {
        await create(scope, 'ss', { container: { readinessProbe: HTTP_PROBE } });
        await observed(scope, 'ss', ({ readyReplicas }) => readyReplicas === 1);
        const scale = await scope.get('statefulsets', 'ss', 'scale');
        expect([scale.spec.replicas, scale.status.replicas, scale.status.selector]).toEqual([1, 1, 'baz=blah,foo=bar']);
        const { resourceVersion: _unconditional, ...metadata } = scale.metadata;
        expect((await scope.put('statefulsets', { ...scale, metadata, spec: { replicas: 2 } }, 'scale')).spec.replicas).toBe(2);
        expect((await scope.get('statefulsets', 'ss')).spec.replicas).toBe(2);
        await scope.patch('statefulsets', 'ss', { spec: { replicas: 4 } }, { sub: 'scale' });
        expect((await scope.get('statefulsets', 'ss')).spec.replicas).toBe(4);
      }),
    );

    it(
      'is patched, listed and deleted by its labels',
      inScope(world, async (scope) => {
        await create(scope, 'test-ss', { container: { readinessProbe: HTTP_PROBE } });
        await observed(scope, 'test-ss', ({ readyReplicas }) => readyReplicas === 1);
        // A field whose name has a letter too large is one that nobody knows: a warning, and no more.
        const template = { spec: { TerminationGracePeriodSeconds: 1, containers: [{ name: 'test-ss', image: PAUSE }] } };
        const change = { metadata: { labels: { 'test-ss': scope.namespace } }, spec: { replicas: 2, template } };
        const patched = await scope.patch('statefulsets', 'test-ss', change);
        expect([patched.spec.replicas, patched.spec.template.spec.containers[0].image]).toEqual([2, PAUSE]);
        await observed(scope, 'test-ss', ({ readyReplicas, updatedReplicas }) => readyReplicas === 2 && updatedReplicas === 2);
        const selector = `test-ss=${scope.namespace}`;
        expect((await scope.listAll('statefulsets', selector)).items).toHaveLength(1);
        await scope.removeAll('statefulsets', selector, { gracePeriodSeconds: 1 });
        expect((await scope.listAll('statefulsets', selector)).items).toEqual([]);
      }),
    );

    it(
      'has a status that is read, updated and patched',
      inScope(world, async (scope) => {
        const selector = `e2e=${scope.namespace}`;
        const { resourceVersion } = (await scope.listAll('statefulsets', selector)).metadata;
        await create(scope, 'ss', { container: { readinessProbe: HTTP_PROBE } });
        await observed(scope, 'ss', ({ readyReplicas }) => readyReplicas === 1);
        await scope.patch('statefulsets', 'ss', { metadata: { labels: { e2e: scope.namespace } } });
        expect((await scope.get('statefulsets', 'ss', 'status')).status.readyReplicas).toBe(1);
        const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
        await scope.update('statefulsets', 'ss', ({ status }) => Object.assign(status, { conditions: [condition] }), 'status');
        const hasCondition = (type: string) => (event: { object: Json }) =>
          (event.object.status.conditions ?? []).some((one: Json) => one.type === type);
        await scope.watch('statefulsets', { resourceVersion, selector }, hasCondition('StatusUpdate'));
        await scope.patch(
          'statefulsets',
          'ss',
          { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } },
          { type: MERGE, sub: 'status' },
        );
        await scope.watch('statefulsets', { resourceVersion, selector }, hasCondition('StatusPatched'));
      }),
    );

    it('gives its pods names, volumes and host names that outlive them', inScope(world, givesIdentity));
    it('adopts its pods again, and lets go those that it no longer selects', inScope(world, adoptsAgain));
    it('is not stuck when a pod before another fails', inScope(world, isNotStuck));
    it('replaces nothing by itself with OnDelete', inScope(world, replacesNothing));
    it('restores a pod below the partition that ended badly, once it may', inScope(world, restoresBelowPartition));
    it('counts as available what has been ready for long enough', inScope(world, countsAvailable));
    it('deletes claims as it was told to, also those of a pod that it adopted', inScope(world, deletesClaims));
    it('begins with the number it is told, and moves there', inScope(world, beginsWithNumber));
  });
}

async function rollsOutAndBack(scope: Scope): Promise<void> {
  await create(scope, 'ss2', { replicas: 3, container: { readinessProbe: HTTP_PROBE } });
  const before = await pods(scope, 3, true);
  const { status: first } = await observed(scope, 'ss2');
  expect(first.currentRevision).toBe(first.updateRevision);
  expect(before.map(facts)).toEqual(before.map(() => [HTTPD, first.currentRevision]));
  /** Breaks the second pod, updates, mends it: the roll-out waits for it. */
  const roll = async (image: string) => {
    await scope.shell('ss2-1', BREAK);
    await scope.eventually('pods', 'ss2-1', (pod) => !isReady(pod));
    const { resourceVersion } = (await scope.list('pods')).metadata;
    await setImage(scope, 'ss2', image);
    const { status } = await observed(scope, 'ss2', ({ currentRevision, updateRevision }) => currentRevision !== updateRevision);
    await scope.shell('ss2-1', MEND);
    const deleted: string[] = [];
    const removed = scope.watch('pods', { resourceVersion, selector: SELECTOR }, ({ type, object }) => {
      if (type === 'DELETED') deleted.push(object.metadata.name);
      return deleted.length === 3;
    });
    const done = await observed(scope, 'ss2', (one) => one.currentRevision === status.updateRevision && one.readyReplicas === 3);
    await removed;
    expect(deleted).toEqual(['ss2-2', 'ss2-1', 'ss2-0']);
    expect((await pods(scope, 3, true)).map(facts)).toEqual(before.map(() => [image, done.status.updateRevision]));
    return status.updateRevision;
  };
  expect(await roll(HTTPD_NEWER)).not.toBe(first.currentRevision);
  expect(await roll(HTTPD)).toBe(first.currentRevision);
}

async function updatesByPartition(scope: Scope): Promise<void> {
  const spec = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } };
  await create(scope, 'ss2', { replicas: 3, container: { readinessProbe: HTTP_PROBE }, spec });
  await pods(scope, 3, true);
  await setImage(scope, 'ss2', HTTPD_NEWER);
  const { status } = await observed(scope, 'ss2', ({ currentRevision, updateRevision }) => currentRevision !== updateRevision);
  const [old, updated] = [
    [HTTPD, status.currentRevision],
    [HTTPD_NEWER, status.updateRevision],
  ];
  expect((await podsOf(scope)).map(facts)).toEqual([old, old, old]);
  const fromPartition = async (partition: number) => {
    await setPartition(scope, 'ss2', partition);
    await observed(scope, 'ss2', ({ updatedReplicas = 0, readyReplicas }) => updatedReplicas === 3 - partition && readyReplicas === 3);
    expect((await pods(scope, 3, true)).map(facts)).toEqual([0, 1, 2].map((ordinal) => (ordinal < partition ? old : updated)));
  };
  await fromPartition(2);
  for (const name of ['ss2-0', 'ss2-2']) await scope.remove('pods', name, { gracePeriodSeconds: 0 });
  await observed(scope, 'ss2', ({ readyReplicas }) => readyReplicas === 3);
  expect((await pods(scope, 3, true)).map(facts)).toEqual([old, old, updated]);
  await fromPartition(1);
  await fromPartition(0);
  await observed(scope, 'ss2', ({ currentRevision }) => currentRevision === status.updateRevision);
}

async function scalesInOrder(scope: Scope): Promise<void> {
  const { resourceVersion } = (await scope.list('pods', SELECTOR)).metadata;
  await create(scope, 'ss', { container: { readinessProbe: HTTP_PROBE } });
  await pods(scope, 1, true);
  await inPods(scope, BREAK);
  await pods(scope, 1, false);
  await observed(scope, 'ss', ({ readyReplicas = 0 }) => readyReplicas === 0);
  await setReplicas(scope, 'ss', 3);
  await observed(scope, 'ss');
  expect(await podsOf(scope)).toHaveLength(1);
  await inPods(scope, MEND);
  await pods(scope, 3, true);
  const order = async (type: string, from: string) => {
    const names: string[] = [];
    await scope.watch('pods', { resourceVersion: from, selector: SELECTOR }, (event) => {
      if (event.type === type) names.push(event.object.metadata.name);
      return names.length === 3;
    });
    return names;
  };
  expect(await order('ADDED', resourceVersion)).toEqual(['ss-0', 'ss-1', 'ss-2']);
  const { resourceVersion: before } = (await scope.list('pods', SELECTOR)).metadata;
  await inPods(scope, BREAK);
  await observed(scope, 'ss', ({ readyReplicas = 0 }) => readyReplicas === 0);
  await pods(scope, 3, false);
  await setReplicas(scope, 'ss', 0);
  await observed(scope, 'ss');
  expect(await podsOf(scope)).toHaveLength(3);
  await inPods(scope, MEND);
  expect(await order('DELETED', before)).toEqual(['ss-2', 'ss-1', 'ss-0']);
  await observed(scope, 'ss', ({ replicas }) => replicas === 0);
}

async function scalesAtOnce(scope: Scope): Promise<void> {
  await create(scope, 'ss', { container: { readinessProbe: HTTP_PROBE }, spec: { podManagementPolicy: 'Parallel' } });
  await pods(scope, 1, true);
  await inPods(scope, BREAK);
  await pods(scope, 1, false);
  await setReplicas(scope, 'ss', 3);
  await observed(scope, 'ss', ({ replicas }) => replicas === 3);
  await inPods(scope, MEND);
  await pods(scope, 3, true);
  await inPods(scope, BREAK);
  await observed(scope, 'ss', ({ readyReplicas = 0 }) => readyReplicas === 0);
  await setReplicas(scope, 'ss', 0);
  await scope.until(
    'pods stayed',
    () => podsOf(scope),
    (left) => left.length === 0,
  );
  await observed(scope, 'ss', ({ replicas }) => replicas === 0);
}

async function makesRefusedPodsAgain(scope: Scope): Promise<void> {
  const ports = [{ hostPort: 21017, containerPort: 21017, name: 'conflict' }];
  const pod = { metadata: { name: 'test-pod' }, spec: { nodeName: 'node-0', containers: [{ name: 'webserver', image: HTTPD, ports }] } };
  await scope.create('pods', pod);
  await scope.eventually('pods', 'test-pod', ({ status }) => status.phase === 'Running');
  await create(scope, 'ss', { container: { ports }, pod: { nodeName: 'node-0' } });
  const { resourceVersion } = (await scope.list('pods')).metadata;
  const events = await scope.watch('pods', { resourceVersion, fields: 'metadata.name=ss-0' }, ({ type }) => type === 'DELETED');
  const refused = events.at(-1)?.object;
  expect([refused.status.phase, refused.status.reason]).toEqual(['Failed', 'NodePorts']);
  await scope.remove('pods', 'test-pod', { gracePeriodSeconds: 0 });
  const look = async () => (await scope.items('pods', SELECTOR)).find(({ status }) => status.phase === 'Running');
  const made = await scope.until('the pod was never taken', look);
  expect(made.metadata.uid).not.toBe(refused.metadata.uid);
}

async function givesIdentity(scope: Scope): Promise<void> {
  await create(scope, 'ss', { replicas: 2, claims: true, container: { readinessProbe: PAUSE_PROBE } });
  const saturate = async () => {
    for (const name of ['ss-0', 'ss-1']) {
      await scope.until(
        `${name} did not run`,
        async () => (await podsOf(scope)).find((pod) => pod.metadata.name === name)?.status.phase === 'Running',
      );
      await scope.shell(name, CONTINUE);
    }
    await pods(scope, 2, true);
  };
  await saturate();
  for (const name of ['ss-0', 'ss-1']) {
    expect(await scope.shell(name, 'printf $(hostname)')).toBe(name);
    for (const line of ['ls -idlh /data', 'find /data', 'touch /data/$(date +%s)']) await scope.shell(name, line);
    await scope.shell(name, 'echo $(hostname) | dd of=/data/hostname conv=fsync');
    await scope.shell(name, 'ln -s /data/hostname /data/hostname-symlink');
  }
  await setReplicas(scope, 'ss', 0);
  await scope.until(
    'pods stayed',
    () => podsOf(scope),
    (left) => left.length === 0,
  );
  await setReplicas(scope, 'ss', 2);
  // The volumes have kept their files, the one that makes the pods ready too.
  await pods(scope, 2, true);
  for (const name of ['ss-0', 'ss-1'])
    for (const file of ['hostname', 'hostname-symlink'])
      await scope.shell(name, `if [ "$(cat /data/${file})" = "$(hostname)" ]; then exit 0; else exit 1; fi`);
}

async function adoptsAgain(scope: Scope): Promise<void> {
  const { metadata } = await create(scope, 'ss');
  const [pod] = await pods(scope, 1, true);
  const adopted = (one: Json) => controllerOf(one)?.uid === metadata.uid;
  expect(controllerOf(pod)).toMatchObject({ kind: 'StatefulSet', name: 'ss', uid: metadata.uid });
  await scope.update('pods', 'ss-0', (one) => Object.assign(one.metadata, { ownerReferences: undefined }));
  await scope.eventually('pods', 'ss-0', adopted);
  await scope.update('pods', 'ss-0', (one) => Object.assign(one.metadata, { labels: undefined }));
  await scope.eventually('pods', 'ss-0', (one) => controllerOf(one) === undefined);
  await scope.update('pods', 'ss-0', (one) => Object.assign(one.metadata, { labels: pod.metadata.labels }));
  expect((await scope.eventually('pods', 'ss-0', adopted)).metadata.uid).toBe(pod.metadata.uid);
}

async function isNotStuck(scope: Scope): Promise<void> {
  await create(scope, 'ss', { replicas: 2, claims: true, container: { readinessProbe: PAUSE_PROBE } });
  const states = (wanted: string) =>
    scope.until(
      `the pods never were ${wanted}`,
      async () => (await podsOf(scope)).map((pod) => `${pod.metadata.name} ${pod.status.phase} ${isReady(pod)}`).join(', '),
      (text) => text === wanted,
    );
  await states('ss-0 Running false');
  await scope.shell('ss-0', CONTINUE);
  await states('ss-0 Running true, ss-1 Running false');
  const [before] = await podsOf(scope);
  await scope.remove('pods', 'ss-0', { gracePeriodSeconds: 0 });
  await scope.eventually('pods', 'ss-0', ({ metadata }) => metadata.uid !== before.metadata.uid);
  await states('ss-0 Running true, ss-1 Running false');
  await scope.shell('ss-1', CONTINUE);
  await pods(scope, 2, true);
}

async function replacesNothing(scope: Scope): Promise<void> {
  await create(scope, 'ss2', { replicas: 3, container: { readinessProbe: HTTP_PROBE }, spec: { updateStrategy: { type: 'OnDelete' } } });
  await pods(scope, 3, true);
  const { status: before } = await observed(scope, 'ss2');
  expect(before.currentRevision).toBe(before.updateRevision);
  const replaced = async (image: string, revision: string) => {
    const gone = (await podsOf(scope)).map(({ metadata }) => metadata.uid);
    for (const name of ['ss2-0', 'ss2-1', 'ss2-2']) await scope.remove('pods', name, { gracePeriodSeconds: 0 });
    await scope.until(
      'pods stayed',
      () => podsOf(scope),
      (all) => all.every(({ metadata }) => !gone.includes(metadata.uid)),
    );
    expect((await pods(scope, 3, true)).map(facts)).toEqual(Array(3).fill([image, revision]));
  };
  await replaced(HTTPD, before.currentRevision);
  await setImage(scope, 'ss2', HTTPD_NEWER);
  const { status } = await observed(scope, 'ss2', ({ currentRevision, updateRevision }) => currentRevision !== updateRevision);
  expect((await podsOf(scope)).map((pod) => pod.spec.containers[0].image)).toEqual([HTTPD, HTTPD, HTTPD]);
  await replaced(HTTPD_NEWER, status.updateRevision);
}

const FAILS_WHEN_ASKED = `
  _term(){
    echo "Received SIGTERM signal"
    if [ "\${POD_NAME}" = "ss3-0" ]; then exit 1; else exit 0; fi
  }
  trap _term SIGTERM
  while true; do sleep 1; done
`;

async function restoresBelowPartition(scope: Scope): Promise<void> {
  const env = [{ name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }];
  const containers = [
    { name: 'webserver', image: HTTPD, readinessProbe: HTTP_PROBE },
    { name: 'fails', image: BUSYBOX, command: ['sh', '-c'], args: [FAILS_WHEN_ASKED], env },
  ];
  const spec = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } };
  await create(scope, 'ss3', { replicas: 3, pod: { containers, terminationGracePeriodSeconds: 5 }, spec });
  await pods(scope, 3, true);
  await scope.update('pods', 'ss3-0', ({ metadata }) => Object.assign(metadata, { finalizers: ['example.com/test-finalizer'] }));
  await setImage(scope, 'ss3', HTTPD_NEWER);
  const isRolled = (one: Json) => one.updatedReplicas === 2 && one.replicas === 3 && one.readyReplicas === 3;
  const { status } = await observed(scope, 'ss3', isRolled);
  const images = async () => (await podsOf(scope)).map(facts);
  const [old, updated] = [
    [HTTPD, status.currentRevision],
    [HTTPD_NEWER, status.updateRevision],
  ];
  expect(await images()).toEqual([old, updated, updated]);
  await scope.remove('pods', 'ss3-0', { gracePeriodSeconds: 5 });
  await observed(scope, 'ss3', ({ readyReplicas }) => readyReplicas === 2);
  await scope.update('pods', 'ss3-0', ({ metadata }) => Object.assign(metadata, { finalizers: [] }));
  await observed(scope, 'ss3', ({ readyReplicas }) => readyReplicas === 3);
  expect(await images()).toEqual([old, updated, updated]);
}

async function countsAvailable(scope: Scope): Promise<void> {
  await create(scope, 'test-ss', { replicas: 2, container: { readinessProbe: HTTP_PROBE }, spec: { minReadySeconds: 3600 } });
  // The first is ready for an hour before it counts, and the second waits for that: a moment of some seconds may be seen by nobody.
  await observed(scope, 'test-ss', ({ readyReplicas, availableReplicas }) => readyReplicas === 1 && availableReplicas === 0);
  const after = async (minReadySeconds: number, available: number) => {
    await scope.update('statefulsets', 'test-ss', ({ spec }) => Object.assign(spec, { minReadySeconds }));
    await observed(scope, 'test-ss', ({ availableReplicas }) => availableReplicas === available);
  };
  await after(2, 2);
  await after(3600, 0);
  await after(0, 2);
  expect(await scope.kubectl('get', 'statefulset', 'test-ss', '-o=yaml')).toContain('availableReplicas: 2');
}

async function deletesClaims(scope: Scope): Promise<void> {
  const claims = (...ordinals: number[]) =>
    scope.until(
      `claims never were ${ordinals}`,
      async () => (await scope.items('persistentvolumeclaims')).map(({ metadata }) => metadata.name).sort(),
      (names) => names.join() === ordinals.map((ordinal) => `datadir-ss-${ordinal}`).join(),
    );
  const orphan = async () => {
    await scope.patch('pods', 'ss-2', { metadata: { ownerReferences: [] } }, { type: MERGE });
    await scope.eventually('pods', 'ss-2', (pod) => controllerOf(pod) !== undefined);
  };
  const scaled = { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' } };
  await create(scope, 'ss', { replicas: 3, claims: true, spec: scaled });
  await observed(scope, 'ss', ({ readyReplicas }) => readyReplicas === 3);
  await claims(0, 1, 2);
  await orphan();
  await setReplicas(scope, 'ss', 1);
  await claims(0);
  await scope.update('statefulsets', 'ss', ({ spec }) => {
    spec.persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Delete', whenScaled: 'Retain' };
    spec.replicas = 3;
  });
  const { metadata } = await observed(scope, 'ss', ({ readyReplicas }) => readyReplicas === 3);
  await scope.until(
    'the claims never were the set’s',
    async () =>
      (await scope.items('persistentvolumeclaims')).map((claim) => (claim.metadata.ownerReferences ?? []).map(({ uid }: Json) => uid)),
    (owners) => owners.length === 3 && owners.every((uids) => uids.join() === metadata.uid),
  );
  await orphan();
  await scope.remove('statefulsets', 'ss', {});
  await claims();
}

async function beginsWithNumber(scope: Scope): Promise<void> {
  await create(scope, 'ss', { replicas: 2 });
  const named = (...names: string[]) =>
    scope.until(
      `the pods never were ${names}`,
      async () => (await pods(scope, names.length, true)).map(({ metadata }) => metadata.name),
      (found) => found.join() === names.join(),
    );
  const begin = (ordinals: object | undefined, replicas = 2) =>
    scope.update('statefulsets', 'ss', ({ spec }) => Object.assign(spec, { ordinals, replicas }));
  await named('ss-0', 'ss-1');
  await begin({ start: 2 }, 3);
  await named('ss-2', 'ss-3', 'ss-4');
  await begin({ start: 4 });
  await named('ss-4', 'ss-5');
  await begin({ start: 3 });
  await named('ss-3', 'ss-4');
  await begin(undefined);
  await named('ss-0', 'ss-1');
  await observed(scope, 'ss', ({ replicas, readyReplicas }) => replicas === 2 && readyReplicas === 2);
}
