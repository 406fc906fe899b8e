import { coreKinds, isNotFound, type PersistentVolume, type PersistentVolumeClaim } from '../../api/index.ts';
import type { AssumeCache, EventRecorder, ResourceClient } from '../../client/index.ts';
import type { ControllerContext } from '../context.ts';
import { subjectOf } from '../shared/subject.ts';
import { claimInPhase } from './claim-changes.ts';
import type { Claim, Notice, Volume } from './plan-claim.ts';

/** Writes claims and volumes, so that whoever looks at the caches next sees what was written. */
export class Writer {
  readonly #claims: ResourceClient<PersistentVolumeClaim>;
  readonly #volumes: ResourceClient<PersistentVolume>;
  readonly #recorder: EventRecorder;
  readonly #claimCache: AssumeCache<PersistentVolumeClaim>;
  readonly #volumeCache: AssumeCache<PersistentVolume>;

  constructor(
    { client, recorder }: ControllerContext,
    caches: { readonly claims: AssumeCache<PersistentVolumeClaim>; readonly volumes: AssumeCache<PersistentVolume> },
  ) {
    this.#claims = client.resource(coreKinds.persistentvolumeclaims);
    this.#volumes = client.resource(coreKinds.persistentvolumes);
    this.#recorder = recorder('persistentvolume-controller');
    this.#claimCache = caches.claims;
    this.#volumeCache = caches.volumes;
  }

  async claim(claim: Claim): Promise<Claim> {
    const written = await this.#claims.update(claim);
    this.#claimCache.assume(written);
    return written;
  }

  async volume(volume: Volume): Promise<Volume> {
    const written = await this.#volumes.update(volume);
    this.#volumeCache.assume(written);
    return written;
  }

  /** Puts a claim into a phase, unless it is in it. */
  async claimPhase(claim: Claim, phase: 'Pending' | 'Bound' | 'Lost', volume: Volume | undefined): Promise<Claim> {
    const changed = claimInPhase(claim, phase, volume);
    if (!changed) return claim;
    const written = await this.#claims.updateStatus(changed);
    this.#claimCache.assume(written);
    return written;
  }

  /** Puts a volume into a phase, unless it is in it. */
  async volumePhase(volume: Volume, phase: string, message?: string): Promise<Volume> {
    if (volume.status.phase === phase) return volume;
    const { message: _, ...status } = volume.status;
    const written = await this.#volumes.updateStatus({ ...volume, status: { ...status, phase, ...(message ? { message } : {}) } });
    this.#volumeCache.assume(written);
    return written;
  }

  /** Makes a volume Failed and says why, once. */
  async failVolume(volume: Volume, notice: Notice): Promise<void> {
    if (volume.status.phase === 'Failed') return;
    this.tellVolume(await this.volumePhase(volume, 'Failed', notice.message), notice);
  }

  async deleteVolume({ metadata }: Volume): Promise<void> {
    if (metadata.deletionTimestamp) return;
    try {
      await this.#volumes.delete(metadata.name, { preconditions: { uid: metadata.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  tellClaim(claim: Claim, { type, reason, message }: Notice): void {
    this.#recorder.event(subjectOf(coreKinds.persistentvolumeclaims, claim), type, reason, message);
  }

  tellVolume(volume: Volume, { type, reason, message }: Notice): void {
    this.#recorder.event(subjectOf(coreKinds.persistentvolumes, volume), type, reason, message);
  }
}
