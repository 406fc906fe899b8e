import { coreKinds, isNotFound, type Live, type Node, type Pod } from '../../api/index.ts';
import type { Informer } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { forEachLimited } from '../shared/for-each-limited.ts';
import { runPeriodically } from '../shared/periodic.ts';
import { isPodTerminal, podConditionPatch } from '../shared/pods.ts';
import { type Collected, disruptionMessage, missingNodes, planCollection } from './plan.ts';

/** How often pods are looked through. */
const PERIOD_MS = 20_000;
const DELETE_WORKERS = 8;

export const podGarbageCollector: ControllerDescriptor = {
  name: 'pod-garbage-collector-controller',
  alias: 'podgc',
  create: (context) => new PodGarbageCollector(context),
};

/** Deletes pods that nobody else would: of nodes that are gone, never scheduled, or too many that have ended. */
class PodGarbageCollector implements Controller {
  readonly #context: ControllerContext;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #missingSince = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#pods = context.informers.pods();
    this.#nodes = context.informers.nodes();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    return runPeriodically({
      name: podGarbageCollector.name,
      periodMs: PERIOD_MS,
      immediately: true,
      run: () => this.#collect(),
      clock,
      logger,
      signal,
    });
  }

  async #collect(): Promise<void> {
    const { clock, settings } = this.#context;
    const now = clock.now();
    const view = { pods: this.#pods.list(), node: (name: string) => this.#nodes.get('', name) };
    this.#noteMissing(missingNodes(view), now);
    const plan = planCollection({
      ...view,
      missingSince: this.#missingSince,
      terminatedPodThreshold: settings.terminatedPodGcThreshold,
      now,
    });
    const confirmed = await this.#confirm(plan);
    await forEachLimited(confirmed, DELETE_WORKERS, (collected) => this.#delete(collected));
  }

  #noteMissing(missing: ReadonlySet<string>, now: number): void {
    for (const name of missing) if (!this.#missingSince.has(name)) this.#missingSince.set(name, now);
    for (const name of this.#missingSince.keys()) if (!missing.has(name)) this.#missingSince.delete(name);
  }

  /** Pods are orphans only when the server, too, knows no such node: the cache may be behind. */
  async #confirm(plan: readonly Collected[]): Promise<Collected[]> {
    const hosts = new Set(plan.flatMap(({ cause, pod }) => (cause === 'orphaned' ? [pod.spec.nodeName ?? ''] : [])));
    const gone = new Map<string, boolean>();
    await forEachLimited([...hosts], DELETE_WORKERS, async (name) => gone.set(name, await this.#isGone(name)));
    return plan.filter(({ cause, pod }) => cause !== 'orphaned' || gone.get(pod.spec.nodeName ?? ''));
  }

  async #isGone(node: string): Promise<boolean> {
    try {
      await this.#context.client.resource<Node>(coreKinds.nodes).get(node);
      return false;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  /** Marks the pod failed where it has not ended, so that its owner sees why, and deletes it without grace. */
  async #delete({ pod, cause }: Collected): Promise<void> {
    const { logger, client, metrics } = this.#context;
    const { name, namespace, uid, generation } = pod.metadata;
    const resource = client.resource<Pod>(coreKinds.pods);
    const labels = { namespace: namespace ?? '', reason: cause };
    metrics.podGc.deletions.inc(labels);
    try {
      if (!isPodTerminal(pod)) {
        const body = { metadata: { uid }, status: { phase: 'Failed', observedGeneration: generation, ...this.#disruption(pod, cause) } };
        await resource.patch(name, body, { namespace, type: 'strategic', subresource: 'status' });
      }
      await resource.delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } });
      logger.info({ pod: `${namespace}/${name}`, cause }, 'pod collected');
    } catch (error) {
      if (isNotFound(error)) return;
      metrics.podGc.errors.inc(labels);
      logger.warn({ pod: `${namespace}/${name}`, cause, err: error }, 'pod could not be collected, will retry');
    }
  }

  #disruption(pod: Live<Pod>, cause: Collected['cause']): object | undefined {
    const message = disruptionMessage(cause);
    if (message === undefined) return undefined;
    const { generation } = pod.metadata;
    const condition = { type: 'DisruptionTarget', status: 'True', observedGeneration: generation, reason: 'DeletionByPodGC', message };
    return podConditionPatch(pod, condition, this.#context.clock.now());
  }
}
