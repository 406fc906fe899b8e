import {
  coreKinds,
  HOSTPATH_PROVISIONER,
  isAlreadyExists,
  isNotFound,
  keyOf,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PROVISIONED_BY,
  planResize,
  SELECTED_NODE,
  settledVolume,
} from '../../api/index.ts';
import {
  AssumeCache,
  type EventRecorder,
  type ReconcileResult,
  type ResourceClient,
  runController,
  WorkQueue,
} from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { subjectOf } from '../shared/subject.ts';
import { PROVISIONER_FINALIZER, type ProvisionPlan, planProvision, planUpkeep, volumeNameFor } from './plan.ts';

/** Claims and volumes looked after side by side. */
const WORKERS = 4;
/** First and longest pause before what failed is tried again. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 300_000;

const CLAIM = 'claim:';
const VOLUME = 'volume:';

/**
 * Makes, grows and deletes volumes that are directories of nodes, for classes with the provisioner `nanokube.dev/hostpath`. Talks to the
 * volume controller only through claims and volumes, as any provisioner outside of Kubernetes does. Upstream has none; its counterparts are
 * kind's local-path-provisioner and minikube's hostpath-provisioner, and the events are those of `sig-storage-lib-external-provisioner`.
 */
export const hostPathProvisioner: ControllerDescriptor = {
  name: 'nanokube-hostpath-provisioner-controller',
  create: (context) => new HostPathProvisioner(context),
};

