// What upstream's suite asks of claims and their volumes (test/e2e/storage/{persistent_volumes,pvc_protection,pv_protection,pvc_storageclass}.go and testsuites/).
import { describe, expect, it } from 'vitest';
import { BUSYBOX, conditionOf, inScope, type Json, Refused, type Scope, type World, waiting } from './world.ts';

const PVC = 'persistentvolumeclaims';
const PV = 'persistentvolumes';
const MOUNT = '/mnt/volume1';
const GROUP = 777;

interface ClaimWish {
  readonly storageClassName?: string;
  readonly accessModes?: readonly string[];
  readonly storage?: string;
  readonly spec?: object;
}

const makeClaim = (
  scope: Scope,
  name: string,
  { storageClassName = 'standard', accessModes = ['ReadWriteOnce'], storage = '1Gi', spec }: ClaimWish = {},
): Promise<Json> =>
  scope.create(PVC, { metadata: { name }, spec: { accessModes, resources: { requests: { storage } }, storageClassName, ...spec } });

const claimed = (claimName: string, name = 'v') => ({ name, persistentVolumeClaim: { claimName } });
const mounts = [{ name: 'v', mountPath: MOUNT }];
const user = (claimName: string, more: object = {}) => ({ containers: [waiting(mounts)], volumes: [claimed(claimName)], ...more });
const once = (claimName: string, line: string) => ({
  containers: [{ name: 'main', image: BUSYBOX, command: ['/bin/sh', '-c', line], volumeMounts: mounts }],
  volumes: [claimed(claimName)],
});

/** A disk of the network, whose users are in a group. */
const networkVolume = (scope: Scope, name: string, spec: object = {}): Promise<Json> =>
  scope.create(PV, {
    metadata: {
      name: `${scope.namespace}-${name}`,
      labels: { e2e: scope.namespace },
      annotations: { 'pv.beta.kubernetes.io/gid': String(GROUP) },
    },
    spec: {
      accessModes: ['ReadWriteOnce', 'ReadWriteMany'],
      capacity: { storage: '2Gi' },
      nfs: { server: '10.1.2.3', path: `/exports/${name}` },
      persistentVolumeReclaimPolicy: 'Retain',
      ...spec,
    },
  });

const networkClaim = (scope: Scope, name: string, spec: object = {}): Promise<Json> =>
  makeClaim(scope, name, { storageClassName: '', spec: { selector: { matchLabels: { e2e: scope.namespace } }, ...spec } });

/** A pod that makes volumes which it serves over NFS, for claims of its classes; its account may do all. */
async function provisionerOfNfs(scope: Scope, provisioner: string): Promise<void> {
  await scope.create('clusterrolebindings', {
    metadata: { name: scope.namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: scope.namespace }],
  });
  const env = [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }];
  const image = 'registry.k8s.io/sig-storage/nfs-provisioner:v4.0.8';
  await scope.running('nfs', {
    containers: [
      { name: 'nfs', image, args: [`-provisioner=${provisioner}`], env, volumeMounts: [{ name: 'export', mountPath: '/export' }] },
    ],
    volumes: [{ name: 'export', emptyDir: {} }],
  });
}

const WRITE = `touch ${MOUNT}/SUCCESS && (id -G | grep -E '\\b${GROUP}\\b')`;

type Step = (scope: Scope) => Promise<unknown>;

/** In which order a volume and its claim are made. */
const PAIRS: readonly (readonly [string, Step, Step])[] = [
  ['the volume first', (scope) => networkVolume(scope, 'v'), (scope) => networkClaim(scope, 'c')],
  ['the claim first', (scope) => networkClaim(scope, 'c'), (scope) => networkVolume(scope, 'v')],
  [
    'the claim first, the volume kept for it',
    (scope) => networkClaim(scope, 'c'),
    (scope) => networkVolume(scope, 'v', { claimRef: { namespace: scope.namespace, name: 'c' } }),
  ],
  [
    'the volume first, which the claim names',
    (scope) => networkVolume(scope, 'v'),
    (scope) => networkClaim(scope, 'c', { volumeName: `${scope.namespace}-v` }),
  ],
];

