import {
  boundVolume,
  type CSIDriver,
  type CSIStorageCapacity,
  coreKinds,
  keyOf,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  reachesVolume,
  SELECTED_NODE,
  type StorageClass,
  storageKinds,
} from '../../../api/index.ts';
import { AssumeCache, type Informer, isNewer } from '../../../client/index.ts';
import type { Handle } from '../../framework/plugin.ts';
import type { PodInfo } from '../../state/pod-info.ts';
import type { NodeVolumes, SearchWorld } from './node-search.ts';
import { type Claim, type ClaimLookup, isFullyBound } from './pod-claims.ts';

type Volume = Live<PersistentVolume>;

/** Volumes and claims as they are, and as they will be once what was decided is written. */
export class VolumeBinder {
  readonly #handle: Handle;
  readonly #claimInformer: Informer<PersistentVolumeClaim>;
  readonly #volumeInformer: Informer<PersistentVolume>;
  readonly #claims: AssumeCache<PersistentVolumeClaim>;
  readonly #volumes: AssumeCache<PersistentVolume>;
  /** Who waits for news of claims and volumes. */
  readonly #waiting = new Set<() => void>();
  readonly world: SearchWorld & ClaimLookup;

  constructor(handle: Handle) {
    this.#handle = handle;
    const { informers } = handle;
    this.#claimInformer = informers.informer<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    this.#volumeInformer = informers.informer<PersistentVolume>(coreKinds.persistentvolumes);
    this.#claims = new AssumeCache(this.#claimInformer);
    this.#volumes = new AssumeCache(this.#volumeInformer);
    const classes = informers.informer<StorageClass>(storageKinds.storageclasses);
    const drivers = informers.informer<CSIDriver>(storageKinds.csidrivers);
    const capacities = informers.informer<CSIStorageCapacity>(storageKinds.csistoragecapacities);
    this.world = {
      claim: (key) => this.#claims.getByKey(key),
      volume: (name) => this.#volumes.getByKey(name),
      volumes: () => this.#volumes.list(),
      storageClass: (name) => classes.getByKey(name),
      // A provisioner's name may look like a key.
      driver: (name) => drivers.get(undefined, name),
      capacities: () => capacities.list(),
    };
    const tell = () => {
      for (const wake of this.#waiting) wake();
    };
    this.#claimInformer.addHandler({ onUpdate: tell, onDelete: tell });
    this.#volumeInformer.addHandler({ onAdd: tell, onUpdate: tell, onDelete: tell });
  }

  /** Takes the volumes for a pod, so that no other pod gets them. @returns what has to be written. */
  assume(nodeName: string, { bindings, provisions }: NodeVolumes): NodeVolumes {
    const taken = bindings.map(({ claim, volume }) => ({ claim, volume: boundVolume(volume, claim) ?? volume }));
    for (const { volume } of taken) this.#volumes.assume(volume);
    const chosen = provisions.map((claim) => ({
      ...claim,
      metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [SELECTED_NODE]: nodeName } },
    }));
    for (const claim of chosen) this.#claims.assume(claim);
    return { bindings: taken, provisions: chosen };
  }

  /** Gives back what was not written. */
  revert({ bindings, provisions }: NodeVolumes): void {
    for (const { volume } of bindings) this.#volumes.restore(volume.metadata.name);
    for (const claim of provisions) this.#claims.restore(keyOf(claim));
  }

  /**
   * Writes what was decided and waits until the volume controller, and the provisioners, have done their part.
   *
   * @throws when the pod has to be scheduled anew.
   */
  async bind(pod: PodInfo, nodeName: string, decided: NodeVolumes, limits: { timeoutMs: number; signal: AbortSignal }): Promise<void> {
    const written = await this.#write(decided);
    const { clock } = this.#handle;
    const deadline = clock.monotonic() + limits.timeoutMs;
    while (!this.#isDone(pod, nodeName, written)) {
      const left = deadline - clock.monotonic();
      if (left <= 0) throw new Error('binding volumes: context deadline exceeded');
      await this.#news(left, limits.signal);
    }
  }

  async #write({ bindings, provisions }: NodeVolumes): Promise<NodeVolumes> {
    const { client } = this.#handle;
    const volumes = client.resource<PersistentVolume>(coreKinds.persistentvolumes);
    const claims = client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    const bound: NodeVolumes['bindings'][number][] = [];
    for (const { claim, volume } of bindings) bound.push({ claim, volume: await volumes.update(volume) });
    const asked: Claim[] = [];
    for (const claim of provisions) asked.push(await claims.update(claim));
    return { bindings: bound, provisions: asked };
  }

  /** Resolves when a claim or volume has changed, or the time is over. */
  #news(ms: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#handle;
    const over = new AbortController();
    let wake: () => void = () => undefined;
    const told = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.add(wake);
    const slept = clock.sleep(ms, AbortSignal.any([over.signal, signal])).catch((error: unknown) => {
      if (signal.aborted) throw error;
    });
    return Promise.race([told, slept]).finally(() => {
      this.#waiting.delete(wake);
      over.abort();
    });
  }

  /** What the API server says counts, not what is assumed. Upstream: `checkBindings`. */
  #isDone(pod: PodInfo, nodeName: string, { bindings, provisions }: NodeVolumes): boolean {
    if (!this.#handle.podByKey(pod.key))
      throw new Error(`binding volumes: pod does not exist any more: pod "${pod.pod.metadata.name}" not found`);
    const labels = this.#handle.snapshot.get(nodeName)?.node?.metadata.labels;
    if (!labels) throw new Error(`binding volumes: failed to get node "${nodeName}": node "${nodeName}" not found`);
    const isBound = bindings.map(({ claim, volume }) => this.#isBound(claim, volume, { nodeName, labels }));
    const isMade = provisions.map((claim) => this.#isMade(claim, { nodeName, labels }));
    return [...isBound, ...isMade].every((done) => done);
  }

  #isBound(claim: Claim, written: Volume, node: Place): boolean {
    const { name } = written.metadata;
    const volume = this.#volumeInformer.getByKey(name);
    if (!volume) throw new Error(`binding volumes: failed to check binding: could not find v1.PersistentVolume "${name}"`);
    const current = this.#currentClaim(claim, 'failed to check binding');
    if (isNewer(written, volume)) return false;
    checkReached(volume, node);
    if (!volume.spec.claimRef?.uid) throw new Error(`binding volumes: ClaimRef got reset for pv "${name}"`);
    return isFullyBound(current);
  }

  #isMade(written: Claim, node: Place): boolean {
    const claim = this.#currentClaim(written, 'failed to check provisioning pvc');
    if (isNewer(written, claim)) return false;
    const { name, annotations } = claim.metadata;
    if (!annotations) throw new Error(`binding volumes: selectedNode annotation reset for PVC "${name}"`);
    if (annotations[SELECTED_NODE] !== node.nodeName) throw new Error(`binding volumes: provisioning failed for PVC "${name}"`);
    if (!claim.spec.volumeName) return false;
    const volume = this.#volumeInformer.getByKey(claim.spec.volumeName);
    if (!volume) return false;
    checkReached(volume, node);
    return isFullyBound(claim);
  }

  #currentClaim(claim: Claim, what: string): Claim {
    const current = this.#claimInformer.getByKey(keyOf(claim));
    if (!current) throw new Error(`binding volumes: ${what}: could not find v1.PersistentVolumeClaim "${keyOf(claim)}"`);
    return current;
  }
}

interface Place {
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
}

function checkReached(volume: Volume, { nodeName, labels }: Place): void {
  if (reachesVolume(labels, volume)) return;
  const { name } = volume.metadata;
  throw new Error(`binding volumes: pv "${name}" node affinity doesn't match node "${nodeName}": no matching NodeSelectorTerms`);
}
