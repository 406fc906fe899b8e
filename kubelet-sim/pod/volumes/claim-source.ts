import { createHash } from 'node:crypto';
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

/** The name of the attachment of a driver's volume to a node. Upstream: `getAttachmentName`, `pkg/volume/csi/csi_attacher.go`. */
export const attachmentName = ({ driver, handle }: { readonly driver: string; readonly handle: string }, nodeName: string): string =>
  `csi-${createHash('sha256').update(`${handle}${driver}${nodeName}`).digest('hex')}`;

/** The objects behind the claims of pods, as they are now; absent ones are undefined. */
export interface ClaimSource {
  claim(namespace: string, name: string): Promise<Live<PersistentVolumeClaim> | undefined>;
  volume(name: string): Promise<Live<PersistentVolume> | undefined>;
  csiDriver(name: string): Promise<Live<CSIDriver> | undefined>;
  /** A claim for devices. */
  resourceClaim(namespace: string, name: string): Promise<Live<ResourceV1ResourceClaim> | undefined>;
  writeStatus(claim: Live<PersistentVolumeClaim>): Promise<void>;
  /** A volume's attachment to a node, which says whether it is attached. */
  attachment(name: string): Promise<Live<VolumeAttachment> | undefined>;
  /** Does what a driver would that nobody runs: attaches its volume. */
  attach(attachment: Live<VolumeAttachment>): Promise<void>;
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

  attachment(name: string): Promise<Live<VolumeAttachment> | undefined> {
    return this.#get<VolumeAttachment>(storageKinds.volumeattachments, name);
  }

  async attach({ metadata }: Live<VolumeAttachment>): Promise<void> {
    const attachments = this.#client.resource<VolumeAttachment>(storageKinds.volumeattachments);
    await attachments.patch(metadata.name, { status: { attached: true } }, { type: 'merge', subresource: 'status' });
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
