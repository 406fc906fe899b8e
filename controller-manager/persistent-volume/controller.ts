import {
  boundVolume,
  coreKinds,
  isNotFound,
  keyOf,
  MIGRATED_TO,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../api/index.ts';
import { AssumeCache, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CLAIM } from '../informers.ts';
import { deepEqual } from '../shared/equality.ts';
import { runPeriodically } from '../shared/periodic.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { boundClaim, provisionedClaim } from './claim-changes.ts';
import { freedVolume, markedClaim, markedVolume } from './marks.ts';
import { type Claim, type ClaimPlan, type ClaimWorld, claimKeyOf, couldHave, planClaim, type Volume } from './plan-claim.ts';
import { planReclaim, planVolume, unboundVolume } from './plan-volume.ts';
import { Recycler } from './recycler.ts';
import { countVolumes, VOLUME_COUNTS } from './volume-counts.ts';
import { VolumeHolds } from './volume-holds.ts';
import { Writer } from './writer.ts';

/*
 * A claim names its volume, and the volume its claim: `spec.volumeName` and `spec.claimRef`. There is no transaction over both, so the
 * volume is written first, and each step can be done again:
 *
 *   volume.spec.claimRef ─> volume Bound ─> claim.spec.volumeName, bind-completed ─> claim Bound
 *
 * Invariants
 * P1  A volume is in one pair of hands at a time: a claim's that is being bound to it, of whom no other claim is given it, or its own
 *     turn's. So no two claims get one volume, however many are looked at side by side.
 * P2  What we wrote is seen at once, and an older state of an object is not acted upon.
 * P3  A volume is released only once the API server itself says that its claim is gone.
 */

/** Claims and volumes looked after side by side. Upstream has one worker for each of the two, and slower writes for it. */
const WORKERS = 8;

const CLAIM = 'claim:';
const VOLUME = 'volume:';

/** Binds claims and volumes, and sees to what is released. Upstream: `pkg/controller/volume/persistentvolume`. */
export const persistentVolumeBinder: ControllerDescriptor = {
  name: 'persistentvolume-binder-controller',
  alias: 'persistentvolume-binder',
  create: (context) => new PersistentVolumeBinder(context),
};

class PersistentVolumeBinder implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #claims: AssumeCache<PersistentVolumeClaim>;
  readonly #volumes: AssumeCache<PersistentVolume>;
  readonly #writer: Writer;
  readonly #recycler: Recycler;
  readonly #world: ClaimWorld;
  readonly #holds: VolumeHolds;
  /** Names of volumes that are new or changed, so that waiting claims have not been compared with them. */
  readonly #news = new Set<string>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    const { informers } = context;
    const claims = informers.persistentVolumeClaims();
    const volumes = informers.persistentVolumes();
    this.#claims = new AssumeCache(claims);
    this.#volumes = new AssumeCache(volumes);
    this.#writer = new Writer(context, { claims: this.#claims, volumes: this.#volumes });
    this.#recycler = new Recycler(context, (volumeName) => this.#queue.add(VOLUME + volumeName));
    this.#holds = new VolumeHolds((key) => this.#queue.add(key));
    this.#world = this.#claimWorld();
    const wakeClaim = (claim: Claim) => this.#queue.add(CLAIM + keyOf(claim));
    const wakeVolume = (volume: Volume) => this.#queue.add(VOLUME + keyOf(volume));
    const takeNews = (volume: Volume, old: Volume | undefined) => {
      const isNews = !old || !deepEqual(volume.spec, old.spec) || !deepEqual(volume.metadata.labels, old.metadata.labels);
      if (isNews) this.#news.add(volume.metadata.name);
      wakeVolume(volume);
    };
    claims.addHandler({
      onAdd: wakeClaim,
      onUpdate: wakeClaim,
      onDelete: ({ spec }) => spec.volumeName && this.#queue.add(VOLUME + spec.volumeName),
    });
    volumes.addHandler({
      onAdd: (volume) => takeNews(volume, undefined),
      onUpdate: takeNews,
      onDelete: (volume) => {
        this.#news.delete(volume.metadata.name);
        if (volume.spec.claimRef) this.#queue.add(CLAIM + claimKeyOf(volume));
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings, metrics } = this.#context;
    const { name } = persistentVolumeBinder;
    for (const part of VOLUME_COUNTS) {
      metrics.volumes[part].take(signal, () => countVolumes(this.#volumes.list(), this.#claims.list())[part]);
    }
    const resync = runPeriodically({
      name: 'resync of claims and volumes',
      periodMs: settings.pvClaimBinderSyncPeriodMs,
      immediately: false,
      run: () => Promise.resolve(this.#resync()),
      clock,
      logger,
      signal,
    });
    await runController({ name, queue: this.#queue, workers: WORKERS, reconcile: (key) => this.#reconcile(key), clock, logger, signal });
    await resync;
  }

  /** What waits for something that sends us no event is looked at from time to time, and told of anew. */
  #resync(): void {
    for (const claim of this.#claims.list()) this.#queue.add(CLAIM + keyOf(claim));
    for (const volume of this.#volumes.list()) this.#queue.add(VOLUME + keyOf(volume));
  }

  async #reconcile(key: string): Promise<void> {
    if (key.startsWith(CLAIM)) {
      const claim = this.#claims.getByKey(key.slice(CLAIM.length));
      const marked = claim && markedClaim(claim);
      if (claim) await this.#syncClaim(marked ? await this.#writer.claim(marked) : claim);
      return;
    }
    const name = key.slice(VOLUME.length);
    await this.#holds.hold(name, { key, isForClaim: false }, async () => {
      const volume = this.#volumes.getByKey(name);
      const marked = volume && markedVolume(volume);
      if (volume) await this.#syncVolume(marked ? await this.#writer.volume(marked) : volume);
    });
  }

  #claimWorld(): ClaimWorld {
    const classes = this.#context.informers.storageClasses();
    const pods = this.#context.informers.pods();
    const volumes = this.#volumes;
    const holds = this.#holds;
    return {
      get volumes() {
        return volumes.list().filter(({ metadata }) => !holds.isTaken(metadata.name));
      },
      volume: (name) => volumes.getByKey(name),
      storageClass: (name) => classes.getByKey(name),
      storageClasses: () => classes.list(),
      waitingPods: (claim) =>
        pods
          .byIndex(BY_CLAIM, keyOf(claim))
          .filter((pod) => !isPodTerminal(pod) && !pod.spec.nodeName)
          .map(({ metadata }) => metadata.name),
    };
  }

  async #syncClaim(claim: Claim): Promise<void> {
    const plan = planClaim(claim, this.#world);
    switch (plan.action) {
      case 'bind':
        await this.#holds.hold(plan.volume.metadata.name, { key: CLAIM + keyOf(claim), isForClaim: true }, () =>
          this.#bind(claim, plan.volume),
        );
        return;
      case 'classify':
        await this.#classify(claim, plan.className);
        return;
      case 'provision':
        await this.#askFor(claim, plan);
        return;
      case 'refuse':
        this.#writer.tellClaim(claim, plan.notice);
        return;
      case 'wait':
        if (plan.notice) this.#writer.tellClaim(claim, plan.notice);
        await this.#writer.claimPhase(claim, 'Pending', undefined);
        return;
      case 'lose':
        if (claim.status.phase !== 'Lost') {
          this.#writer.tellClaim(await this.#writer.claimPhase(claim, 'Lost', undefined), plan.notice);
        }
    }
  }

  async #bind(claim: Claim, volume: Volume): Promise<void> {
    const forClaim = boundVolume(volume, claim);
    const named = forClaim ? await this.#writer.volume(forClaim) : volume;
    const bound = await this.#writer.volumePhase(named, 'Bound');
    const forVolume = boundClaim(claim, bound);
    const complete = forVolume ? await this.#writer.claim(forVolume) : claim;
    await this.#writer.claimPhase(complete, 'Bound', bound);
  }

  async #classify(claim: Claim, storageClassName: string): Promise<void> {
    const { total, errors } = this.#context.metrics.retroactiveClasses;
    total.inc();
    try {
      await this.#writer.claim({ ...claim, spec: { ...claim.spec, storageClassName } });
    } catch (error) {
      errors.inc();
      throw error;
    }
  }

  /** Its provisioner sees the annotation. */
  async #askFor(claim: Claim, { provisioner }: ClaimPlan & { action: 'provision' }): Promise<void> {
    if (!this.#context.settings.enableDynamicProvisioning) return;
    const annotated = provisionedClaim(claim, provisioner);
    const current = annotated ? await this.#writer.claim(annotated) : claim;
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner.name}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    this.#writer.tellClaim(current, { type: 'Normal', reason: 'ExternalProvisioning', message });
  }

  async #syncVolume(volume: Volume): Promise<void> {
    const claim = volume.spec.claimRef?.uid ? await this.#claimOf(volume) : undefined;
    const plan = planVolume(volume, claim);
    switch (plan.action) {
      case 'phase':
        await this.#writer.volumePhase(volume, plan.phase);
        if (plan.phase === 'Available') this.#offer(volume);
        return;
      case 'wakeClaim':
        this.#queue.add(CLAIM + claimKeyOf(volume));
        return;
      case 'mismatch':
        this.#writer.tellVolume(volume, plan.forVolume);
        if (claim) this.#writer.tellClaim(claim, plan.forClaim);
        return;
      case 'release':
        await this.#release(volume);
        return;
      case 'unbind':
        await this.#writer.volumePhase(await this.#writer.volume(unboundVolume(volume)), 'Available');
    }
  }

  /** The claim that a volume names, with the uid it names. What is not, or not yet, in the cache is asked for (P3). */
  async #claimOf(volume: Volume): Promise<Claim | undefined> {
    const { claimRef, ...spec } = volume.spec;
    const cached = this.#claims.getByKey(claimKeyOf({ ...volume, spec: { ...spec, claimRef } }));
    if (cached && cached.metadata.uid === claimRef?.uid) return cached;
    const isKnownReleased = volume.status.phase === 'Released' || volume.status.phase === 'Failed';
    if (!cached && isKnownReleased) return undefined;
    try {
      const claims = this.#context.client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
      const fresh = await claims.get(claimRef?.name ?? '', { namespace: claimRef?.namespace });
      return fresh.metadata.uid === claimRef?.uid ? fresh : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** A volume has become free, or has changed: claims that it would do for are looked at now, not at the next resync. */
  #offer({ metadata: { name }, status }: Volume): void {
    const isNews = this.#news.delete(name) || status.phase !== 'Available';
    const volume = isNews ? this.#volumes.getByKey(name) : undefined;
    if (!volume) return;
    for (const claim of this.#claims.list()) if (couldHave(claim, volume)) this.#queue.add(CLAIM + keyOf(claim));
  }

  async #release(volume: Volume): Promise<void> {
    const isTold = volume.status.phase === 'Released' || volume.status.phase === 'Failed';
    const released = isTold ? volume : await this.#writer.volumePhase(volume, 'Released');
    if (released.metadata.annotations?.[MIGRATED_TO]) return;
    const plan = planReclaim(released);
    switch (plan.action) {
      case 'fail':
        await this.#writer.failVolume(released, plan.notice);
        return;
      case 'delete': {
        const freed = freedVolume(released);
        await this.#writer.deleteVolume(freed ? await this.#writer.volume(freed) : released);
        return;
      }
      case 'recycle':
        await this.#recycle(released);
        return;
      case 'keep':
    }
  }

  async #recycle(volume: Volume): Promise<void> {
    const outcome = await this.#recycler.recycle(volume, this.#claims.getByKey(claimKeyOf(volume)) !== undefined);
    for (const notice of outcome.notices) this.#writer.tellVolume(volume, notice);
    if (outcome.failed) await this.#writer.failVolume(volume, outcome.failed);
    if (outcome.isDone) await this.#writer.volumePhase(await this.#writer.volume(unboundVolume(volume)), 'Available');
  }
}
