import { coreKinds, keyOf, type Live, type PersistentVolume, type PersistentVolumeClaim } from '../../api/index.ts';
import { AssumeCache, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { subjectOf } from '../shared/subject.ts';
import { type ModifyPlan, planModify } from './plan.ts';

/** Claims looked after side by side, as upstream. */
const WORKERS = 10;

/**
 * Stands in for the resizer beside each simulated CSI driver: volumes take on the attributes of the class that their claim names. Upstream has
 * none; outside it is `external-resizer`, whose statuses, conditions and events these are.
 */
export const volumeModifier: ControllerDescriptor = {
  name: 'nanokube-volume-modifier-controller',
  create: (context) => new VolumeModifier(context),
};

class VolumeModifier implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #claims: AssumeCache<PersistentVolumeClaim>;
  readonly #volumes: AssumeCache<PersistentVolume>;

  constructor(context: ControllerContext) {
    const { clock, informers } = context;
    this.#context = context;
    this.#queue = new WorkQueue({ clock });
    this.#claims = new AssumeCache(informers.persistentVolumeClaims());
    this.#volumes = new AssumeCache(informers.persistentVolumes());
    const wake = (claim: Live<PersistentVolumeClaim>) => {
      if (claim.spec.volumeAttributesClassName) this.#queue.add(keyOf(claim));
    };
    const wakeAll = () => {
      for (const claim of this.#claims.list()) wake(claim);
    };
    informers.persistentVolumeClaims().addHandler({ onAdd: wake, onUpdate: wake });
    informers.volumeAttributesClasses().addHandler({ onAdd: wakeAll });
    informers.csiDrivers().addHandler({ onAdd: wakeAll });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const reconcile = (key: string) => this.#reconcile(key);
    return runController({ name: volumeModifier.name, queue: this.#queue, workers: WORKERS, reconcile, clock, logger, signal });
  }

  /** Goes as many steps as there are; each sees what the one before has written. */
  async #reconcile(key: string): Promise<void> {
    const { client, informers, clock } = this.#context;
    const claim = this.#claims.getByKey(key);
    if (!claim) return;
    const plan = planModify(claim, {
      volume: (name) => this.#volumes.getByKey(name),
      driver: (name) => informers.csiDrivers().getByKey(name),
      attributesClass: (name) => informers.volumeAttributesClasses().getByKey(name),
      now: clock.now(),
    });
    if (plan.action === 'nothing') return;
    if (plan.action === 'modify') {
      this.#volumes.assume(await client.resource<PersistentVolume>(coreKinds.persistentvolumes).update(plan.volume));
    } else {
      const claims = client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
      this.#claims.assume(await claims.updateStatus({ ...claim, status: plan.status }));
      this.#tell(claim, plan);
    }
    if (plan.action === 'begin' || plan.action === 'modify') await this.#reconcile(key);
  }

  #tell(claim: Live<PersistentVolumeClaim>, plan: ModifyPlan): void {
    if (plan.action !== 'begin' && plan.action !== 'complete') return;
    const recorder = this.#context.recorder(`external-resizer ${plan.driver}`);
    const subject = subjectOf(coreKinds.persistentvolumeclaims, claim);
    const [name, wanted] = [claim.metadata.name, claim.spec.volumeAttributesClassName];
    if (plan.action === 'begin')
      recorder.event(subject, 'Normal', 'VolumeModify', `external resizer is modifying volume ${name} with vac ${wanted}`);
    // The blank at the end is upstream's.
    else
      recorder.event(
        subject,
        'Normal',
        'VolumeModifySuccessful',
        `external resizer modified volume ${name} with vac ${wanted} successfully `,
      );
  }
}
