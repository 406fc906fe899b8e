import { coreKinds, isNotFound, type Pod, toTime } from '../../../api/index.ts';
import { conditionPatch } from '../../../client/index.ts';
import type { Handle, Victims } from '../../framework/plugin.ts';
import type { PodInfo } from '../../state/pod-info.ts';

/**
 * Makes room: victims are deleted, those too that are going already (they are marked so), and those less important that are planned for the
 * node lose their plan. In the background; until it is done the pod is not tried again. Upstream: `prepareCandidateAsync` (KEP-4832).
 */
export class Eviction {
  readonly #handle: Handle;
  readonly #plugin: string;
  /** Pods whose victims are being evicted, with the last victim once only that is left. */
  readonly #running = new Map<string, PodInfo | undefined>();

  constructor(handle: Handle, plugin: string) {
    this.#handle = handle;
    this.#plugin = plugin;
  }

  /** Whether victims of the pod are still to be evicted. When the last one is on its way, nothing has to be waited for. */
  isRunning(uid: string): boolean {
    if (!this.#running.has(uid)) return false;
    const last = this.#running.get(uid);
    if (!last) return true;
    const now = this.#handle.podByKey(last.key);
    return now !== undefined && now.metadata.uid === last.uid && now.metadata.deletionTimestamp === undefined;
  }

  begin(preemptor: PodInfo, nodeName: string, { pods }: Victims): void {
    const { metrics, clock, logger } = this.#handle;
    metrics.preemptionVictims(pods.length);
    this.#handle.onPreempting?.(preemptor, pods);
    this.#running.set(preemptor.uid, undefined);
    const started = clock.monotonic();
    const ended = (result: 'success' | 'error') => {
      this.#running.delete(preemptor.uid);
      metrics.preemptionDone(result, (clock.monotonic() - started) / 1000);
    };
    const eviction = this.#evict(preemptor, nodeName, pods).then(
      () => ended('success'),
      (error: unknown) => {
        logger.warn({ err: error, pod: preemptor.key, node: nodeName }, 'preemption failed');
        ended('error');
        // Nobody else would wake it up.
        this.#handle.activate([preemptor.key]);
      },
    );
    this.#handle.background(eviction);
  }

  async #evict(preemptor: PodInfo, nodeName: string, victims: readonly PodInfo[]): Promise<void> {
    await this.#clearPlans(preemptor, nodeName);
    const last = victims.at(-1);
    if (!last) return;
    await this.#handle.parallel(victims.length - 1, async (i) => {
      const victim = victims[i];
      if (victim) await this.#evictOne(preemptor, nodeName, victim);
    });
    this.#running.set(preemptor.uid, last);
    await this.#evictOne(preemptor, nodeName, last);
  }

  async #evictOne(preemptor: PodInfo, nodeName: string, victim: PodInfo): Promise<void> {
    const { client, waitingPods, recorder } = this.#handle;
    const { name, namespace, uid } = victim.pod.metadata;
    try {
      if (!waitingPods.reject(uid, this.#plugin, 'preempted')) {
        await this.#mark(preemptor, victim);
        await client.resource<Pod>(coreKinds.pods).delete(name, { namespace, preconditions: { uid } });
      }
      recorder.event(victim.pod, 'Normal', 'Preempted', `Preempted by pod ${preemptor.uid} on node ${nodeName}`, {
        action: 'Preempting',
        related: preemptor.pod,
      });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #mark(preemptor: PodInfo, { pod }: PodInfo): Promise<void> {
    const { name, namespace, uid, generation } = pod.metadata;
    const told = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${preemptor.pod.spec.schedulerName}: preempting to accommodate a higher priority pod`,
    };
    const before = pod.status.conditions?.find(({ type, status }) => type === told.type && status === told.status);
    if (before?.reason === told.reason && before.message === told.message) return;
    const condition = {
      ...told,
      lastProbeTime: null,
      lastTransitionTime: before?.lastTransitionTime ?? toTime(this.#handle.clock.now()),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
    await this.#patchStatus(name, namespace, { metadata: { uid }, status: conditionPatch(pod.status.conditions, condition) });
  }

  /** What is planned for less important pods on this node will not come about: they look for another. */
  async #clearPlans({ priority }: PodInfo, nodeName: string): Promise<void> {
    const lower = [...this.#handle.nominator.podsOn(nodeName)].filter((other) => other.priority < priority);
    await Promise.all(
      lower.map(async ({ uid, pod: { metadata } }) => {
        this.#handle.nominator.delete(uid);
        const patch = { metadata: { uid }, status: { nominatedNodeName: null } };
        await this.#patchStatus(metadata.name, metadata.namespace, patch).catch((error: unknown) => {
          if (!isNotFound(error)) this.#handle.logger.warn({ err: error, pod: metadata.name }, 'nominated node was not cleared');
        });
      }),
    );
  }

  async #patchStatus(name: string, namespace: string | undefined, patch: object): Promise<void> {
    await this.#handle.client.resource<Pod>(coreKinds.pods).patch(name, patch, { namespace, type: 'strategic', subresource: 'status' });
  }
}
