import {
  coreKinds,
  type Live,
  type PersistentVolume,
  type PersistentVolumeSpec,
  storageKinds,
  type VolumeAttachment,
} from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { PodsByNode } from './pods-by-node.ts';

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** Which persistent volumes are on which node: those whose claims the node's pods use. */
export class VolumesByNode {
  readonly #objects: ObjectReader;
  readonly #pods: PodsByNode;

  constructor(objects: ObjectReader, pods: PodsByNode) {
    this.#objects = objects;
    this.#pods = pods;
  }

  /** Whether a pod on a node uses the volume of that name. */
  holds(node: string, name: string): boolean {
    const volume = this.#objects.get<PersistentVolume>(coreKinds.persistentvolumes, '', name);
    return volume !== undefined && this.#uses(node, volume);
  }

  /** Whether a volume on a node is mounted with the help of a secret. */
  needs(node: string, { namespace, name }: Named): boolean {
    return this.#objects
      .list<PersistentVolume>(coreKinds.persistentvolumes)
      .filter(({ spec }) => secretsOf(spec).some((secret) => secret.name === name && secret.namespace === namespace))
      .some((volume) => this.#uses(node, volume));
  }

  /** Whether an attachment is of a volume to the node. */
  attaches(node: string, name: string): boolean {
    return this.#objects.get<VolumeAttachment>(storageKinds.volumeattachments, '', name)?.spec.nodeName === node;
  }

  #uses(node: string, { spec }: Live<PersistentVolume>): boolean {
    const { namespace = '', name = '' } = spec.claimRef ?? {};
    return spec.claimRef !== undefined && this.#pods.holds(node, 'claims', { namespace, name });
  }
}

/** The secrets that a kubelet needs; those for attaching and growing a volume are the control plane's. Upstream: `VisitPVSecretNames`. */
function secretsOf(spec: PersistentVolumeSpec): Named[] {
  const { azureFile, csi, claimRef } = spec;
  const sources = [spec.cephfs, spec.cinder, spec.flexVolume, spec.rbd, spec.scaleIO, spec.iscsi, spec.storageos];
  const refs = [
    ...sources.map((source) => source?.secretRef),
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
  ];
  const ofClaim = claimRef?.namespace ?? '';
  const named = refs.flatMap((ref) => (ref ? [{ namespace: ref.namespace || ofClaim, name: ref.name ?? '' }] : []));
  return azureFile ? [...named, { namespace: azureFile.secretNamespace || ofClaim, name: azureFile.secretName }] : named;
}
