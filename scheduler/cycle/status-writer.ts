import { coreKinds, isNotFound, type Live, type Pod, toTime } from '../../api/index.ts';
import { type ApiClient, conditionPatch } from '../../client/index.ts';
import type { Clock, Logger } from '../../runtime/index.ts';

/** What is written of an attempt that found no node. */
export interface PodScheduledFailure {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** Undefined leaves it as it is. */
  readonly nominatedNodeName?: string | undefined;
}

/** Writes into the status of pods what the scheduler has to say of them. */
export class StatusWriter {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #writes = new Set<Promise<void>>();

  constructor({ client, clock, logger }: { readonly client: ApiClient; readonly clock: Clock; readonly logger: Logger }) {
    this.#client = client;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Begins to write why a pod has no node, if it is not written already. */
  failed(pod: Live<Pod>, failure: PodScheduledFailure): void {
    const status = this.#changes(pod, failure);
    if (!status) return;
    const write: Promise<void> = this.patch(pod, status)
      .catch((error: unknown) => {
        if (!isNotFound(error)) this.#logger.warn({ err: error, pod: pod.metadata.name }, 'pod condition was not written');
      })
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  /** Merges into the status of a pod, unless it has been replaced by another of its name. */
  async patch({ metadata: { name, namespace, uid } }: Live<Pod>, status: object): Promise<void> {
    const body = { metadata: { uid }, status };
    await this.#client.resource<Pod>(coreKinds.pods).patch(name, body, { namespace, type: 'strategic', subresource: 'status' });
  }

  /** Resolves when all writes that were begun have ended. */
  async drain(): Promise<void> {
    await Promise.all(this.#writes);
  }

  #changes(pod: Live<Pod>, { reason, message, nominatedNodeName }: PodScheduledFailure): object | undefined {
    const old = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
    const same = old?.status === 'False' && old.reason === reason && old.message === message;
    const renominated = nominatedNodeName !== undefined && nominatedNodeName !== (pod.status.nominatedNodeName ?? '');
    if (same && !renominated) return undefined;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      lastProbeTime: null,
      lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : toTime(this.#clock.now()),
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    };
    return {
      ...(same ? {} : conditionPatch(pod.status.conditions, condition)),
      ...(renominated ? { nominatedNodeName: nominatedNodeName === '' ? null : nominatedNodeName } : {}),
    };
  }
}
