import {
  coreKinds,
  isAlreadyExists,
  isNotFound,
  keyOf,
  type Live,
  type PersistentVolumeClaim,
  type Pod,
  splitKey,
} from '../../api/index.ts';
import { runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CLAIM } from '../informers.ts';
import { subjectOf } from '../shared/subject.ts';
import { planEphemeral } from './plan.ts';

/** Makes the claims of pods' ephemeral volumes. Upstream: `pkg/controller/volume/ephemeral`. */
export const ephemeralVolumeController: ControllerDescriptor = {
  name: 'ephemeral-volume-controller',
  alias: 'ephemeral-volume',
  create: (context) => new EphemeralVolumeController(context),
};

class EphemeralVolumeController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    const { informers } = context;
    const wake = (pod: Live<Pod>) => {
      if (!pod.metadata.deletionTimestamp && pod.spec.volumes?.some(({ ephemeral }) => ephemeral)) this.#queue.add(keyOf(pod));
    };
    informers.pods().addHandler({ onAdd: wake });
    informers.persistentVolumeClaims().addHandler({
      onDelete: (claim) => {
        for (const pod of informers.pods().byIndex(BY_CLAIM, keyOf(claim))) wake(pod);
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: ephemeralVolumeController.name,
      queue: this.#queue,
      workers: settings.concurrentEphemeralVolumeSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  async #reconcile(key: string): Promise<void> {
    const { informers, recorder } = this.#context;
    if (!informers.pods().getByKey(key)) return;
    const pod = await this.#wholePod(key);
    if (!pod) return;
    const { namespace } = pod.metadata;
    const plan = planEphemeral(pod, (name) => informers.persistentVolumeClaims().get(namespace, name));
    const failures = plan.taken.map(({ volume, why }) => ({ volume, error: new Error(why) }));
    let isBehind = false;
    for (const { volume, claim } of plan.create) {
      const error = await this.#create(claim);
      // There is one already, of which the cache does not know yet: whose it is is seen when it does.
      if (isAlreadyExists(error)) isBehind = true;
      else if (error) failures.push({ volume, error: new Error(`create PVC ${claim.metadata.name}: ${error.message}`) });
    }
    for (const { volume, error } of failures) {
      const message = `ephemeral volume ${volume}: ${error.message}`;
      recorder('ephemeral_volume').event(subjectOf(coreKinds.pods, pod), 'Warning', 'FailedBinding', message);
    }
    const [first] = failures;
    if (first) throw first.error;
    if (isBehind) throw new Error('the cache of claims is behind');
  }

  /** The cache holds no templates. */
  async #wholePod(key: string): Promise<Live<Pod> | undefined> {
    const { namespace, name } = splitKey(key);
    try {
      return await this.#context.client.resource<Pod>(coreKinds.pods).get(name, { namespace });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #create(claim: PersistentVolumeClaim): Promise<Error | undefined> {
    const { creates, failures } = this.#context.metrics.ephemeralVolume;
    creates.inc();
    try {
      await this.#context.client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims).create(claim);
      return undefined;
    } catch (error) {
      failures.inc();
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
