import { describe, expect, it } from 'vitest';
import { coreKinds, type PersistentVolume } from '../../../api/index.ts';
import { NOW, StrategyHarness } from '../testing/harness.ts';
import { persistentVolumeStrategy } from './persistent-volume.ts';

const volumes = new StrategyHarness(persistentVolumeStrategy, coreKinds.persistentvolumes);
const CREATED = '2023-12-31T23:59:30Z';
const hostPath = { path: '/data' };
const affinityTo = (key: string, zone = 'z') => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [zone] }] }] },
});

const specOf = (own: object = {}) => ({ capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...own });
const stored = (own: object = { hostPath }): PersistentVolume => volumes.stored({ spec: specOf(own) });
const errorsOf = (own: object, metadata: object = { name: 'x' }) => volumes.create({ metadata, spec: specOf(own) }).errors;

it('is kept and a file system unless told otherwise, and begins as pending', () => {
  const volume = volumes.stored({ spec: specOf({ hostPath }), status: { phase: 'Bound' } });
  expect(volume.spec).toMatchObject({ persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem', hostPath: { type: '' } });
  expect(volume.status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: '2024-01-01T00:00:00Z' });
});

it('gives its sources their defaults', () => {
  expect(stored({ iscsi: { targetPortal: 'p', iqn: 'iqn.2001-04.com.example:a', lun: 0 } }).spec.iscsi?.iscsiInterface).toBe('default');
  expect(stored({ rbd: { monitors: ['m'], image: 'i' } }).spec.rbd).toMatchObject({
    pool: 'rbd',
    user: 'admin',
    keyring: '/etc/ceph/keyring',
  });
  const azureDisk = { diskName: 'd', diskURI: 'https://x' };
  expect(stored({ azureDisk }).spec.azureDisk).toMatchObject({ cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false });
});

it('shows in tables what it is, and whose', () => {
  const volume = stored({ hostPath, claimRef: { namespace: 'ns', name: 'c' }, storageClassName: 'slow' });
  volume.metadata.creationTimestamp = CREATED;
  volume.spec.accessModes = ['ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOnce'];
  const cells = ['x', '1Gi', 'RWO,RWX', 'Retain', 'Pending', 'ns/c', 'slow', '<unset>', '', '30s', 'Filesystem'];
  expect(volumes.row(volume, NOW)).toEqual(cells);
  volume.metadata.deletionTimestamp = CREATED;
  volume.metadata.annotations = { 'volume.beta.kubernetes.io/storage-class': 'old' };
  expect(volumes.row(volume, NOW).slice(4, 7)).toEqual(['Terminating', 'ns/c', 'old']);
});

describe('a volume that is refused', () => {
  it('has no modes, no size or more than one, or words nobody knows', () => {
    const wrong = {
      accessModes: [],
      capacity: { cpu: '-1' },
      persistentVolumeReclaimPolicy: 'Eat',
      volumeMode: 'Tape',
      storageClassName: 'A',
      nodeAffinity: {},
    };
    expect(errorsOf({ ...wrong, hostPath })).toEqual([
      'spec.accessModes: Required value',
      'spec.capacity: Unsupported value: {"cpu":"-1"}: supported values: "storage"',
      'spec.capacity[cpu]: Invalid value: -1: must be a valid resource quantity',
      'spec.capacity[cpu]: Invalid value: "-1": must be greater than zero',
      'spec.persistentVolumeReclaimPolicy: Unsupported value: "Eat": supported values: "Delete", "Recycle", "Retain"',
      'spec.nodeAffinity.required: Required value: must specify required node constraints',
      expect.stringContaining('spec.storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain'),
      'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
    ]);
    expect(errorsOf({ capacity: undefined, hostPath })).toEqual([
      'spec.capacity: Required value',
      'spec.capacity: Unsupported value: null: supported values: "storage"',
    ]);
    expect(errorsOf({ accessModes: ['Sometimes', 'ReadWriteOncePod', 'ReadWriteOnce'], hostPath })).toEqual([
      'spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
    ]);
  });

  it('has no source, or two', () => {
    expect(errorsOf({})).toEqual(['spec: Required value: must specify a volume type']);
    expect(errorsOf({ nfs: { server: 's', path: '/' }, hostPath, cephfs: { monitors: [] } })).toEqual([
      'spec.nfs: Forbidden: may not specify more than 1 volume type',
      'spec.cephFS: Forbidden: may not specify more than 1 volume type',
    ]);
    expect(errorsOf({ hostPath, flexVolume: { driver: '' } })).toEqual(['spec.flexVolume.driver: Required value']);
  });

  it('is of a node that it does not name, or would be wiped with the whole of its node', () => {
    expect(errorsOf({ local: { path: '/a/../b' } })).toEqual([
      'spec.local.path: Invalid value: "/a/../b": must not contain \'..\'',
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ]);
    expect(errorsOf({ hostPath: { path: '/.' }, persistentVolumeReclaimPolicy: 'Recycle' })).toEqual([
      "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    ]);
  });

  it('is of a driver, and does not say enough of itself and its secrets', () => {
    const csi = { driver: '', volumeHandle: '', controllerPublishSecretRef: { name: 'A' }, nodeExpandSecretRef: { namespace: 'ns' } };
    const [driver, form, ...others] = errorsOf({ csi, volumeAttributesClassName: '' });
    expect([driver, form]).toEqual(['spec.csi.driver: Required value', expect.stringContaining('spec.csi.driver: Invalid value: ""')]);
    expect(others).toEqual([
      'spec.csi.volumeHandle: Required value',
      expect.stringContaining('spec.csi.controllerPublishSecretRef.name: Invalid value: "A"'),
      'spec.csi.controllerPublishSecretRef.namespace: Required value',
      'spec.csi.nodeExpandSecretRef.name: Required value',
      'spec.volumeAttributesClassName: Required value: an empty string is disallowed',
    ]);
    expect(errorsOf({ hostPath, volumeAttributesClassName: 'gold' })).toEqual([
      'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
    ]);
  });

  it('names secrets and namespaces that cannot be', () => {
    const iscsi = { targetPortal: 'p'.repeat(70), iqn: 'what', lun: 256, chapAuthSession: true, initiatorName: 'eui.1' };
    expect(errorsOf({ iscsi })).toEqual([
      `spec.iscsi.targetportal: Invalid value: "${'p'.repeat(70)}": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.`,
      'spec.iscsi.iqn: Invalid value: "what": must be valid format',
      'spec.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
      'spec.iscsi.secretRef: Required value',
      'spec.iscsi.initiatorname: Invalid value: "eui.1": must be valid format',
    ]);
    expect(errorsOf({ glusterfs: { endpoints: 'e', path: 'p', endpointsNamespace: '' } })).toEqual([
      'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
    ]);
    expect(errorsOf({ azureFile: { secretName: 's', shareName: 's', secretNamespace: '' } })).toEqual([
      'spec.azureFile.secretNamespace: Required value',
    ]);
    expect(errorsOf({ cinder: { volumeID: 'v', secretRef: {} } })).toEqual([
      'spec.cinder.secretRef.name: Required value',
      'spec.cinder.secretRef.namespace: Required value',
    ]);
    expect(errorsOf({ storageos: { volumeNamespace: 'A', secretRef: { name: 's' } } })).toEqual([
      'spec.storageos.volumeName: Required value',
      expect.stringContaining('spec.storageos.volumeNamespace: Invalid value: "A"'),
      'spec.storageos.secretRef.namespace: Required value',
    ]);
  });

  it('has mount options in an annotation where its source knows none', () => {
    const metadata = { name: 'x', annotations: { 'volume.beta.kubernetes.io/mount-options': 'ro' } };
    const path = 'metadata.annotations.volume.beta.kubernetes.io/mount-options';
    expect(errorsOf({ hostPath }, metadata)).toEqual([`${path}: Forbidden: may not specify mount options for this volume type`]);
    expect(errorsOf({ nfs: { server: 's', path: '/' } }, metadata)).toEqual([]);
  });
});

it('warns of what is out of use', () => {
  const annotations = { 'volume.beta.kubernetes.io/mount-options': 'ro', 'volume.beta.kubernetes.io/storage-class': 'old' };
  const spec = specOf({
    persistentVolumeReclaimPolicy: 'Recycle',
    nodeAffinity: affinityTo('beta.kubernetes.io/os'),
    glusterfs: { endpoints: 'e', path: 'p' },
  });
  expect(volumes.create({ metadata: { name: 'x', annotations }, spec }).warnings).toEqual([
    'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
    'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
    'spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
    'spec.glusterfs: deprecated in v1.25, non-functional in v1.26+',
  ]);
});

describe('an update', () => {
  it('leaves what the volume is made of, and shows the difference', () => {
    const { errors } = volumes.patch(stored(), { spec: { hostPath: { path: '/other' }, volumeMode: 'Block' } });
    expect(errors).toEqual([
      [
        'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
        '@@ -2,7 +2,7 @@',
        '  "GCEPersistentDisk": null,',
        '  "AWSElasticBlockStore": null,',
        '  "HostPath": {',
        '-  "Path": "/data",',
        '+  "Path": "/other",',
        '   "Type": ""',
        '  },',
        '  "Glusterfs": null,',
        '',
      ].join('\n'),
      'volumeMode: Invalid value: "Block": field is immutable',
    ]);
  });

  it('tells of what was wrong with the whole of it twice', () => {
    const errors = volumes.patch(stored(), { spec: { persistentVolumeReclaimPolicy: 'Eat' } }).errors;
    expect(errors).toHaveLength(2);
    expect(new Set(errors).size).toBe(1);
  });

  it('may bind it, grow it, and name the secret for growing', () => {
    const csi = { driver: 'd.example.com', volumeHandle: 'h' };
    const change = {
      capacity: { storage: '2Gi' },
      claimRef: { namespace: 'ns', name: 'c' },
      csi: { controllerExpandSecretRef: { name: 's', namespace: 'ns' } },
    };
    const { object, errors } = volumes.patch(stored({ csi }), { spec: change, status: { phase: 'Bound' } });
    expect(errors).toEqual([]);
    expect(object.status.phase).toBe('Pending');
    const other = { csi: { controllerExpandSecretRef: { name: 'other' } } };
    expect(volumes.patch(object, { spec: other }).errors[0]).toContain('spec.persistentvolumesource is immutable after creation');
  });

  it('may say which nodes can reach it, and then only call labels by their later names', () => {
    const zone = 'failure-domain.beta.kubernetes.io/zone';
    const bare = stored();
    expect(volumes.patch(bare, { spec: { nodeAffinity: affinityTo('a') } }).errors).toEqual([]);
    const placed = stored({ hostPath, nodeAffinity: affinityTo(zone) });
    expect(volumes.patch(placed, { spec: { nodeAffinity: affinityTo('topology.kubernetes.io/zone') } }).errors).toEqual([]);
    expect(volumes.patch(placed, { spec: { nodeAffinity: affinityTo(zone, 'y') } }).errors).toEqual([
      'nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":[{"Key":"failure-domain.beta.kubernetes.io/zone","Operator":"In","Values":["y"]}],"MatchFields":null}]}}: field is immutable, except for updating from beta label to GA',
    ]);
    expect(volumes.patch(placed, { spec: { nodeAffinity: null } }).errors).toEqual([
      'nodeAffinity: Invalid value: null: field is immutable, except for updating from beta label to GA',
    ]);
  });

  it('takes an empty key for any that had its name from the start, and an empty map for none', () => {
    const { errors } = volumes.patch(stored({ hostPath, nodeAffinity: affinityTo('zone') }), { spec: { nodeAffinity: affinityTo('') } });
    expect(errors.filter((error) => error.startsWith('nodeAffinity'))).toEqual([]);
    const csi = { driver: 'd.example.com', volumeHandle: 'h' };
    expect(volumes.patch(stored({ csi }), { spec: { csi: { volumeAttributes: {} } } }).errors).toEqual([]);
    expect(volumes.patch(stored({ csi }), { spec: { csi: { volumeAttributes: { a: 'b' } } } }).errors).toHaveLength(1);
  });

  it('does not take the class of attributes away', () => {
    const csi = { driver: 'd.example.com', volumeHandle: 'h' };
    const volume = stored({ csi, volumeAttributesClassName: 'gold' });
    expect(volumes.patch(volume, { spec: { volumeAttributesClassName: 'silver' } }).errors).toEqual([]);
    expect(volumes.patch(volume, { spec: { volumeAttributesClassName: null } }).errors).toEqual([
      'spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden',
    ]);
  });
});

it('notes when its phase changes, unless the writer does', () => {
  const volume = stored();
  volume.status.lastPhaseTransitionTime = CREATED;
  const change = { spec: { hostPath: { path: '/other' } }, status: { phase: 'Bound' } };
  const { object } = volumes.patch(volume, change, 'status');
  expect(object.spec).toEqual(volume.spec);
  expect(object.status).toEqual({ phase: 'Bound', lastPhaseTransitionTime: '2024-01-01T00:00:00Z' });
  const told = { status: { phase: 'Bound', lastPhaseTransitionTime: '2023-06-01T00:00:00Z' } };
  expect(volumes.patch(volume, told, 'status').object.status.lastPhaseTransitionTime).toBe('2023-06-01T00:00:00Z');
  expect(volumes.patch(volume, { status: { message: 'm' } }, 'status').object.status.lastPhaseTransitionTime).toBe(CREATED);
  expect(volumes.patch(volume, { status: { lastPhaseTransitionTime: null } }, 'status').object.status.lastPhaseTransitionTime).toBe(
    CREATED,
  );
});