export function claimTests(world: () => World): void {
  describe('volumes made by hand', () => {
    it.each(PAIRS)('are bound and written to: %s', async (_order, first, second) => {
      await inScope(world, async (scope) => {
        await first(scope);
        await second(scope);
        const { spec } = await scope.phase(PVC, 'c', 'Bound');
        await scope.phase(PV, spec.volumeName, 'Bound');
        await scope.outputOf('writer', once('c', WRITE));
        await scope.end('pods', 'writer');
        await scope.end(PVC, 'c');
        await scope.phase(PV, spec.volumeName, 'Released');
        await scope.end(PV, spec.volumeName);
      })();
    });

    it(
      'are for as many claims as there are volumes',
      inScope(world, async (scope) => {
        for (const name of ['a', 'b']) await networkVolume(scope, name);
        for (const name of ['1', '2', '3', '4']) await networkClaim(scope, name);
        const bound = (all: Json[]) => all.filter(({ status }) => status.phase === 'Bound');
        const claims = await scope.until(
          'two claims were never bound',
          () => scope.items(PVC),
          (all) => bound(all).length === 2,
        );
        for (const { metadata } of bound(claims)) await scope.outputOf(`writer-${metadata.name}`, once(metadata.name, WRITE));
        for (const { metadata } of bound(claims)) {
          await scope.remove('pods', `writer-${metadata.name}`);
          await scope.remove(PVC, metadata.name);
        }
        const left = () => scope.items(PVC);
        await scope.until('claims stayed', left, (all) => all.length === 2);
        for (const name of ['a', 'b']) await scope.remove(PV, `${scope.namespace}-${name}`);
      }),
    );

    it(
      'are wiped for the next claim when they are recycled',
      inScope(world, async (scope) => {
        await networkVolume(scope, 'v', { persistentVolumeReclaimPolicy: 'Recycle' });
        await networkClaim(scope, 'c');
        await scope.phase(PVC, 'c', 'Bound');
        await scope.outputOf('writer', once('c', WRITE));
        await scope.end('pods', 'writer');
        await scope.end(PVC, 'c');
        await scope.phase(PV, `${scope.namespace}-v`, 'Available');
        await networkClaim(scope, 'again');
        await scope.outputOf('looks', once('again', `[ $(ls -A ${MOUNT} | wc -l) -eq 0 ] && exit 0 || exit 1`));
        await scope.remove('pods', 'looks');
        await scope.end(PVC, 'again');
        await scope.phase(PV, `${scope.namespace}-v`, 'Available');
        await scope.end(PV, `${scope.namespace}-v`);
      }),
    );
  });

  describe('volumes made on demand', () => {
    it(
      'are as the claim and its class say, are written by anybody, and go with the claim',
      inScope(world, async (scope) => {
        await makeClaim(scope, 'c', { storage: '5Gi' });
        await scope.pod('writer', {
          ...once('c', `echo hello > ${MOUNT}/data; grep hello ${MOUNT}/data`),
          securityContext: { runAsUser: 1001 },
          restartPolicy: 'Never',
        });
        await scope.phase('pods', 'writer', 'Succeeded');
        const { spec, status } = await scope.get(PVC, 'c');
        expect(status).toMatchObject({ phase: 'Bound', capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'] });
        const volume = await scope.get(PV, spec.volumeName);
        expect(volume.spec).toMatchObject({
          capacity: { storage: '5Gi' },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Delete',
        });
        expect(volume.spec.claimRef).toMatchObject({ namespace: scope.namespace, name: 'c' });
        await scope.outputOf('reader', once('c', `grep hello ${MOUNT}/data`));
        for (const name of ['writer', 'reader']) await scope.end('pods', name);
        await scope.end(PVC, 'c');
        await scope.gone(PV, spec.volumeName);
      }),
    );

    it(
      'are there for the pods of a StatefulSet that is made again',
      inScope(world, async (scope) => {
        const numbers = [0, 1, 2, 3];
        const file = (i: number) => `/mnt/vol${i}/data${i}`;
        const set = (line: string) => ({
          metadata: { name: 'many' },
          spec: {
            replicas: 1,
            selector: { matchLabels: { app: 'many' } },
            serviceName: 'many',
            template: {
              metadata: { labels: { app: 'many' } },
              spec: {
                terminationGracePeriodSeconds: 1,
                containers: [
                  {
                    name: 'nginx',
                    image: 'registry.k8s.io/e2e-test-images/nginx:1.14-4',
                    command: ['/bin/sh', '-c', `${line} && sleep 10000`],
                    volumeMounts: numbers.map((i) => ({ name: `vol${i}`, mountPath: `/mnt/vol${i}` })),
                    readinessProbe: { exec: { command: ['test', '-f', file(3)] }, initialDelaySeconds: 1, periodSeconds: 1 },
                  },
                ],
              },
            },
            volumeClaimTemplates: numbers.map((i) => ({
              metadata: { name: `vol${i}` },
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, storageClassName: 'standard' },
            })),
          },
        });
        const isReady = () => scope.eventually('statefulsets', 'many', ({ status }) => status.readyReplicas === 1);
        await scope.create('statefulsets', set(numbers.map((i) => `touch ${file(i)}`).join(' && ')));
        await isReady();
        await scope.patch('statefulsets', 'many', { spec: { replicas: 0 } });
        await scope.eventually('statefulsets', 'many', ({ status }) => status.replicas === 0);
        await scope.end('statefulsets', 'many');
        await scope.create('statefulsets', set(numbers.map((i) => `test -f ${file(i)}`).join(' && ')));
        await isReady();
        await scope.remove('statefulsets', 'many');
      }),
    );

    it(
      'grow when their class allows it, with and without a pod that uses them',
      inScope(world, async (scope) => {
        const grow = (name: string, storage: string) => scope.patch(PVC, name, { spec: { resources: { requests: { storage } } } });
        await makeClaim(scope, 'c', { storage: '2Gi' });
        await scope.running('first', user('c'));
        await grow('c', '3Gi');
        const size = (storage: string) => (claim: Json) => claim.status.capacity?.storage === storage;
        const online = await scope.eventually(PVC, 'c', size('3Gi'));
        expect((await scope.get(PV, online.spec.volumeName)).spec.capacity.storage).toBe('3Gi');
        await scope.end('pods', 'first');
        await grow('c', '4Gi');
        const waits = await scope.eventually(PVC, 'c', (claim) => conditionOf(claim, 'FileSystemResizePending')?.status === 'True');
        expect(waits.status).toMatchObject({
          capacity: { storage: '3Gi' },
          allocatedResources: { storage: '4Gi' },
          allocatedResourceStatuses: { storage: 'NodeResizePending' },
        });
        await scope.running('second', user('c'));
        const { status } = await scope.eventually(PVC, 'c', size('4Gi'));
        expect(status.conditions ?? []).toEqual([]);
        expect(status.allocatedResourceStatuses).toBeUndefined();
        expect(status.allocatedResources).toEqual({ storage: '4Gi' });
        const storageClassName = `fixed-${scope.namespace}`;
        await scope.create('storageclasses', {
          metadata: { name: storageClassName },
          provisioner: 'nanokube.dev/hostpath',
          allowVolumeExpansion: false,
        });
        await makeClaim(scope, 'fixed', { storageClassName });
        await scope.running('third', user('fixed'));
        await expect(grow('fixed', '3Gi')).rejects.toSatisfy((error: unknown) => error instanceof Refused && error.status === 403);
        await scope.remove('storageclasses', storageClassName);
      }),
    );

    it(
      'are made by a provisioner in a pod, which serves them itself: claims of its classes waited for ever',
      inScope(world, async (scope) => {
        const { namespace } = scope;
        const provisioner = `example.com/nfs-${namespace}`;
        await provisionerOfNfs(scope, provisioner);
        const storageClassName = `nfs-${namespace}`;
        await scope.create('storageclasses', { metadata: { name: storageClassName }, provisioner, mountOptions: ['vers=4.1'] });
        await makeClaim(scope, 'c', { storageClassName, accessModes: ['ReadWriteMany'] });
        const { spec } = await scope.phase(PVC, 'c', 'Bound');
        const server = (await scope.get('pods', 'nfs')).status.podIP;
        const volume = await scope.get(PV, spec.volumeName);
        expect(volume.metadata.annotations['pv.kubernetes.io/provisioned-by']).toBe(provisioner);
        expect(volume.spec).toMatchObject({
          accessModes: ['ReadWriteMany'],
          capacity: { storage: '1Gi' },
          mountOptions: ['vers=4.1'],
          nfs: { server, path: `/export/${spec.volumeName}` },
          persistentVolumeReclaimPolicy: 'Delete',
        });
        expect(await scope.told('c', 'ProvisioningSucceeded')).toEqual([`Successfully provisioned volume ${spec.volumeName}`]);
        await scope.running('writer', user('c', { securityContext: { runAsUser: 1000 } }));
        await scope.shell('writer', `echo shared > ${MOUNT}/f`);
        expect(await scope.shell('writer', 'mount')).toContain(
          `${server}:/export/${spec.volumeName} on ${MOUNT} type nfs4 (rw,relatime,vers=4.1,`,
        );
        expect(await scope.outputOf('reader', once('c', `cat ${MOUNT}/f`))).toBe('shared\n');
        expect(await scope.shell('nfs', `cat /export/${spec.volumeName}/f`)).toBe('shared\n');
        for (const pod of ['writer', 'reader']) await scope.end('pods', pod);
        await scope.end(PVC, 'c');
        await scope.gone(PV, spec.volumeName);
        await scope.remove('storageclasses', storageClassName);
        await scope.remove('clusterrolebindings', namespace);
      }),
    );

    it(
      'are files, unless the provisioner makes devices',
      inScope(world, async (scope) => {
        const storageClassName = `now-${scope.namespace}`;
        await scope.create('storageclasses', {
          metadata: { name: storageClassName },
          provisioner: 'nanokube.dev/hostpath',
          volumeBindingMode: 'Immediate',
        });
        await makeClaim(scope, 'device', { storageClassName, spec: { volumeMode: 'Block' } });
        await scope.event('device', 'ProvisioningFailed', /does not support block volume provisioning/);
        expect((await scope.get(PVC, 'device')).status.phase).toBe('Pending');
        await scope.remove('storageclasses', storageClassName);
      }),
    );
  });

  describe('what is used', () => {
    it(
      'is not deleted while it is: claims',
      inScope(world, async (scope) => {
        await makeClaim(scope, 'unused');
        expect((await scope.get(PVC, 'unused')).metadata.finalizers).toContain('kubernetes.io/pvc-protection');
        await scope.end(PVC, 'unused', { gracePeriodSeconds: 0 });
        await makeClaim(scope, 'c');
        await scope.running('first', user('c'));
        await scope.remove(PVC, 'c', { gracePeriodSeconds: 0 });
        expect((await scope.get(PVC, 'c')).metadata.deletionTimestamp).toBeDefined();
        await scope.pod('second', user('c'));
        const second = await scope.eventually('pods', 'second', (pod) => conditionOf(pod, 'PodScheduled')?.status === 'False');
        expect(conditionOf(second, 'PodScheduled')).toMatchObject({ reason: 'Unschedulable' });
        expect(conditionOf(second, 'PodScheduled').message).toContain('persistentvolumeclaim "c" is being deleted');
        await scope.end('pods', 'second');
        expect((await scope.get(PVC, 'c')).metadata.deletionTimestamp).toBeDefined();
        await scope.end('pods', 'first');
        await scope.gone(PVC, 'c');
      }),
    );

    it(
      'is not deleted while it is: volumes',
      inScope(world, async (scope) => {
        const name = `${scope.namespace}-v`;
        const finalizers = ({ metadata }: Json) => metadata.finalizers?.includes('kubernetes.io/pv-protection');
        await networkVolume(scope, 'v');
        await scope.eventually(PV, name, finalizers);
        await scope.end(PV, name);
        await networkVolume(scope, 'v');
        await networkClaim(scope, 'c');
        await scope.phase(PV, name, 'Bound');
        await scope.remove(PV, name);
        expect((await scope.get(PV, name)).metadata.deletionTimestamp).toBeDefined();
        await scope.end(PVC, 'c');
        await scope.gone(PV, name);
      }),
    );

    it(
      'by one pod only is refused to others, unless these matter more',
      inScope(world, async (scope) => {
        await makeClaim(scope, 'c', { accessModes: ['ReadWriteOncePod'] });
        const priorityClassName = `high-${scope.namespace}`;
        await scope.create('priorityclasses', { metadata: { name: priorityClassName }, value: 1000 });
        const { spec } = await scope.running('first', user('c', { terminationGracePeriodSeconds: 0 }));
        await scope.pod('beside', user('c', { nodeName: spec.nodeName }));
        await scope.event('beside', 'FailedMount', /volume uses the ReadWriteOncePod access mode and is already in use by another pod/);
        const isWaiting = ({ status }: Json) => status.containerStatuses?.[0].state.waiting?.reason === 'ContainerCreating';
        await scope.eventually('pods', 'beside', isWaiting);
        await scope.end('pods', 'beside');
        await scope.pod('second', user('c', { priorityClassName }));
        await scope.gone('pods', 'first');
        await scope.phase('pods', 'second', 'Running');
        await scope.pod('first', user('c'));
        await scope.eventually('pods', 'first', (pod) => conditionOf(pod, 'PodScheduled')?.reason === 'Unschedulable');
        await scope.end('pods', 'second');
        await scope.phase('pods', 'first', 'Running');
        await scope.remove('priorityclasses', priorityClassName);
      }),
    );

    it(
      'by one pod only is used by all of its containers',
      inScope(world, async (scope) => {
        await makeClaim(scope, 'c', { accessModes: ['ReadWriteOncePod'] });
        const containers = ['one', 'two'].map((name) => waiting(mounts, { name }));
        await scope.running('both', { containers, volumes: [claimed('c')] });
        await scope.shell('both', `echo "storage test" >${MOUNT}/testfile && sync -f ${MOUNT}/testfile`, 'one');
        expect(await scope.shell('both', `cat ${MOUNT}/testfile && rm ${MOUNT}/testfile`, 'two')).toBe('storage test\n');
      }),
    );
  });

  it(
    'volumes and claims are counted, and how full they are',
    inScope(world, async (scope) => {
      await makeClaim(scope, 'c', { storage: '2Gi' });
      const { spec } = await scope.running('user', user('c'));
      await scope.shell('user', `echo hello > ${MOUNT}/data`);
      const ofClaim = `{namespace="${scope.namespace}",persistentvolumeclaim="c"}`;
      const { body } = await scope.world.call('GET', `api/v1/nodes/${spec.nodeName}/proxy/metrics`);
      for (const name of ['available_bytes', 'capacity_bytes', 'inodes', 'inodes_free'])
        expect(body).toContain(`kubelet_volume_stats_${name}${ofClaim} `);
      expect(body).toContain(`kubelet_volume_stats_used_bytes${ofClaim} 6\n`);
      expect(body).toContain(`kubelet_volume_stats_inodes_used${ofClaim} 2\n`);
      const summary = (await scope.world.call('GET', `api/v1/nodes/${spec.nodeName}/proxy/stats/summary`)).body;
      const { volume } = summary.pods.find(({ podRef }: Json) => podRef.namespace === scope.namespace);
      expect(volume.find(({ name }: Json) => name === 'v')).toMatchObject({
        usedBytes: 6,
        pvcRef: { name: 'c', namespace: scope.namespace },
      });
    }),
  );

  it(
    'a claim without a class gets the default one that comes later',
    inScope(world, async (scope) => {
      const annotation = 'storageclass.kubernetes.io/is-default-class';
      const setDefault = (value: string) =>
        scope.patch('storageclasses', 'standard', { metadata: { annotations: { [annotation]: value } } });
      await setDefault('false');
      // Without a class it could have any test's volume that has none.
      const selector = { matchLabels: { e2e: scope.namespace } };
      const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, selector };
      await scope.create(PVC, { metadata: { name: 'c' }, spec });
      const name = `retro-${scope.namespace}`;
      await scope.create('storageclasses', { metadata: { name, annotations: { [annotation]: 'true' } }, provisioner: 'fake-1' });
      await scope.eventually(PVC, 'c', (claim) => claim.spec.storageClassName === name);
      const hostPath = { path: '/tmp/test' };
      await scope.create(PV, {
        metadata: { name, labels: { e2e: scope.namespace } },
        spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath, storageClassName: name },
      });
      await scope.phase(PVC, 'c', 'Bound');
      await setDefault('true');
      await scope.end(PVC, 'c');
      await scope.remove(PV, name);
      await scope.remove('storageclasses', name);
    }),
  );
}
