import { describe, expect, test } from 'vitest';
import type { Live, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../../api/index.ts';
import {
  CLONE_FINALIZER,
  cloneSource,
  dataSourceOf,
  isCopied,
  isOwnKind,
  isWanted,
  ProvisionError,
  requestFor,
  SNAPSHOT_FINALIZER,
  secretReference,
  snapshotSource,
  VOLUME_FINALIZER,
  volumeFor,
  volumeStep,
} from './provisioning.ts';
import type { SnapshotStatus, VolumeSnapshot, VolumeSnapshotContent } from './snapshot-types.ts';

const DRIVER = 'd.io';
const meta = { resourceVersion: '7', creationTimestamp: '' };

const aClaim = (name: string, spec: object = {}, own: { metadata?: object; phase?: string } = {}): Live<PersistentVolumeClaim> => ({
  metadata: {
    ...meta,
    name,
    namespace: 'n',
    uid: name,
    annotations: { 'volume.kubernetes.io/storage-provisioner': DRIVER },
    ...own.metadata,
  },
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'fast',
    resources: { requests: { storage: '1Gi' } },
    volumeMode: 'Filesystem',
    ...spec,
  },
  status: { phase: own.phase ?? 'Pending' },
});

const aVolume = (spec: object = {}, phase = 'Bound', metadata: object = {}): Live<PersistentVolume> => ({
  metadata: { ...meta, name: 'v', uid: 'v', annotations: { 'pv.kubernetes.io/provisioned-by': DRIVER }, ...metadata },
  spec: {
    csi: { driver: DRIVER, volumeHandle: 'h' },
    claimRef: { name: 'source', namespace: 'n', uid: 'source' },
    persistentVolumeReclaimPolicy: 'Delete',
    volumeMode: 'Filesystem',
    ...spec,
  },
  status: { phase },
});

const CLASS: StorageClass = { metadata: { name: 'fast' }, provisioner: DRIVER, reclaimPolicy: 'Delete' };
const withParameters = (parameters: Readonly<Record<string, string>>): StorageClass => ({ ...CLASS, parameters });

test.each([
  ['one of ours', aClaim('c'), true],
  ['one of another', aClaim('c', {}, { metadata: { annotations: { 'volume.kubernetes.io/storage-provisioner': 'e.io' } } }), false],
  ['one that is bound', aClaim('c', { volumeName: 'v' }), false],
])('a volume is made for %s: %#', (_, claim, wanted) => {
  expect(isWanted(claim, DRIVER)).toBe(wanted);
});

describe('what a claim is made from', () => {
  const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
  test('nothing, a snapshot, a claim, or what a populator knows', () => {
    expect(dataSourceOf(aClaim('c'))).toBeUndefined();
    expect(dataSourceOf(aClaim('c', { dataSource: snapshot, dataSourceRef: snapshot }))).toMatchObject({
      kind: 'VolumeSnapshot',
      name: 's',
    });
    const other = dataSourceOf(aClaim('c', { dataSourceRef: { apiGroup: 'hello.io', kind: 'Hello', name: 'h' } }));
    expect(other && isOwnKind(other)).toBe(false);
  });
  test.each([
    [
      { dataSourceRef: { ...snapshot, namespace: 'm' } },
      'dataSourceRef namespace specified but the CrossNamespaceVolumeDataSource feature is disabled',
    ],
    [
      { dataSource: { ...snapshot, apiGroup: 'x.io' } },
      'the PVC source does not belong to the right APIGroup. Expected snapshot.storage.k8s.io, Got x.io',
    ],
    [{ dataSource: { ...snapshot, name: '' } }, 'the PVC source not found for PVC c'],
  ])('is refused: %#', (spec, message) => {
    expect(() => dataSourceOf(aClaim('c', spec))).toThrow(message);
  });
});

