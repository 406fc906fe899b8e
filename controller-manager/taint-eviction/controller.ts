import { coreKinds, isNotFound, keyOf, type Live, type Node, type Pod } from '../../api/index.ts';
import { type EventRecorder, type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_NODE } from '../informers.ts';
import { deepEqual } from '../shared/equality.ts';
import { podCondition, podConditionPatch } from '../shared/pods.ts';
import { subjectOf } from '../shared/subject.ts';
import { evictionOf, noExecuteTaints } from './plan.ts';

const WORKERS = 8;
const COMPONENT = 'taint-eviction-controller';

export const taintEvictionController: ControllerDescriptor = {
  name: COMPONENT,
  create: (context) => new TaintEvictionController(context),
};

/** A deletion that is to come. */
interface Scheduled {
  readonly uid: string;
  readonly fireMs: number;
  /** Whether a toleration lets it wait, so that it can be cancelled. */
  readonly isTimed: boolean;
}

/**
 * Deletes pods that do not tolerate a NoExecute taint of their node, at once or when their toleration ends. A pod that is going already is
 * none the less told why, with each change of the taints that it does not tolerate for ever, and of its tolerations. Upstream:
 * `processPodOnNode`, `TimedWorkerQueue`.
 */
class TaintEvictionController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #recorder: EventRecorder;
  readonly #scheduled = new Map<string, Scheduled>();
  /** Pods that came, or whose tolerations or taints are not what they were: the others that are looked at are so for the time alone. */
  readonly #news = new Set<string>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#pods = context.informers.pods();
    this.#nodes = context.informers.nodes();
    this.#recorder = context.recorder(COMPONENT);
    this.#pods.addHandler({
      onAdd: (pod) => this.#onPod(pod),
      onUpdate: (pod, old) => {
        const isSame = pod.spec.nodeName === old.spec.nodeName && deepEqual(pod.spec.tolerations, old.spec.tolerations);
        if (!isSame) this.#onPod(pod);
      },
      onDelete: (pod) => {
        if (this.#scheduled.has(keyOf(pod))) this.#queue.add(keyOf(pod));
      },
    });
    this.#nodes.addHandler({
      onAdd: (node) => this.#onNode(node, []),
      onUpdate: (node, old) => this.#onNode(node, noExecuteTaints(old.spec.taints)),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    return runController({
      name: COMPONENT,
      queue: this.#queue,
      workers: WORKERS,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #onPod(pod: Live<Pod>): void {
    if (this.#taintsFor(pod).length > 0 || this.#scheduled.has(keyOf(pod))) this.#judge(keyOf(pod));
  }

  #judge(key: string): void {
    this.#news.add(key);
    this.#queue.add(key);
  }

  #onNode(node: Live<Node>, before: ReturnType<typeof noExecuteTaints>): void {
    if (deepEqual(before, noExecuteTaints(node.spec.taints))) return;
    for (const pod of this.#pods.byIndex(BY_NODE, node.metadata.name)) this.#judge(keyOf(pod));
  }

  #taintsFor({ spec }: Pod): ReturnType<typeof noExecuteTaints> {
    const node = spec.nodeName ? this.#nodes.get('', spec.nodeName) : undefined;
    return noExecuteTaints(node?.spec.taints);
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs: number } | undefined> {
    const isNews = this.#news.delete(key);
    const pod = this.#pods.getByKey(key);
    const now = this.#context.clock.now();
    const eviction = pod ? evictionOf(this.#taintsFor(pod), pod.spec.tolerations) : NEVER;
    if (!pod || eviction.kind === 'never') {
      this.#cancel(key, pod);
      return undefined;
    }
    if (isNews) this.#schedule(key, pod, eviction.kind === 'now' ? 0 : eviction.delayMs, now);
    const scheduled = this.#scheduled.get(key);
    if (scheduled?.uid !== pod.metadata.uid) return undefined;
    if (scheduled.fireMs > now) return { requeueAfterMs: scheduled.fireMs - now };
    await this.#evict(key, pod, scheduled.fireMs);
    this.#scheduled.delete(key);
    return undefined;
  }

  /** What is scheduled already stays as it is, unless the pod has to leave at once. */
  #schedule(key: string, pod: Live<Pod>, delayMs: number, now: number): void {
    const { uid } = pod.metadata;
    if (delayMs === 0) this.#cancel(key, pod);
    else if (this.#scheduled.get(key)?.uid === uid) return;
    this.#scheduled.set(key, { uid, fireMs: now + delayMs, isTimed: delayMs > 0 });
  }

  #cancel(key: string, pod: Live<Pod> | undefined): void {
    const scheduled = this.#scheduled.get(key);
    if (!scheduled) return;
    this.#scheduled.delete(key);
    if (!scheduled.isTimed) return;
    const slash = key.indexOf('/');
    const metadata = pod?.metadata ?? { namespace: key.slice(0, slash), name: key.slice(slash + 1), uid: scheduled.uid };
    this.#recorder.event(subjectOf(coreKinds.pods, { metadata }), 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
  }

  /** Says why in the pod's conditions, then deletes it. */
  async #evict(key: string, pod: Live<Pod>, dueMs: number): Promise<void> {
    this.#recorder.event(subjectOf(coreKinds.pods, pod), 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
    const { name, namespace, uid, generation } = pod.metadata;
    const resource = this.#context.client.resource<Pod>(coreKinds.pods);
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      observedGeneration: generation,
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    };
    const body = { metadata: { uid }, status: podConditionPatch(pod, condition, this.#context.clock.now()) };
    const told = podCondition(pod, condition.type);
    try {
      if (told?.status !== condition.status || told.reason !== condition.reason || told.message !== condition.message) {
        await resource.patch(name, body, { namespace, type: 'strategic', subresource: 'status' });
      }
      await resource.delete(name, { namespace, preconditions: { uid } });
      const { metrics, clock } = this.#context;
      metrics.taintEviction.deletions.inc();
      metrics.taintEviction.deletionSeconds.observe((clock.now() - dueMs) / 1000);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const NEVER = { kind: 'never' } as const;
