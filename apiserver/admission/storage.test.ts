import { describe, expect, it } from 'vitest';
import { coreKinds, type KindInfo, type KubeObject, type PersistentVolumeClaim, type StorageClass, storageKinds } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { contextOf } from '../strategies/testing/harness.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import type { AdmissionAttributes } from './plugin.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';

const CLAIMS = coreKinds.persistentvolumeclaims;

const attributesOf = (kind: KindInfo, own: Partial<AdmissionAttributes>): AdmissionAttributes => ({
  operation: 'CREATE',
  kind,
  namespace: 'ns',
  name: 'x',
  subresource: '',
  object: undefined,
  old: undefined,
  ...own,
});

const classOf = (name: string, own: Partial<StorageClass> = {}): StorageClass => ({ metadata: { name }, provisioner: 'p', ...own });
const readerOf = (...classes: readonly StorageClass[]): ObjectReader =>
  ({
    list: () => classes,
    get: (_kind: KindInfo, _namespace: string, wanted: string) => classes.find(({ metadata }) => metadata.name === wanted),
    fresh: () => undefined,
  }) as unknown as ObjectReader;

const claimOf = (own: PersistentVolumeClaim['spec'] = {}, size = '1Gi'): PersistentVolumeClaim => ({
  metadata: { name: 'x', namespace: 'ns' },
  spec: { resources: { requests: { storage: size } }, ...own },
  status: { phase: 'Bound' },
});

describe('DefaultStorageClass', () => {
  const marked = (name: string, creationTimestamp: string, mark = 'storageclass.kubernetes.io/is-default-class', value = 'true') =>
    classOf(name, { metadata: { name, creationTimestamp, annotations: { [mark]: value } } });
  const admitted = (claim: PersistentVolumeClaim, classes: readonly StorageClass[], own: Partial<AdmissionAttributes> = {}) => {
    void defaultStorageClass(readerOf(...classes)).admit?.(contextOf().context, attributesOf(CLAIMS, { object: claim, ...own }));
    return claim.spec.storageClassName;
  };
  const old = marked('old', '2024-01-01T00:00:00Z');
  const b = marked('b', '2024-01-02T00:00:00Z');
  const a = marked('a', '2024-01-02T00:00:00Z', 'storageclass.beta.kubernetes.io/is-default-class');
  const no = marked('no', '2024-01-03T00:00:00Z', undefined, 'false');

  it('is the newest that is marked, by name among those of one moment', () => {
    expect(admitted(claimOf(), [old, b, a, no])).toBe('a');
    expect(admitted(claimOf(), [no, classOf('plain')])).toBeUndefined();
  });

  it('is not for claims that name a class, be it none, nor for those that are there', () => {
    expect(admitted(claimOf({ storageClassName: '' }), [a])).toBe('');
    const annotated = claimOf();
    annotated.metadata.annotations = { 'volume.beta.kubernetes.io/storage-class': 'old' };
    expect(admitted(annotated, [a])).toBeUndefined();
    expect(admitted(claimOf(), [a], { operation: 'UPDATE' })).toBeUndefined();
    expect(admitted(claimOf(), [a], { subresource: 'status' })).toBeUndefined();
  });
});

describe('StorageObjectInUseProtection', () => {
  const finalizersOf = (kind: KindInfo, own: Partial<AdmissionAttributes> = {}, finalizers?: string[]) => {
    const object: KubeObject = { metadata: { name: 'x', finalizers } };
    void storageObjectInUseProtection.admit?.(contextOf().context, attributesOf(kind, { object, ...own }));
    return object.metadata.finalizers;
  };

  it('holds volumes, claims and classes of attributes, once', () => {
    expect(finalizersOf(coreKinds.persistentvolumes)).toEqual(['kubernetes.io/pv-protection']);
    expect(finalizersOf(CLAIMS, {}, ['a.b/c'])).toEqual(['a.b/c', 'kubernetes.io/pvc-protection']);
    expect(finalizersOf(CLAIMS, {}, ['kubernetes.io/pvc-protection'])).toEqual(['kubernetes.io/pvc-protection']);
    expect(finalizersOf(storageKinds.volumeattributesclasses)).toEqual(['kubernetes.io/vac-protection']);
  });

  it('holds nothing else, and nothing again', () => {
    expect(finalizersOf(storageKinds.storageclasses)).toBeUndefined();
    expect(finalizersOf(CLAIMS, { operation: 'UPDATE' })).toBeUndefined();
  });
});

describe('PersistentVolumeClaimResize', () => {
  const validated = async (claim: PersistentVolumeClaim, old: PersistentVolumeClaim, ...classes: readonly StorageClass[]) => {
    const attributes = attributesOf(CLAIMS, { operation: 'UPDATE', object: claim, old });
    await persistentVolumeClaimResize(readerOf(...classes)).validate?.(contextOf().context, attributes);
  };
  const growing = classOf('fast', { allowVolumeExpansion: true });
  const fast = { storageClassName: 'fast' };
  const REFUSED =
    'persistentvolumeclaims "x" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';

  it('lets claims grow whose class allows it, and any shrink', async () => {
    await expect(validated(claimOf(fast, '2Gi'), claimOf(fast), growing)).resolves.toBeUndefined();
    await expect(validated(claimOf({}, '1Gi'), claimOf({}, '2Gi'))).resolves.toBeUndefined();
  });

  it('refuses others', async () => {
    await expect(validated(claimOf(fast, '2Gi'), claimOf(fast), classOf('fast'))).rejects.toThrow(REFUSED);
    await expect(validated(claimOf(fast, '2Gi'), claimOf(fast))).rejects.toThrow(REFUSED);
    await expect(validated(claimOf({}, '2Gi'), claimOf({}), growing)).rejects.toThrow(REFUSED);
    await expect(validated(claimOf(fast, '2Gi'), claimOf({}), growing)).rejects.toThrow(REFUSED);
    const unbound = { ...claimOf(fast), status: { phase: 'Pending' } };
    await expect(validated(claimOf(fast, '2Gi'), unbound, growing)).rejects.toThrow('Only bound persistent volume claims can be expanded');
  });
});
