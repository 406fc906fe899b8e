import { type CSINode, isAlreadyExists, isNotFound, type Live, type Node, storageKinds } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';

/** Plugins of volumes that kubelets of 1.34 leave to CSI drivers. */
const MIGRATED = ['aws-ebs', 'azure-disk', 'azure-file', 'cinder', 'gce-pd', 'portworx-volume', 'vsphere-volume'];

const ANNOTATION = 'storage.alpha.kubernetes.io/migrated-plugins';

/**
 * Every node has a CSINode, without drivers to begin with; it goes with its node. Upstream: `initializeCSINode` and `CreateCSINode`
 * (`pkg/volume/csi`).
 */
export async function ensureCsiNode(client: ApiClient, { metadata: { name, uid } }: Live<Node>): Promise<void> {
  try {
    await client.resource<CSINode>(storageKinds.csinodes).create({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: {
        name,
        annotations: { [ANNOTATION]: MIGRATED.map((plugin) => `kubernetes.io/${plugin}`).join(',') },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }],
      },
      spec: { drivers: [] },
    });
  } catch (error) {
    // One that is there is left as drivers made it; a server may be without the kind.
    if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
  }
}
