import {
  claimSize,
  coreKinds,
  keyOf,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  parseQuantity,
} from '../../api/index.ts';
import { runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { PRE_RESIZE_CAPACITY } from '../persistent-volume/claim-changes.ts';
import { migratedDriver, migratedPlugin } from '../persistent-volume/plugins.ts';
import { subjectOf } from '../shared/subject.ts';

/** Claims looked after side by side, as upstream. */
const WORKERS = 10;
/** Annotation of a claim: the driver that is to let its volume grow, where a plugin of old made it. */
const RESIZER = 'volume.kubernetes.io/storage-resizer';

/**
 * Says of claims that are to grow that somebody else has to see to it: no plugin that could is part of Kubernetes any more. Upstream:
 * `pkg/controller/volume/expand`.
 */
export const volumeExpandController: ControllerDescriptor = {
  name: 'persistentvolume-expander-controller',
  alias: 'persistentvolume-expander',
  create: (context) => new VolumeExpandController(context),
};

class VolumeExpandController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    const wake = (claim: Live<PersistentVolumeClaim>) => this.#queue.add(keyOf(claim));
    context.informers.persistentVolumeClaims().addHandler({
      onAdd: wake,
      onUpdate: (claim, old) => claimSize(claim).cmp(claimSize(old)) > 0 && wake(claim),
    });
    context.informers.persistentVolumes();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const reconcile = (key: string) => this.#reconcile(key);
    return runController({ name: volumeExpandController.name, queue: this.#queue, workers: WORKERS, reconcile, clock, logger, signal });
  }

  async #reconcile(key: string): Promise<void> {
    const { informers, recorder } = this.#context;
    const claim = informers.persistentVolumeClaims().getByKey(key);
    const volume = claim && this.#growingVolumeOf(claim);
    if (!claim || !volume) return;
    const plugin = migratedPlugin(volume);
    const message =
      plugin === undefined
        ? 'waiting for an external controller to expand this PVC'
        : `CSI migration enabled for ${plugin}; waiting for external resizer to expand the pvc`;
    recorder('volume_expand').event(subjectOf(coreKinds.persistentvolumeclaims, claim), 'Normal', 'ExternalExpanding', message);
    const driver = migratedDriver(plugin);
    if (driver !== undefined && claim.metadata.annotations?.[RESIZER] !== driver) await this.#setResizer(claim, driver);
  }

  /** Upstream: `SetClaimResizer`. */
  async #setResizer({ metadata: { name, namespace, uid } }: Live<PersistentVolumeClaim>, driver: string): Promise<void> {
    const body = { metadata: { uid, annotations: { [RESIZER]: driver } } };
    const claims = this.#context.client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    await claims.patch(name, body, { namespace, type: 'merge', subresource: 'status' });
  }

  /** The volume of a claim that wants more than it has, or whose growth has not come to its end. */
  #growingVolumeOf({ status, spec, metadata }: Live<PersistentVolumeClaim>): Live<PersistentVolume> | undefined {
    if (status.phase !== 'Bound' || !spec.volumeName) return undefined;
    const volume = this.#context.informers.persistentVolumes().getByKey(spec.volumeName);
    if (volume?.spec.claimRef?.uid !== metadata.uid) return undefined;
    const isLarger = claimSize({ spec }).cmp(parseQuantity(status.capacity?.storage ?? '0')) > 0;
    return isLarger || volume.metadata.annotations?.[PRE_RESIZE_CAPACITY] !== undefined ? volume : undefined;
  }
}
