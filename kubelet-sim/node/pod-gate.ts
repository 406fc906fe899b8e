import type { Live, Node, Pod } from '../../api/index.ts';
import { RESIZES_INFEASIBLE, TOPOLOGY_DURATIONS, TOPOLOGY_REQUESTS } from '../pod/count-families.ts';
import type { NodeServices } from '../pod/node-services.ts';
import type { Verdict } from '../pod/observed.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { AdmissionScope } from './admission.ts';
import { pressureVerdict } from './eviction.ts';
import { conditionTypes, type Pressure } from './node-health.ts';
import type { ResizeAnswer } from './pending-resizes.ts';
import { admitOrPreempt, type Leaver, PREEMPTED } from './preemption.ts';
import { deferral, infeasibility } from './resize-admission.ts';

/** What a node says of itself when pods come. */
export interface GateParts {
  readonly nodeName: string;
  readonly node: () => Live<Node> | undefined;
  readonly workers: ReadonlyMap<string, PodWorker>;
  readonly unsafeSysctls: readonly string[] | undefined;
  readonly pressures: () => ReadonlySet<Pressure>;
  /** Whether the node is about to be switched off. */
  readonly isShut: () => boolean;
  readonly services: () => Pick<NodeServices, 'allocatable' | 'counts' | 'events'>;
}

const NODE_SHUTDOWN: Verdict = { reason: 'NodeShutdown', message: 'Pod was rejected: Pod was rejected as the node is shutting down.' };

/** Whether a node takes a pod, or gives one more than it has. */
export class PodGate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /** Why the node does not take a pod. @param preempted gets those that have to go for it */
  admit(pod: Pod, preempted: Leaver[]): Verdict | undefined {
    const { node } = this.#parts;
    return this.#short(pod) ?? (node() && this.#noRoom(pod, preempted)) ?? this.#shut();
  }

  /** Whether a pod that is here can have the resources that it now asks for: for a critical one others go. */
  admitResize(pod: Pod): ResizeAnswer {
    const never = infeasibility(pod, this.#parts.services().allocatable());
    if (never) {
      this.#parts.services().counts.count(RESIZES_INFEASIBLE, 'insufficient_node_allocatable');
      return { refusal: never, leavers: [] };
    }
    const leavers: Leaver[] = [];
    const refusal = deferral(this.#short(pod) ?? this.#noRoom(pod, leavers) ?? this.#shut());
    return refusal ? { refusal, leavers: [] } : { leavers };
  }

  #short(pod: Pod): Verdict | undefined {
    const pressures = this.#parts.pressures();
    return pressureVerdict(pod, pressures, conditionTypes(pressures));
  }

  #noRoom(pod: Pod, preempted: Leaver[]): Verdict | undefined {
    const { counts } = this.#parts.services();
    counts.count(TOPOLOGY_REQUESTS);
    counts.tallies.observe(TOPOLOGY_DURATIONS, 0); // nothing is aligned: the policy is `none`
    return admitOrPreempt(pod, this.#scopeBeside(pod), (uid, resource) => this.#preempt(uid, resource, preempted));
  }

  /** Upstream's node shutdown manager is the last that is asked. */
  #shut(): Verdict | undefined {
    return this.#parts.isShut() ? NODE_SHUTDOWN : undefined;
  }

  #preempt(uid: string, resource: string, preempted: Leaver[]): void {
    const worker = this.#parts.workers.get(uid);
    if (!worker) return;
    const { events, counts } = this.#parts.services();
    preempted.push({
      pod: worker.pod,
      get isActive() {
        return worker.isActive;
      },
      leave: () => {
        events.warning(worker.pod, PREEMPTED.reason, PREEMPTED.message);
        worker.evict(PREEMPTED);
        counts.preempted(resource);
      },
    });
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
