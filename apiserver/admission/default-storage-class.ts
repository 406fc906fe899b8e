import { coreKinds, DEFAULT_STORAGE_CLASS_MARKS, hasStorageClass, type PersistentVolumeClaim, storageKinds } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { defaultClassName } from './default-class.ts';
import type { AdmissionPlugin } from './plugin.ts';

/** A new claim that names no class gets the newest one marked as the default. Upstream: `plugin/pkg/admission/storage/storageclass/setdefault`. */
export const defaultStorageClass = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'DefaultStorageClass',
  admit: (_context, { operation, kind, subresource, object }) => {
    if (kind !== coreKinds.persistentvolumeclaims || subresource !== '' || operation !== 'CREATE' || !object) return;
    // The object of a claims' request is a claim: it was decoded as one.
    const claim = object as PersistentVolumeClaim;
    if (hasStorageClass(claim)) return;
    const chosen = defaultClassName(objects, storageKinds.storageclasses, DEFAULT_STORAGE_CLASS_MARKS);
    if (chosen !== undefined) claim.spec.storageClassName = chosen;
  },
});
