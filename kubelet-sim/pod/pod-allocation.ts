import type { Live, Pod, PodSpec } from '../../api/index.ts';
import type { NodeServices } from './node-services.ts';
import { isResized, type ResizeState, resizeCompletedText, withAllocation } from './resize.ts';

/**
 * The resources that a node has given a pod, and how far a change of them has come. Upstream: `pkg/kubelet/allocation`.
 *
 * ```
 * spec changed ─► fits? ── no ──► PodResizePending (Deferred: asked again; Infeasible: not)
 *                   │ yes
 *                   ▼
 *               allocated ─► PodResizeInProgress ─► containers have them ─► ResizeCompleted
 *                              │     ▲ tried again
 *                              └─────┘ Error: less memory than is used
 * ```
 */
export class PodAllocation {
  readonly #node: NodeServices;
  /** A spec with the resources given; the newest one while they are those that it asks for. */
  #given: PodSpec;
  #state: ResizeState | undefined;

  constructor(node: NodeServices, pod: Live<Pod>) {
    this.#node = node;
    this.#given = givenBefore(pod);
  }

  get state(): ResizeState | undefined {
    return this.#state;
  }

  /** The pod as it is now, with the resources it was given. */
  of(pod: Live<Pod>): Live<Pod> {
    return pod.spec === this.#given ? pod : { ...pod, spec: withAllocation(pod.spec, this.#given) };
  }

  /** Whether what was put off may fit by now. */
  get isDeferred(): boolean {
    return this.#state?.pending?.reason === 'Deferred';
  }

  /** Looks at what the pod asks for, and gives it when there is room. */
  consider(pod: Live<Pod>): void {
    if (!isResized(pod.spec, this.#given)) {
      this.#given = pod.spec;
      if (this.#state?.pending) this.#state = this.#state.inProgress && { inProgress: this.#state.inProgress };
      return;
    }
    const generation = pod.metadata.generation ?? 0;
    const refusal = this.#node.admitResize(pod);
    if (refusal) {
      this.#state = { ...this.#state, pending: { ...refusal, generation } };
      return;
    }
    this.#given = pod.spec;
    this.#state = { inProgress: { generation } };
  }

  /** What came of giving the containers what was given to the pod. @param error why it could not be done yet */
  tried(error: string | undefined): void {
    const { inProgress, pending } = this.#state ?? {};
    if (inProgress) this.#state = { inProgress: { generation: inProgress.generation, error }, ...(pending ? { pending } : {}) };
  }

  /** All containers run with what was given. */
  completed(pod: Pod): void {
    const { inProgress, pending } = this.#state ?? {};
    if (!inProgress) return;
    this.#state = pending && { pending };
    this.#node.events.normal(pod, 'ResizeCompleted', resizeCompletedText(pod));
  }
}

/** The resources that a pod's status says it was given before this process started. */
function givenBefore({ spec, status }: Live<Pod>): PodSpec {
  const { containerStatuses = [], initContainerStatuses = [] } = status;
  const given = new Map(
    [...containerStatuses, ...initContainerStatuses].flatMap(({ name, resources, allocatedResources }) =>
      resources ? [[name, { ...resources, ...(allocatedResources ? { requests: allocatedResources } : {}) }] as const] : [],
    ),
  );
  if (given.size === 0) return spec;
  const before = { ...spec, containers: spec.containers.map((c) => (given.has(c.name) ? { ...c, resources: given.get(c.name) } : c)) };
  return isResized(spec, before) ? before : spec;
}
