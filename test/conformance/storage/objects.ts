// What upstream's suite asks of storage objects as such (test/e2e/storage/{persistent_volumes,storageclass,csi_inline,csistoragecapacity,csi_node,volume_attachment,volumeattributesclass}.go).
import { describe, expect, it } from 'vitest';
import { BUSYBOX, inScope, type Json, MERGE, Refused, type Scope, type World } from './world.ts';

const refusedWith = (status: number) => (error: unknown) => error instanceof Refused && error.status === status;

/** Objects that are made, changed and deleted, with no more to them. */
const KINDS: readonly (readonly [string, string, (name: string) => object])[] = [
  ['a StorageClass', 'storageclasses', (name) => ({ provisioner: `e2e-fake-provisioner-${name}`, parameters: { foo: 'bar' } })],
  [
    'a CSIDriver',
    'csidrivers',
    () => ({ spec: { volumeLifecycleModes: ['Persistent', 'Ephemeral'], fsGroupPolicy: 'ReadWriteOnceWithFSType' } }),
  ],
  ['a CSINode', 'csinodes', () => ({ spec: { drivers: [] } })],
  [
    'a VolumeAttachment',
    'volumeattachments',
    (name) => ({ spec: { attacher: 'e2e.example.com', nodeName: 'node-0', source: { persistentVolumeName: `absent-${name}` } } }),
  ],
  ['a VolumeAttributesClass', 'volumeattributesclasses', () => ({ driverName: 'e2e.example.com', parameters: { iops: '100' } })],
  ['a CSIStorageCapacity', 'csistoragecapacities', () => ({ storageClassName: 'any', nodeTopology: {}, capacity: '1Gi' })],
];

async function lives(scope: Scope, resource: string, spec: (name: string) => object): Promise<void> {
  const [first, second, third] = ['a', 'b', 'c'].map((letter) => `${scope.namespace}-${letter}`) as [string, string, string];
  const labels = { 'e2e-test': scope.namespace };
  const make = (name: string) => scope.create(resource, { metadata: { name, labels }, ...spec(name) });
  const made = await make(first);
  await expect(make(first)).rejects.toSatisfy(refusedWith(409));
  expect((await scope.get(resource, first)).metadata.uid).toBe(made.metadata.uid);
  expect((await scope.patch(resource, first, { metadata: { labels: { [first]: 'patched' } } })).metadata.labels[first]).toBe('patched');
  expect(await scope.items(resource, `${first}=patched`)).toHaveLength(1);
  await scope.end(resource, first);
  await make(second);
  await make(third);
  for (const name of [second, third]) {
    const updated = await scope.update(resource, name, ({ metadata }) => {
      metadata.labels[scope.namespace] = 'updated';
    });
    expect(updated.metadata.labels[scope.namespace]).toBe('updated');
  }
  expect(await scope.items(resource, `e2e-test=${scope.namespace}`)).toHaveLength(2);
  await scope.removeAll(resource, `${scope.namespace}=updated`);
  for (const name of [second, third]) await scope.gone(resource, name);
}

const volume = (name: string, storageClassName: string, labels: object) => ({
  metadata: { name, labels },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '2Gi' },
    csi: { driver: 'e2e-driver', volumeHandle: 'e2e-conformance' },
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName,
  },
});

const claim = (name: string, volumeName: string, storageClassName: string, labels: object) => ({
  metadata: { name, labels },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName, storageClassName },
});

async function volumesAndClaimsLive(scope: Scope): Promise<void> {
  const labels = { e2e: scope.namespace };
  const [pv, pvc] = [`pv-${scope.namespace}`, `pvc-${scope.namespace}`];
  const pair = async () => {
    await scope.create('persistentvolumes', volume(pv, scope.namespace, labels));
    await scope.create('persistentvolumeclaims', claim(pvc, pv, scope.namespace, labels));
    await scope.phase('persistentvolumeclaims', pvc, 'Bound');
  };
  await pair();
  expect(await scope.items('persistentvolumes', `e2e=${scope.namespace}`)).toHaveLength(1);
  expect(await scope.items('persistentvolumeclaims')).toHaveLength(1);
  const objects = [
    ['persistentvolumes', pv],
    ['persistentvolumeclaims', pvc],
  ] as const;
  for (const [resource, name] of objects) {
    const patched = await scope.patch(resource, name, { metadata: { labels: { [name]: 'patched' } } });
    expect(patched.metadata.labels[name]).toBe('patched');
    expect((await scope.get(resource, name)).metadata.uid).toBe(patched.metadata.uid);
  }
  await scope.end('persistentvolumeclaims', pvc);
  await scope.end('persistentvolumes', pv);
  await pair();
  for (const [resource, name] of objects) {
    const updated = await scope.update(resource, name, ({ metadata }) => {
      metadata.labels[name] = 'updated';
    });
    expect(updated.metadata.labels[name]).toBe('updated');
  }
  for (const [resource, name] of objects.toReversed()) {
    await scope.removeAll(resource, `${name}=updated`);
    await scope.gone(resource, name);
  }
}