describe('a copy of a claim', () => {
  const clone = (own: object = {}) => aClaim('clone', { dataSource: { kind: 'PersistentVolumeClaim', name: 'source' }, ...own });
  const source = aClaim('source', { volumeName: 'v' }, { phase: 'Bound' });
  test('is made of its volume', () => {
    expect(cloneSource(clone(), CLASS, source, aVolume())).toEqual({ kind: 'volume', id: 'h' });
    expect(cloneSource(clone({ resources: { requests: { storage: '2Gi' } } }), CLASS, source, aVolume())).toEqual({
      kind: 'volume',
      id: 'h',
    });
  });
  const invalid = 'claim in dataSource not bound or invalid';
  test.each([
    [
      'of nothing',
      clone(),
      undefined,
      aVolume(),
      'error getting PVC source (namespace "n") from api server: persistentvolumeclaim "source" not found',
    ],
    [
      'of one that is not bound',
      clone(),
      aClaim('source'),
      aVolume(),
      'the PVC DataSource source must have a status of Bound.  Got {Pending',
    ],
    [
      'of one that is going',
      clone(),
      aClaim('source', {}, { phase: 'Bound', metadata: { deletionTimestamp: 't' } }),
      aVolume(),
      'the PVC DataSource source is currently being deleted',
    ],
    [
      'that is smaller',
      clone({ resources: { requests: { storage: '1Mi' } } }),
      source,
      aVolume(),
      'requested 1048576 but source is 1073741824',
    ],
    ['of another driver', clone(), source, aVolume({ csi: { driver: 'e.io', volumeHandle: 'h' } }), invalid],
    ['of a volume of another', clone(), source, aVolume({ claimRef: { name: 'source', namespace: 'n', uid: 'old' } }), invalid],
    ['of a volume that is not bound', clone(), source, aVolume({}, 'Released'), invalid],
    [
      'of another mode',
      clone({ volumeMode: 'Block' }),
      source,
      aVolume(),
      'the source PVC and destination PVCs must have the same volume mode for cloning.  Source is Filesystem, but new PVC requested Block',
    ],
  ])('is none %s', (...[, claim, from, volume, message]) => {
    expect(() => cloneSource(claim, CLASS, from, volume)).toThrow(message);
  });
  test('keeps its source until none is made of it any more', () => {
    const going = aClaim('source', {}, { phase: 'Bound', metadata: { deletionTimestamp: 't', finalizers: [CLONE_FINALIZER] } });
    expect(isCopied(going, [going, clone()])).toBe(false);
    expect(isCopied(going, [going])).toBe(true);
    expect(isCopied(source, [source])).toBe(false);
  });
});

describe('a claim made from a snapshot', () => {
  const READY: SnapshotStatus = { boundVolumeSnapshotContentName: 'k', readyToUse: true, restoreSize: '1Gi' };
  const aSnapshot = (status: SnapshotStatus | undefined = READY, metadata: object = {}): VolumeSnapshot => ({
    metadata: { ...meta, name: 's', namespace: 'n', uid: 's', ...metadata },
    spec: { source: { persistentVolumeClaimName: 'c' } },
    status,
  });
  const aContent = (spec: object = {}, annotations = {}, status: object | undefined = { snapshotHandle: 'h' }): VolumeSnapshotContent => ({
    metadata: { ...meta, name: 'k', uid: 'k', annotations },
    spec: {
      driver: DRIVER,
      deletionPolicy: 'Delete',
      source: { volumeHandle: 'v' },
      sourceVolumeMode: 'Filesystem',
      volumeSnapshotRef: { name: 's', namespace: 'n', uid: 's' },
      ...spec,
    },
    status,
  });
  const claim = aClaim('c');
  const ALLOW = 'snapshot.storage.kubernetes.io/allow-volume-mode-change';
  test('has what the snapshot holds', () => {
    expect(snapshotSource(claim, CLASS, { snapshot: aSnapshot(), content: aContent() })).toEqual({ kind: 'snapshot', id: 'h' });
    const held = aSnapshot(READY, { deletionTimestamp: 't', finalizers: [SNAPSHOT_FINALIZER] });
    expect(snapshotSource(claim, CLASS, { snapshot: held, content: aContent() })).toEqual({ kind: 'snapshot', id: 'h' });
    const allowed = aContent({ sourceVolumeMode: 'Block' }, { [ALLOW]: 'true' });
    expect(snapshotSource(claim, CLASS, { snapshot: aSnapshot(), content: allowed })).toEqual({ kind: 'snapshot', id: 'h' });
  });
  test.each([
    ['that is going', aSnapshot(READY, { deletionTimestamp: 't' }), aContent(), 'snapshot s is being deleted'],
    ['that is not bound', aSnapshot({}), undefined, 'snapshot s not bound'],
    ['without its content', aSnapshot(), undefined, 'error getting snapshotcontent k for snapshot s'],
    [
      'whose content is another’s',
      aSnapshot(),
      aContent({ volumeSnapshotRef: { name: 's', namespace: 'n', uid: 'x' } }),
      'snapshotcontent k for snapshot s is bound to a different snapshot',
    ],
    [
      'of another driver',
      aSnapshot(),
      aContent({ driver: 'e.io' }),
      'snapshotcontent k for snapshot s is not handled by CSI driver of StorageClass fast',
    ],
    ['that is not ready', aSnapshot({ ...READY, readyToUse: false }), aContent(), 'snapshot s is not Ready'],
    ['without a handle', aSnapshot(), aContent({}, {}, {}), 'snapshot handle s is not available'],
    [
      'that is larger',
      aSnapshot({ ...READY, restoreSize: '2Gi' }),
      aContent(),
      'requested volume size 1073741824 is less than the size 2147483648 for the source snapshot s',
    ],
    ['of another mode', aSnapshot(), aContent({ sourceVolumeMode: 'Block' }), `${ALLOW} annotation is not present on snapshotcontent k`],
    [
      'of a mode that may not change',
      aSnapshot(),
      aContent({ sourceVolumeMode: 'Block' }, { [ALLOW]: 'false' }),
      `${ALLOW} is set to false on snapshotcontent k`,
    ],
  ])('is none of one %s', (_, snapshot, content, message) => {
    expect(() => snapshotSource(claim, CLASS, { snapshot, content })).toThrow(message);
  });
});

