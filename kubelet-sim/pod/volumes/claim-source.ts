import {
  type CSIDriver,
  coreKinds,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type ResourceV1ResourceClaim,
  resourceKinds,
  storageKinds,
  type VolumeAttachment,
} from '../../../api/index.ts';
import type { ApiClient } from '../../../client/index.ts';

/** The objects behind the claims of pods, as they are now; absent ones are undefined. */
export interface ClaimSource {
  claim(namespace: string, name: string): Promise<Live<PersistentVolumeClaim> | undefined>;
  volume(name: string): Promise<Live<PersistentVolume> | undefined>;
  csiDriver(name: string): Promise<Live<CSIDriver> | undefined>;
  /** A claim for devices. */
  resourceClaim(namespace: string, name: string): Promise<Live<ResourceV1ResourceClaim> | undefined>;
  writeStatus(claim: Live<PersistentVolumeClaim>): Promise<void>;
  /** Does what the volume's driver would: attaches it, if that was asked for. @returns whether it is attached. */
  attach(volume: Live<PersistentVolume>, nodeName: string): Promise<boolean>;
}

/** Asks the API server: a pod looks at its claims once, when it starts. */
export class ClientClaimSource implements ClaimSource {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  claim(namespace: string, name: string): Promise<Live<PersistentVolumeClaim> | undefined> {
    return this.#get<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims, name, namespace);
  }

  volume(name: string): Promise<Live<PersistentVolume> | undefined> {
    return this.#get<PersistentVolume>(coreKinds.persistentvolumes, name);
  }

  csiDriver(name: string): Promise<Live<CSIDriver> | undefined> {
    return this.#get<CSIDriver>(storageKinds.csidrivers, name);
  }

  resourceClaim(namespace: string, name: string): Promise<Live<ResourceV1ResourceClaim> | undefined> {
    return this.#get<ResourceV1ResourceClaim>(resourceKinds.resourceclaims, name, namespace);
  }

  async writeStatus(claim: Live<PersistentVolumeClaim>): Promise<void> {
    await this.#client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims).updateStatus(claim);
  }

  async attach({ metadata }: Live<PersistentVolume>, nodeName: string): Promise<boolean> {
    const attachments = this.#client.resource<VolumeAttachment>(storageKinds.volumeattachments);
    const { items } = await attachments.list({ resourceVersion: '0' });
    const asked = items.find(({ spec }) => spec.nodeName === nodeName && spec.source.persistentVolumeName === metadata.name);
    if (!asked || asked.metadata.deletionTimestamp) return false;
    if (!asked.status?.attached) {
      await attachments.patch(asked.metadata.name, { status: { attached: true } }, { type: 'merge', subresource: 'status' });
    }
    return true;
  }

  async #get<T extends KubeObject>(kind: KindInfo, name: string, namespace?: string): Promise<Live<T> | undefined> {
    try {
      return await this.#client.resource<T>(kind).get(name, { namespace });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
