import {
  coreKinds,
  type PersistentVolumeClaim,
  parseQuantity,
  type StorageClass,
  storageClassOf,
  storageKinds,
  ZERO_QUANTITY,
} from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { refusal } from './refusal.ts';

const KIND = coreKinds.persistentvolumeclaims;
const UNBOUND = 'Only bound persistent volume claims can be expanded';
const UNSUPPORTED = 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';

/** A claim grows if its class allows it. Upstream: `plugin/pkg/admission/storage/persistentvolume/resize`. */
export const persistentVolumeClaimResize = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'PersistentVolumeClaimResize',
  // Not async: it is asked about every write.
  validate: (_context, attributes) => {
    const { operation, kind, subresource, object, old } = attributes;
    if (kind !== KIND || operation !== 'UPDATE' || subresource !== '' || !object || !old) return;
    // The objects of a claims' request are claims: they were decoded as such.
    const claim = object as PersistentVolumeClaim;
    const before = old as PersistentVolumeClaim;
    if (sizeOf(claim).cmp(sizeOf(before)) <= 0) return;
    return checkGrowth(objects, attributes, claim, before);
  },
});

/** @throws ApiError (403) */
async function checkGrowth(
  objects: ObjectReader,
  attributes: AdmissionAttributes,
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): Promise<void> {
  if (old.status.phase !== 'Bound') throw refusal(attributes, UNBOUND);
  if (!(await mayGrow(objects, claim, old))) throw refusal(attributes, UNSUPPORTED);
}

const sizeOf = ({ spec }: PersistentVolumeClaim) => {
  const size = spec.resources?.requests?.storage;
  return size === undefined ? ZERO_QUANTITY : parseQuantity(size);
};

async function mayGrow(objects: ObjectReader, claim: PersistentVolumeClaim, old: PersistentVolumeClaim): Promise<boolean> {
  const name = storageClassOf(claim);
  if (name === '' || name !== storageClassOf(old)) return false;
  const find = () => objects.get<StorageClass>(storageKinds.storageclasses, '', name);
  let found = find();
  if (!found) {
    // Another API server may have just made it.
    await objects.fresh();
    found = find();
  }
  return found?.allowVolumeExpansion ?? false;
}
