import {
  coreKinds,
  isNotFound,
  type KindInfo,
  type KubeObject,
  keyOf,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  storageKinds,
  type VolumeAttributesClass,
} from '../../api/index.ts';
import { type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { claimsOf } from '../shared/pod-claims.ts';
import { attributesClassesOf, isAttributesClassUsed, isVolumeUsed, planFinalizers, usesClaim } from './plan.ts';

/*
 * Storage is not deleted under its users: admission gives each volume, claim and class of attributes a finalizer, and these three
 * controllers, alike but for who counts as a user, take it off when the object is to go and nobody uses it.
 */

const WORKERS = 5;

/** What one of the controllers is about. */
interface Protection<T extends KubeObject> {
  readonly name: string;
  readonly kind: KindInfo;
  readonly finalizer: string;
  readonly objects: Informer<T>;
  isUsed(object: Live<T>): boolean | Promise<boolean>;
}

/** Takes claims' protection off. Upstream: `pkg/controller/volume/pvcprotection`. */
export const claimProtectionController: ControllerDescriptor = {
  name: 'persistentvolumeclaim-protection-controller',
  alias: 'pvc-protection',
  create: (context) => {
    const { informers, client } = context;
    const pods = informers.pods();
    const controller = new ProtectionController<PersistentVolumeClaim>(context, {
      name: claimProtectionController.name,
      kind: coreKinds.persistentvolumeclaims,
      finalizer: 'kubernetes.io/pvc-protection',
      objects: informers.persistentVolumeClaims(),
      isUsed: async (claim) => {
        const { namespace } = claim.metadata;
        if (pods.list(namespace).some((pod) => usesClaim(pod, claim))) return true;
        // The cache may be behind: what is taken off cannot be put back.
        const { items } = await client.resource<Pod>(coreKinds.pods).list({ namespace: namespace ?? '' });
        return items.some((pod) => usesClaim(pod, claim));
      },
    });
    const wake = (pod: Live<Pod>) => {
      for (const { name } of claimsOf(pod)) controller.wake(`${pod.metadata.namespace}/${name}`);
    };
    pods.addHandler({ onUpdate: wake, onDelete: wake });
    return controller;
  },
};

/** Takes volumes' protection off. Upstream: `pkg/controller/volume/pvprotection`. */
export const volumeProtectionController: ControllerDescriptor = {
  name: 'persistentvolume-protection-controller',
  alias: 'pv-protection',
  create: (context) =>
    new ProtectionController<PersistentVolume>(context, {
      name: volumeProtectionController.name,
      kind: coreKinds.persistentvolumes,
      finalizer: 'kubernetes.io/pv-protection',
      objects: context.informers.persistentVolumes(),
      isUsed: isVolumeUsed,
    }),
};

/** Takes the protection of classes of attributes off. Upstream: `pkg/controller/volume/vacprotection`. */
export const attributesClassProtectionController: ControllerDescriptor = {
  name: 'volumeattributesclass-protection-controller',
  create: (context) => {
    const claims = context.informers.persistentVolumeClaims();
    const volumes = context.informers.persistentVolumes();
    const controller = new ProtectionController<VolumeAttributesClass>(context, {
      name: attributesClassProtectionController.name,
      kind: storageKinds.volumeattributesclasses,
      finalizer: 'kubernetes.io/vac-protection',
      objects: context.informers.volumeAttributesClasses(),
      isUsed: (attributesClass) => isAttributesClassUsed(attributesClass, { claims: claims.list(), volumes: volumes.list() }),
    });
    const wakeAll = (names: readonly (string | undefined)[]) => {
      for (const name of names) if (name) controller.wake(name);
    };
    claims.addHandler({
      onUpdate: (_claim, old) => wakeAll(attributesClassesOf(old)),
      onDelete: (claim) => wakeAll(attributesClassesOf(claim)),
    });
    volumes.addHandler({
      onUpdate: (_volume, old) => wakeAll([old.spec.volumeAttributesClassName]),
      onDelete: (volume) => wakeAll([volume.spec.volumeAttributesClassName]),
    });
    return controller;
  },
};

class ProtectionController<T extends KubeObject> implements Controller {
  readonly #context: ControllerContext;
  readonly #protection: Protection<T>;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext, protection: Protection<T>) {
    this.#context = context;
    this.#protection = protection;
    this.#queue = new WorkQueue({ clock: context.clock });
    const enqueue = (object: Live<T>) => this.#queue.add(keyOf(object));
    protection.objects.addHandler({ onAdd: enqueue, onUpdate: enqueue });
  }

  /** Looks at an object again, if there is one: what used it may do so no more. */
  wake(key: string): void {
    if (this.#protection.objects.getByKey(key)) this.#queue.add(key);
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const { name } = this.#protection;
    return runController({ name, queue: this.#queue, workers: WORKERS, reconcile: (key) => this.#reconcile(key), clock, logger, signal });
  }

  async #reconcile(key: string): Promise<void> {
    const { objects, kind, finalizer, isUsed } = this.#protection;
    const object = objects.getByKey(key);
    if (!object) return;
    const toGo = object.metadata.deletionTimestamp !== undefined && object.metadata.finalizers?.includes(finalizer);
    const finalizers = planFinalizers(object, finalizer, toGo === true && (await isUsed(object)));
    if (!finalizers) return;
    try {
      await this.#context.client.resource<T>(kind).update({ ...object, metadata: { ...object.metadata, finalizers } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