async function statusesChange(scope: Scope): Promise<void> {
  const [pv, pvc] = [`pv-${scope.namespace}`, `pvc-${scope.namespace}`];
  await scope.create('persistentvolumes', volume(pv, scope.namespace, { e2e: scope.namespace }));
  await scope.create('persistentvolumeclaims', claim(pvc, pv, scope.namespace, {}));
  await scope.phase('persistentvolumeclaims', pvc, 'Bound');
  expect((await scope.get('persistentvolumeclaims', pvc, 'status')).status.phase).toBe('Bound');
  expect((await scope.get('persistentvolumes', pv, 'status')).status.phase).toBe('Bound');
  const condition = (type: string) => ({ type, status: 'True', reason: type, message: `Set by ${type}`, lastTransitionTime: null });
  const patched = await scope.patch(
    'persistentvolumeclaims',
    pvc,
    { status: { conditions: [condition('StatusPatched')] } },
    { sub: 'status' },
  );
  expect(patched.status.conditions.at(-1)).toMatchObject({ type: 'StatusPatched', reason: 'StatusPatched' });
  const message = { message: 'StatusPatched', reason: 'E2E patchStatus' };
  expect((await scope.patch('persistentvolumes', pv, { status: message }, { type: MERGE, sub: 'status' })).status).toMatchObject(message);
  const add = ({ status }: Json) => {
    status.conditions = [...(status.conditions ?? []), condition('StatusUpdated')];
  };
  const updated = await scope.update('persistentvolumeclaims', pvc, add, 'status');
  expect(updated.status.conditions.map(({ type }: Json) => type)).toContain('StatusUpdated');
  const told = { message: 'StatusUpdated', reason: 'E2E updateStatus' };
  expect((await scope.update('persistentvolumes', pv, ({ status }) => Object.assign(status, told), 'status')).status).toMatchObject(told);
  await scope.end('persistentvolumeclaims', pvc);
  await scope.end('persistentvolumes', pv);
}

export function objectTests(world: () => World): void {
  describe.each(KINDS)('%s', (_what, resource, spec) => {
    it(
      'is made, read, listed, changed and deleted',
      inScope(world, (scope) => lives(scope, resource, spec)),
    );
  });

  describe('volumes and claims', () => {
    it('are made, read, listed, changed and deleted', inScope(world, volumesAndClaimsLive));
    it('have statuses that are read, patched and updated', inScope(world, statusesChange));
  });

  it(
    'a VolumeAttachment has a status that only its own path changes',
    inScope(world, async (scope) => {
      const name = `va-${scope.namespace}`;
      const spec = { attacher: 'e2e.example.com', nodeName: 'node-0', source: { persistentVolumeName: `absent-${scope.namespace}` } };
      await scope.create('volumeattachments', { metadata: { name }, spec });
      await scope.patch('volumeattachments', name, { metadata: { labels: { [name]: 'patched' } }, status: { attached: true } });
      expect((await scope.get('volumeattachments', name, 'status')).status.attached).toBe(false);
      const patch = { metadata: { annotations: { [name]: 'patched' } }, status: { attached: true } };
      expect((await scope.patch('volumeattachments', name, patch, { type: MERGE, sub: 'status' })).status.attached).toBe(true);
      const updated = await scope.update('volumeattachments', name, ({ status }) => Object.assign(status, { attached: false }), 'status');
      expect(updated.status.attached).toBe(false);
      expect(updated.metadata.labels[name]).toBe('patched');
      await scope.end('volumeattachments', name);
    }),
  );

  it(
    'a pod with CSI volumes of its own is made, read, listed, changed and deleted',
    inScope(world, async (scope) => {
      const volumes = [
        { name: 'one', csi: { driver: 'e2e.example.com' } },
        { name: 'two', csi: { driver: 'e2e.example.com', fsType: 'ext4', readOnly: true } },
      ];
      const volumeMounts = [
        { name: 'one', mountPath: '/mnt/vol1' },
        { name: 'two', mountPath: '/mnt/vol2' },
      ];
      const spec = { containers: [{ name: 'c', image: BUSYBOX, command: ['sh', '-c', 'ls /mnt/*'], volumeMounts }], volumes };
      const made = await scope.pod('inline', spec);
      await expect(scope.pod('inline', spec)).rejects.toSatisfy(refusedWith(409));
      expect((await scope.get('pods', 'inline')).metadata.uid).toBe(made.metadata.uid);
      expect(await scope.items('pods')).toHaveLength(1);
      const patched = await scope.patch('pods', 'inline', { metadata: { annotations: { patched: 'true' } } }, { type: MERGE });
      expect(patched.metadata.annotations.patched).toBe('true');
      await scope.event('inline', 'FailedMount', /driver name e2e.example.com not found in the list of registered CSI drivers/);
      await scope.end('pods', 'inline');
    }),
  );

  it(
    'watchers see all that becomes of a CSIStorageCapacity',
    inScope(world, async (scope) => {
      const { resourceVersion } = (await scope.world.call('GET', scope.path('csistoragecapacities'))).body.metadata;
      const labels = { special: scope.namespace };
      await scope.create('csistoragecapacities', {
        metadata: { name: 'one', labels },
        storageClassName: 'any',
        nodeTopology: {},
        capacity: '1Gi',
      });
      await scope.patch('csistoragecapacities', 'one', { metadata: { annotations: { patched: 'true' } } }, { type: MERGE });
      await scope.update('csistoragecapacities', 'one', (object) => {
        object.capacity = '2Gi';
      });
      await scope.end('csistoragecapacities', 'one');
      const query = { resourceVersion, labelSelector: `special=${scope.namespace}` };
      const events = await scope.world.watch(scope.path('csistoragecapacities'), query, ({ type }) => type === 'DELETED');
      expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED']);
      expect(events[2]?.object).toMatchObject({ capacity: '2Gi', metadata: { annotations: { patched: 'true' } } });
    }),
  );
}
