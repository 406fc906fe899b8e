import {
  ApiError,
  coreKinds,
  isAlreadyExists,
  isNotFound,
  type Live,
  type PersistentVolume,
  type Pod,
  parseQuantity,
} from '../../api/index.ts';
import type { ResourceClient } from '../../client/index.ts';
import type { ControllerContext } from '../context.ts';
import { BY_CLAIM } from '../informers.ts';
import type { RecyclerTimes } from '../settings.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { claimKeyOf, type Notice, type Volume } from './plan-claim.ts';

const NAMESPACE = 'default';
const PREFIX = 'recycler-for-';
const GI = 2 ** 30;
const SCRUB = 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1';

/** How far wiping a volume is. */
export interface RecycleOutcome {
  readonly notices: readonly Notice[];
  /** Set when it failed; it is tried again. */
  readonly failed?: Notice | undefined;
  readonly isDone: boolean;
}

const UNDER_WAY: RecycleOutcome = { notices: [], isDone: false };

/**
 * Wipes released volumes for the next claim, with a pod for each. The pod is all there is to remember, so that who is started again goes on
 * where another stopped. Upstream: `pkg/volume/util/recyclerclient`, `NewPersistentVolumeRecyclerPodTemplate`.
 */
export class Recycler {
  readonly #context: ControllerContext;
  readonly #pods: ResourceClient<Pod>;

  /** @param wake is told the name of a volume whose pod has changed. */
  constructor(context: ControllerContext, wake: (volumeName: string) => void) {
    this.#context = context;
    this.#pods = context.client.resource(coreKinds.pods);
    const changed = ({ metadata }: Live<Pod>) => {
      if (metadata.namespace === NAMESPACE && metadata.name.startsWith(PREFIX)) wake(metadata.name.slice(PREFIX.length));
    };
    context.informers.pods().addHandler({ onUpdate: changed, onDelete: changed });
  }

  /** @param isClaimThere whether there is a claim of the name: a newer one, which has another volume, so that its pods do not matter. */
  async recycle(volume: Volume, isClaimThere: boolean): Promise<RecycleOutcome> {
    const users = isClaimThere ? [] : this.#users(volume);
    if (users.length > 0) {
      return { notices: [notice('Normal', 'VolumeFailedRecycle', `Volume is used by pods: ${users.join(',')}`)], isDone: false };
    }
    const pod = await this.#podOf(volume);
    if (!pod) return await this.#begin(volume);
    if (!isPodTerminal(pod)) return UNDER_WAY;
    await this.#remove(pod);
    if (pod.status.phase === 'Succeeded') return { notices: [notice('Normal', 'VolumeRecycled', 'Volume recycled')], isDone: true };
    return failure(pod.status.message || 'pod failed, pod.Status.Message unknown');
  }

  #users(volume: Volume): string[] {
    const pods = this.#context.informers.pods().byIndex(BY_CLAIM, claimKeyOf(volume));
    return pods.filter((pod) => !isPodTerminal(pod)).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  }

  async #podOf({ metadata }: Volume): Promise<Live<Pod> | undefined> {
    try {
      return await this.#pods.get(PREFIX + metadata.name, { namespace: NAMESPACE });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #begin(volume: Volume): Promise<RecycleOutcome> {
    try {
      await this.#pods.create(podFor(volume, this.#context.settings.recyclerTimes));
    } catch (error) {
      if (isAlreadyExists(error)) return UNDER_WAY;
      if (!(error instanceof ApiError)) throw error;
      return failure(`unexpected error creating recycler pod:  ${error.message}`);
    }
    return UNDER_WAY;
  }

  async #remove({ metadata }: Live<Pod>): Promise<void> {
    try {
      await this.#pods.delete(metadata.name, { namespace: NAMESPACE, preconditions: { uid: metadata.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const notice = (type: Notice['type'], reason: string, message: string): Notice => ({ type, reason, message });

const failure = (why: string): RecycleOutcome => ({
  notices: [],
  failed: notice('Warning', 'VolumeFailedRecycle', `Recycle failed: ${why}`),
  isDone: false,
});

/** How long wiping may take: so much for each whole Gi. Upstream: `CalculateTimeoutForVolume` in `pkg/volume/util`. */
function deadlineSeconds({ spec }: Live<PersistentVolume>, times: RecyclerTimes): number {
  const { minimumSeconds, perGiSeconds } = spec.hostPath ? times.hostPath : times.nfs;
  const size = parseQuantity(spec.capacity?.storage ?? '0').value();
  return Math.max(minimumSeconds, Math.floor(size / GI) * perGiSeconds);
}

const podFor = (volume: Live<PersistentVolume>, times: RecyclerTimes): Pod => podOf(volume, deadlineSeconds(volume, times));

const podOf = ({ metadata, spec: { hostPath, nfs } }: Live<PersistentVolume>, activeDeadlineSeconds: number): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: PREFIX + metadata.name, namespace: NAMESPACE },
  spec: {
    activeDeadlineSeconds,
    restartPolicy: 'Never',
    volumes: [{ name: 'vol', ...(hostPath ? { hostPath } : { nfs }) }],
    containers: [
      {
        name: 'pv-recycler',
        image: 'registry.k8s.io/build-image/debian-base:bookworm-v1.0.4',
        command: ['/bin/sh'],
        args: ['-c', SCRUB],
        volumeMounts: [{ name: 'vol', mountPath: '/scrub' }],
        resources: {},
      },
    ],
  },
  status: {},
});
