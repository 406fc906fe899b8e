import { describe, expect, it } from 'vitest';
import { coreKinds, type PersistentVolumeClaim } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { persistentVolumeClaimStrategy } from './persistent-volume-claim.ts';

const claims = new StrategyHarness(persistentVolumeClaimStrategy, coreKinds.persistentvolumeclaims);
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

const specOf = (own: object = {}) => ({ accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...own });
const stored = (own: object = {}, metadata: object = { name: 'x', namespace: 'ns' }): PersistentVolumeClaim =>
  claims.stored({ metadata, spec: specOf(own) });
const errorsOf = (own: object) => claims.create({ spec: specOf(own) }).errors;

const bound = (own: object = {}): PersistentVolumeClaim => {
  const status = { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
  return claims.patch(stored({ volumeName: 'v', ...own }), { status }, 'status').object;
};

const changed = (claim: PersistentVolumeClaim, spec: object) => claims.patch(claim, { spec }).errors.map((error) => error.split('\n')[0]);
const FIXED = 'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

it('begins as pending, whatever it says, and is a file system', () => {
  const claim = claims.stored({ spec: specOf(), status: { phase: 'Bound' } });
  expect(claim.status).toEqual({ phase: 'Pending' });
  expect(claim.spec.volumeMode).toBe('Filesystem');
});

it('has sizes to the thousandth', () => {
  const status = { capacity: { storage: '1.0001' }, allocatedResources: { storage: '1u' } };
  expect(claims.patch(stored(), { status }, 'status').object.status).toMatchObject({
    capacity: { storage: '1001m' },
    allocatedResources: { storage: '1m' },
  });
});

it('shows in tables what it got', () => {
  const claim = bound({ storageClassName: 'fast' });
  claim.metadata.creationTimestamp = '2023-12-31T23:59:30Z';
  expect(claims.row(claim)).toEqual(['x', 'Bound', 'v', '1Gi', 'RWO', 'fast', '<unset>', '30s', 'Filesystem']);
  const waiting = stored({ storageClassName: 'fast' });
  expect(claims.row(waiting)).toEqual(['x', 'Pending', '', '', '', 'fast', '<unset>', '<unknown>', 'Filesystem']);
  claim.metadata.deletionTimestamp = claim.metadata.creationTimestamp;
  expect(claims.row(claim)[1]).toBe('Terminating');
});

describe('where its data comes from', () => {
  const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
  const other = { apiGroup: 'example.com', kind: 'Backup', name: 'b' };

  it('is said in both fields', () => {
    expect(stored({ dataSource: snapshot }).spec.dataSourceRef).toMatchObject(snapshot);
    expect(stored({ dataSourceRef: other }).spec.dataSource).toMatchObject(other);
  });

  it('is dropped from the older field where that does not know it', () => {
    expect(stored({ dataSource: other }).spec).not.toHaveProperty('dataSource.name');
    expect(claims.patch(stored(), { spec: { dataSource: other } }).errors).toEqual([]);
  });

  it('is not in another namespace', () => {
    const { dataSource, dataSourceRef } = stored({ dataSourceRef: { ...snapshot, namespace: 'other' } }).spec;
    expect([dataSource, dataSourceRef]).toEqual([undefined, undefined]);
  });

  it('has to be one thing, and named well', () => {
    expect(errorsOf({ dataSource: { kind: 'Pod', name: '' }, dataSourceRef: { apiGroup: 'A_', kind: 'Other', name: 'y' } })).toEqual([
      'spec.dataSource.name: Required value',
      'spec.dataSource: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
      expect.stringContaining('spec.dataSourceRef.apiGroup: Invalid value: "A_"'),
      'spec: Invalid value: {}: must match dataSourceRef',
    ]);
  });
});

it('checks what it asks for', () => {
  const wrong = {
    accessModes: [],
    selector: { matchLabels: { '-': 'x' } },
    resources: { requests: { storage: '0' } },
    storageClassName: 'A',
    volumeMode: 'Tape',
    volumeAttributesClassName: 'B',
  };
  expect(errorsOf(wrong)).toEqual([
    'spec.accessModes: Required value: at least 1 access mode is required',
    expect.stringContaining('spec.selector.matchLabels: Invalid value: "-"'),
    'spec.resources[storage]: Invalid value: "0": must be greater than zero',
    expect.stringContaining('spec.storageClassName: Invalid value: "A"'),
    'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
    expect.stringContaining('spec.volumeAttributesClassName: Invalid value: "B"'),
  ]);
});

it('warns of the annotation its class was once in, and of parts of bytes', () => {
  const metadata = { name: 'x', namespace: 'ns', annotations: { [CLASS_ANNOTATION]: 'old' } };
  const resources = { requests: { storage: '1500m' }, limits: { storage: '0.5' } };
  expect(claims.create({ metadata, spec: specOf({ resources }) }).warnings).toEqual([
    `metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`,
    'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
    'spec.resources.limits[storage]: fractional byte value "500m" is invalid, must be an integer',
  ]);
});

describe('an update', () => {
  it('names the volume once, and shows what else it would change', () => {
    const named = claims.patch(stored(), { spec: { volumeName: 'v' } });
    expect(named.errors).toEqual([]);
    const { errors } = claims.patch(named.object, { spec: { volumeName: 'w' } });
    const lines = [FIXED, '@@ -9,7 +9,7 @@', '    "storage": "1Gi"', '   }', '  },', '- "VolumeName": "v",', '+ "VolumeName": "w",'];
    expect(errors[0]?.split('\n').slice(0, lines.length)).toEqual(lines);
    expect(errors).toHaveLength(1);
  });

  it('keeps the status', () => {
    expect(claims.patch(stored(), { status: { phase: 'Bound' } }).object.status.phase).toBe('Pending');
  });

  it('asks for more of a bound claim, and for less than before only after more was refused', () => {
    const more = { resources: { requests: { storage: '3Gi' } } };
    expect(changed(stored(), more)).toEqual([FIXED]);
    const grown = claims.patch(bound(), { spec: more });
    expect(grown.errors).toEqual([]);
    expect(changed(grown.object, { resources: { requests: { storage: '2Gi' } } })).toEqual([]);
    expect(changed(grown.object, { resources: { requests: { storage: '1Gi' } } })).toEqual([
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ]);
  });

  it('chooses a class where none was named, and moves it out of its annotation', () => {
    expect(changed(stored(), { storageClassName: 'fast' })).toEqual([]);
    expect(changed(stored({ storageClassName: 'fast' }), { storageClassName: 'slow' })).toEqual([FIXED]);
    const annotated = stored({}, { name: 'x', namespace: 'ns', annotations: { [CLASS_ANNOTATION]: 'old' } });
    const moved = { metadata: { annotations: null }, spec: { storageClassName: 'old' } };
    expect(claims.patch(annotated, moved).errors).toEqual([]);
    expect(changed(annotated, { storageClassName: 'other' })).toEqual([FIXED]);
    expect(claims.patch(annotated, { metadata: { annotations: { [CLASS_ANNOTATION]: 'new' } } }).errors).toEqual([
      `metadata.annotations.${CLASS_ANNOTATION}: Invalid value: "new": field is immutable`,
    ]);
  });

  it('changes the class of attributes of a bound claim, and takes it away while none is in force', () => {
    const claim = bound({ volumeAttributesClassName: 'gold' });
    expect(changed(claim, { volumeAttributesClassName: 'silver' })).toEqual([]);
    expect(changed(claim, { volumeAttributesClassName: null })).toEqual([]);
    expect(changed(stored({ volumeAttributesClassName: 'gold' }), { volumeAttributesClassName: 'silver' })).toEqual([FIXED]);
    const inForce = claims.patch(claim, { status: { currentVolumeAttributesClassName: 'gold' } }, 'status').object;
    const path = 'spec.volumeAttributesClassName: Forbidden: update to';
    const when = 'is forbidden when status.currentVolumeAttributesClassName is not nil';
    expect(changed(inForce, { volumeAttributesClassName: null })).toEqual([`${path} nil ${when}`]);
    expect(changed(inForce, { volumeAttributesClassName: '' })).toEqual([`${path} empty string ${when}`]);
  });

  it('does not change the mode', () => {
    expect(changed(bound(), { volumeMode: 'Block' })).toEqual([FIXED, 'volumeMode: Invalid value: "Block": field is immutable']);
  });

  it('tells of what was wrong with the whole of it twice, and lets groups of sources be as they were', () => {
    const storageClassName = 'A';
    expect(changed(stored(), { storageClassName }).filter((error) => error?.startsWith('spec.storageClassName'))).toHaveLength(2);
    const claim = stored({ dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' } });
    const group = { dataSource: { apiGroup: 'A_' }, dataSourceRef: { apiGroup: 'A_' } };
    expect(changed(claim, group)).toEqual([FIXED]);
  });
});

it('checks the amounts and words of its status', () => {
  const status = {
    capacity: { storage: '-1' },
    allocatedResourceStatuses: { storage: 'Odd', cpu: 'NodeResizePending' },
    allocatedResources: { storage: '-2', memory: '1', 'example.com/a': '1' },
  };
  const { errors, object } = claims.patch(stored(), { spec: { volumeName: 'v' }, status }, 'status');
  expect(object.spec.volumeName).toBeUndefined();
  const statuses =
    '"ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"';
  expect(errors).toEqual([
    'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
    'status.allocatedResourceStatuses: Unsupported value: "cpu": supported values: "storage"',
    `status.allocatedResourceStatuses: Unsupported value: "storage": supported values: ${statuses}`,
    'status.allocatedResources: Unsupported value: "memory": supported values: "storage"',
    'status.allocatedResources[storage]: Invalid value: -2: must be a valid resource quantity',
  ]);
});
