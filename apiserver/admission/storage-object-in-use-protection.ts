import { coreKinds, type KindInfo, storageKinds } from '../../api/index.ts';
import type { AdmissionPlugin } from './plugin.ts';

const keyOf = ({ group, resource }: KindInfo): string => `${group}/${resource}`;

const FINALIZERS: ReadonlyMap<string, string> = new Map([
  [keyOf(coreKinds.persistentvolumes), 'kubernetes.io/pv-protection'],
  [keyOf(coreKinds.persistentvolumeclaims), 'kubernetes.io/pvc-protection'],
  [keyOf(storageKinds.volumeattributesclasses), 'kubernetes.io/vac-protection'],
]);

/** Storage that is in use is not deleted under its users: a controller takes the finalizer off. Upstream: `plugin/pkg/admission/storage/storageobjectinuseprotection`. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit: (_context, { operation, kind, subresource, object }) => {
    if (operation !== 'CREATE' || subresource !== '' || !object) return;
    const finalizer = FINALIZERS.get(keyOf(kind));
    if (finalizer === undefined) return;
    const { finalizers = [] } = object.metadata;
    if (!finalizers.includes(finalizer)) object.metadata.finalizers = [...finalizers, finalizer];
  },
};
