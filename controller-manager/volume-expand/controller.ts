import { claimSize, coreKinds, keyOf, type Live, type PersistentVolumeClaim, parseQuantity } from '../../api/index.ts';
import { runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { subjectOf } from '../shared/subject.ts';

/** Claims looked after side by side, as upstream. */
const WORKERS = 10;

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
    const { clock, logger, informers, recorder } = this.#context;
    const events = recorder('volume_expand');
    const reconcile = (key: string): Promise<void> => {
      const claim = informers.persistentVolumeClaims().getByKey(key);
      if (claim && this.#isGrowing(claim)) {
        const message = 'waiting for an external controller to expand this PVC';
        events.event(subjectOf(coreKinds.persistentvolumeclaims, claim), 'Normal', 'ExternalExpanding', message);
      }
      return Promise.resolve();
    };
    return runController({ name: volumeExpandController.name, queue: this.#queue, workers: WORKERS, reconcile, clock, logger, signal });
  }

  #isGrowing(claim: Live<PersistentVolumeClaim>): boolean {
    const { status, spec, metadata } = claim;
    if (status.phase !== 'Bound' || !spec.volumeName) return false;
    const volume = this.#context.informers.persistentVolumes().getByKey(spec.volumeName);
    if (volume?.spec.claimRef?.uid !== metadata.uid) return false;
    const capacity = status.capacity?.storage;
    return capacity !== undefined && claimSize(claim).cmp(parseQuantity(capacity)) > 0;
  }
}