class HostPathProvisioner implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #claims: AssumeCache<PersistentVolumeClaim>;
  readonly #volumes: AssumeCache<PersistentVolume>;
  readonly #claimClient: ResourceClient<PersistentVolumeClaim>;
  readonly #volumeClient: ResourceClient<PersistentVolume>;
  /** Volumes that are being made, until the informer knows of them. */
  readonly #making = new Map<string, PersistentVolume>();
  readonly #recorder: EventRecorder;
  readonly #resizeRecorder: EventRecorder;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock, backoffMs: RETRY_MS, backoffMsMax: RETRY_MS_MAX });
    const { informers, client } = context;
    this.#claims = new AssumeCache(informers.persistentVolumeClaims());
    this.#volumes = new AssumeCache(informers.persistentVolumes());
    this.#claimClient = client.resource(coreKinds.persistentvolumeclaims);
    this.#volumeClient = client.resource(coreKinds.persistentvolumes);
    this.#recorder = context.recorder(HOSTPATH_PROVISIONER);
    this.#resizeRecorder = context.recorder(`external-resizer ${HOSTPATH_PROVISIONER}`);
    informers.storageClasses();
    informers.nodes();
    const wakeClaim = (claim: Live<PersistentVolumeClaim>) => this.#queue.add(CLAIM + keyOf(claim));
    const wakeVolume = (volume: Live<PersistentVolume>) => this.#queue.add(VOLUME + keyOf(volume));
    informers.persistentVolumeClaims().addHandler({ onAdd: wakeClaim, onUpdate: wakeClaim });
    informers.persistentVolumes().addHandler({
      onAdd: (volume) => {
        this.#making.delete(volume.metadata.name);
        wakeVolume(volume);
      },
      onUpdate: wakeVolume,
      onDelete: ({ spec: { claimRef } }) => {
        if (claimRef?.name) this.#queue.add(CLAIM + keyOf({ metadata: { name: claimRef.name, namespace: claimRef.namespace } }));
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const reconcile = (key: string) => this.#reconcile(key);
    return runController({ name: hostPathProvisioner.name, queue: this.#queue, workers: WORKERS, reconcile, clock, logger, signal });
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    if (!key.startsWith(CLAIM)) {
      const volume = this.#volumes.getByKey(key.slice(VOLUME.length));
      if (volume) await this.#keepUp(volume);
      return undefined;
    }
    const claim = this.#claims.getByKey(key.slice(CLAIM.length));
    if (!claim) return undefined;
    await this.#resize(claim);
    return await this.#provision(claim);
  }

  async #provision(claim: Live<PersistentVolumeClaim>): Promise<ReconcileResult | undefined> {
    const name = volumeNameFor(claim);
    if (this.#volumes.getByKey(name) || this.#making.has(name)) return undefined;
    const { informers } = this.#context;
    const plan = planProvision(claim, {
      storageClass: (name) => informers.storageClasses().getByKey(name),
      nodes: () => informers.nodes().list(),
      volumes: () => [...this.#volumes.list(), ...this.#making.values()],
    });
    if (plan.action === 'fail') return await this.#fail(claim, plan);
    if (plan.action === 'nothing') return undefined;
    this.#tell(claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${keyOf(claim)}"`);
    this.#making.set(name, plan.volume);
    try {
      await this.#volumeClient.create(plan.volume);
    } catch (error) {
      this.#making.delete(name);
      if (!isAlreadyExists(error)) throw error;
    }
    this.#tell(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`);
    return undefined;
  }

  async #fail(
    claim: Live<PersistentVolumeClaim>,
    { message, retry }: ProvisionPlan & { action: 'fail' },
  ): Promise<ReconcileResult | undefined> {
    this.#tell(claim, 'Warning', 'ProvisioningFailed', message);
    if (retry === 'elsewhere') {
      const { [SELECTED_NODE]: _, ...annotations } = claim.metadata.annotations ?? {};
      this.#claims.assume(await this.#claimClient.update({ ...claim, metadata: { ...claim.metadata, annotations } }));
    }
    // As any failure it is tried again after a back-off.
    if (retry === 'later') throw new Error(message);
    return undefined;
  }

  async #keepUp(volume: Live<PersistentVolume>): Promise<void> {
    const { name, finalizers = [] } = volume.metadata;
    const hold = (held: readonly string[]) =>
      this.#volumeClient.update({ ...volume, metadata: { ...volume.metadata, finalizers: [...held] } });
    const others = finalizers.filter((finalizer) => finalizer !== PROVISIONER_FINALIZER);
    try {
      switch (planUpkeep(volume)) {
        case 'delete':
          if (!volume.metadata.deletionTimestamp) await this.#volumeClient.delete(name, { preconditions: { uid: volume.metadata.uid } });
          else await hold(others);
          return;
        case 'protect':
          await hold([...others, PROVISIONER_FINALIZER]);
          return;
        case 'release':
          await hold(others);
          return;
        case 'nothing':
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Goes as many steps as there are; each sees what the one before has written. */
  async #resize(claim: Live<PersistentVolumeClaim>): Promise<void> {
    const volume = claim.spec.volumeName ? this.#volumes.getByKey(claim.spec.volumeName) : undefined;
    const isOurs = volume?.metadata.annotations?.[PROVISIONED_BY] === HOSTPATH_PROVISIONER;
    const plan = planResize(claim, isOurs ? volume : undefined, this.#context.clock.now());
    switch (plan.action) {
      case 'begin':
        this.#tellResize(claim, 'Resizing', `External resizer is resizing volume ${claim.spec.volumeName}`);
        await this.#resize(await this.#writeStatus(claim, plan.status));
        return;
      case 'grow':
        this.#volumes.assume(await this.#volumeClient.update(plan.volume));
        await this.#resize(claim);
        return;
      case 'handOver':
        await this.#writeStatus(claim, plan.status);
        this.#tellResize(claim, 'FileSystemResizeRequired', 'Require file system resize of volume on node');
        return;
      case 'nothing': {
        const settled = volume && settledVolume(claim, volume);
        if (settled) this.#volumes.assume(await this.#volumeClient.update(settled));
      }
    }
  }

  async #writeStatus(claim: Live<PersistentVolumeClaim>, status: PersistentVolumeClaim['status']): Promise<Live<PersistentVolumeClaim>> {
    const written = await this.#claimClient.updateStatus({ ...claim, status });
    this.#claims.assume(written);
    return written;
  }

  #tell(claim: Live<PersistentVolumeClaim>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#recorder.event(subjectOf(coreKinds.persistentvolumeclaims, claim), type, reason, message);
  }

  #tellResize(claim: Live<PersistentVolumeClaim>, reason: string, message: string): void {
    this.#resizeRecorder.event(subjectOf(coreKinds.persistentvolumeclaims, claim), 'Normal', reason, message);
  }
}
