import type { Live, Node, Pod } from '../../api/index.ts';
import type { NodeServices } from '../pod/node-services.ts';
import type { Verdict } from '../pod/observed.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { ResizeRefusal } from '../pod/resize.ts';
import type { AdmissionScope } from './admission.ts';
import { pressureVerdict } from './eviction.ts';
import { conditionTypes, type Pressure } from './node-health.ts';
import { admitOrPreempt, PREEMPTED } from './preemption.ts';
import { resizeInTurn } from './resize-admission.ts';

/** What a node says of itself when pods come. */
export interface GateParts {
  readonly nodeName: string;
  readonly node: () => Live<Node> | undefined;
  readonly workers: ReadonlyMap<string, PodWorker>;
  readonly unsafeSysctls: readonly string[] | undefined;
  readonly pressures: () => ReadonlySet<Pressure>;
  readonly services: () => Pick<NodeServices, 'allocatable' | 'counts' | 'events'>;
}

/** Whether a node takes a pod, or gives one more than it has. */
export class PodGate {
  readonly #parts: GateParts;
  /** The node is about to be switched off. */
  isShut = false;
  /** UIDs of pods that are to grow when there is room. */
  readonly #waiting = new Set<string>();

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Why the node does not take a pod. @param preempted gets those that have to go for it */
  admit(pod: Pod, preempted: PodWorker[]): Verdict | undefined {
    if (this.isShut) return { reason: 'NodeShutdown', message: 'Pod was rejected: Pod was rejected as the node is shutting down.' };
    const pressures = this.#parts.pressures();
    const short = pressureVerdict(pod, pressures, conditionTypes(pressures));
    if (short || !this.#parts.node()) return short;
    return admitOrPreempt(pod, this.#scopeBeside(pod), (uid, resource) => this.#preempt(uid, resource, preempted));
  }

  #preempt(uid: string, resource: string, preempted: PodWorker[]): void {
    const worker = this.#parts.workers.get(uid);
    if (!worker) return;
    const { events, counts } = this.#parts.services();
    events.warning(worker.pod, PREEMPTED.reason, PREEMPTED.message);
    worker.evict(PREEMPTED);
    counts.preempted(resource);
    preempted.push(worker);
  }

  /** Why a pod that is here cannot have the resources that it now asks for. */
  admitResize(pod: Pod): ResizeRefusal | undefined {
    const { workers } = this.#parts;
    const uid = pod.metadata.uid ?? '';
    const own = workers.get(uid);
    if (!own) return undefined;
    const refusal = resizeInTurn(pod, own, workers.values(), (each) => this.#scopeBeside(each));
    if (refusal?.reason === 'Deferred') this.#waiting.add(uid);
    else this.#waiting.delete(uid);
    // What it gives up it still has until this is answered.
    if (!refusal && this.#waiting.size > 0) queueMicrotask(() => this.roomCame());
    return refusal;
  }

  /** A pod has gone, or shrunk: those that wait for room look whether there is some. Upstream: `RetryPendingResizes`, `pkg/kubelet/allocation`. */
  roomCame(): void {
    for (const uid of this.#waiting) {
      const worker = this.#parts.workers.get(uid);
      if (worker?.isActive) worker.poke();
      else this.#waiting.delete(uid);
    }
  }

  /** What the node has, and the others on it with what they were given. */
  #scopeBeside(pod: Pod): AdmissionScope {
    const { node, nodeName, workers, services, unsafeSysctls } = this.#parts;
    const active = [...workers.values()].filter((worker) => worker.isActive && worker.pod.metadata.uid !== pod.metadata.uid);
    return {
      node: node() ?? { metadata: { name: nodeName } },
      allocatable: services().allocatable(),
      others: active.map(({ allocated }) => allocated),
      unsafeSysctls,
    };
  }
}