describe('what the driver is asked for', () => {
  test('is the driver’s part of the class', () => {
    const request = requestFor(
      aClaim('c', { volumeMode: 'Block' }),
      withParameters({ kind: 'slow', 'csi.storage.k8s.io/fstype': 'ext4' }),
      { tellsWriters: true },
    );
    expect(request).toMatchObject({ name: 'pvc-c', sizeBytes: 1024 ** 3, capabilities: [{ block: {} }], parameters: { kind: 'slow' } });
    expect(request.parameters).toEqual({ kind: 'slow' });
  });
  test.each([
    [aClaim('c', { selector: {} }), CLASS, 'claim Selector is not supported'],
    [
      aClaim('c'),
      withParameters({ fstype: 'a', 'csi.storage.k8s.io/fstype': 'b' }),
      'fstype specified in parameters with both "fstype" and "csi.storage.k8s.io/fstype" keys',
    ],
    [
      aClaim('c'),
      withParameters({ 'csi.storage.k8s.io/x': 'y' }),
      'found unknown parameter key "csi.storage.k8s.io/x" with reserved namespace csi.storage.k8s.io/',
    ],
  ])('is refused: %#', (claim, storageClass, message) => {
    expect(() => requestFor(claim, storageClass, { tellsWriters: true })).toThrow(message);
  });
});

test('a volume is for its claim, where the driver has it', () => {
  const made = { id: 'h', sizeBytes: 2 * 1024 ** 3, context: { kind: 'slow' }, topologies: [{ zone: 'a' }] };
  const { metadata, spec } = volumeFor(aClaim('c'), withParameters({ fstype: 'ext4' }), made, { identity: 'me', fsType: 'xfs' });
  expect(metadata).toMatchObject({ name: 'pvc-c', finalizers: [VOLUME_FINALIZER] });
  expect(spec).toMatchObject({
    capacity: { storage: '2Gi' },
    claimRef: { name: 'c', namespace: 'n', uid: 'c' },
    storageClassName: 'fast',
    nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] } },
    csi: {
      driver: DRIVER,
      volumeHandle: 'h',
      fsType: 'ext4',
      volumeAttributes: { 'storage.kubernetes.io/csiProvisionerIdentity': 'me', kind: 'slow' },
    },
  });
});

test('a volume whose class names no file system has the provisioner’s', () => {
  const made = { id: 'h', sizeBytes: 1, context: {}, topologies: [] };
  expect(volumeFor(aClaim('c'), CLASS, made, { identity: 'me', fsType: 'xfs' }).spec.csi).toMatchObject({ fsType: 'xfs' });
  expect(volumeFor(aClaim('c', { volumeMode: 'Block' }), CLASS, made, { identity: 'me', fsType: 'xfs' }).spec.csi).not.toHaveProperty(
    'fsType',
  );
});

describe('the secret of a step', () => {
  const token = (name: string) => `\${${name}}`;
  const named = (name: string) =>
    withParameters({
      'csi.storage.k8s.io/node-stage-secret-name': name,
      'csi.storage.k8s.io/node-stage-secret-namespace': token('pvc.namespace'),
    });
  test('is what the class’s template stands for', () => {
    expect(secretReference(named(`s-${token('pvc.name')}-${token('pv.name')}`), 'node-stage', aClaim('c'))).toEqual({
      name: 's-c-pvc-c',
      namespace: 'n',
    });
    expect(secretReference(CLASS, 'node-stage', aClaim('c'))).toBeUndefined();
  });
  test('is none of what nobody knows', () => {
    expect(() => secretReference(named(token("pvc.annotations['x']")), 'node-stage', aClaim('c'))).toThrow(ProvisionError);
  });
});

test.each([
  ['delete', aVolume({}, 'Released', { finalizers: [VOLUME_FINALIZER] })],
  ['delete', aVolume({}, 'Released', { finalizers: [VOLUME_FINALIZER], deletionTimestamp: 't' })],
  [undefined, aVolume({}, 'Released', { deletionTimestamp: 't' })],
  ['protect', aVolume()],
  [undefined, aVolume({}, 'Bound', { finalizers: [VOLUME_FINALIZER] })],
  ['unprotect', aVolume({ persistentVolumeReclaimPolicy: 'Retain' }, 'Bound', { finalizers: [VOLUME_FINALIZER] })],
  [undefined, aVolume({ persistentVolumeReclaimPolicy: 'Retain' }, 'Released')],
  [undefined, aVolume({}, 'Released', { annotations: { 'pv.kubernetes.io/provisioned-by': 'e.io' } })],
  ['delete', aVolume({}, 'Released', { annotations: {} })],
] as const)('the provisioner’s step for a volume: %s', (wanted, volume) => {
  expect(volumeStep(volume, DRIVER)).toBe(wanted);
});
