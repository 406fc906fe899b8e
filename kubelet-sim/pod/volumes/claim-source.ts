import {
  type CSIDriver,
  coreKinds,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  storageKinds,
} from '../../../api/index.ts';
import type { ApiClient } from '../../../client/index.ts';

/** The objects behind the claims of pods, as they are now; absent ones are undefined. */
export interface ClaimSource {
  claim(namespace: string, name: string): Promise<Live<PersistentVolumeClaim> | undefined>;
  volume(name: string): Promise<Live<PersistentVolume> | undefined>;
  csiDriver(name: string): Promise<Live<CSIDriver> | undefined>;
  writeStatus(claim: Live<PersistentVolumeClaim>): Promise<void>;
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

  async writeStatus(claim: Live<PersistentVolumeClaim>): Promise<void> {
    await this.#client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims).updateStatus(claim);
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
