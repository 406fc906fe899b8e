import { HOSTPATH_PROVISIONER } from '../api/index.ts';
import { UserError } from '../runtime/index.ts';
import type { AdminRequests } from './admin-requests.ts';

const PATH = '/apis/storage.k8s.io/v1/storageclasses';

/** How the class that claims get which name none is called. */
export const DEFAULT_STORAGE_CLASS = 'standard';

/** Makes the default StorageClass, as minikube and kind do, in a cluster that has no class at all: what the user has decided stays so. */
export async function ensureDefaultStorageClass(requests: AdminRequests, name: string): Promise<void> {
  const { body } = await requests.send('GET', `${PATH}?limit=1`);
  const { items = [] } = body as { readonly items?: readonly unknown[] };
  if (items.length > 0) return;
  const { status, body: answer } = await requests.send('POST', PATH, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: HOSTPATH_PROVISIONER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  });
  if (status === 201 || status === 409) return;
  const { message } = answer as { readonly message?: string };
  throw new UserError(`option --default-storage-class: the StorageClass "${name}" could not be made: ${message ?? `status ${status}`}`);
}
