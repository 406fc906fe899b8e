import type { Live, Pod, PodSpec } from '../../api/index.ts';
import { RESIZE_DURATIONS, RESIZES_ASKED } from './count-families.ts';
import type { NodeServices } from './node-services.ts';
import {
  isResized,
  type ResizeRefusal,
  type ResizeState,
  type Resizing,
  resizeCompletedText,
  resizeOperations,
  withAllocation,
} from './resize.ts';

/** How soon is looked again at a resize under way, and how soon one is tried again that could not be done. */
const LOOK_MS = 1000;
const RETRY_MS = 10_000;

/** The pod whose resources they are. */
interface Owner {
  readonly pod: Live<Pod>;
  readonly isActive: boolean;
  poke(): void;
}

/** The pod's containers, which are to run with what was given. */
interface Runs {
  readonly isResized: boolean;
  resize(): boolean;
  resizeRefusal(): string | undefined;
}

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
export class PodAllocation implements Resizing {
  readonly #node: NodeServices;
  readonly #owner: Owner;
  /** A spec with the resources given; the newest one while they are those that it asks for. */
  #given: PodSpec;
  #state: ResizeState | undefined;

  constructor(node: NodeServices, owner: Owner) {
    this.#node = node;
    this.#owner = owner;
    this.#given = givenBefore(owner.pod);
  }

  get state(): ResizeState | undefined {
    return this.#state;
  }

  get pod(): Live<Pod> {
    return this.#owner.pod;
  }

  get isActive(): boolean {
    return this.#owner.isActive;
  }

  /** The pod as it is now, with the resources it was given. */
  get allocated(): Live<Pod> {
    const { pod } = this.#owner;
    return pod.spec === this.#given ? pod : { ...pod, spec: withAllocation(pod.spec, this.#given) };
  }

  get isDeferred(): boolean {
    return this.#state?.pending?.reason === 'Deferred';
  }

  get waitsSince(): number | undefined {
    return this.#state?.pending?.since;
  }

  poke(): void {
    this.#owner.poke();
  }

  /**
   * The pod has another spec: when it asks for other resources than before, the node is asked for them.
   *
   * @returns whether the pod may go on; if not so, it is poked when others have made room for one
   */
  update(before: Pod): boolean {
    const { pod } = this.#owner;
    const operations = resizeOperations(before.spec, pod.spec);
    for (const { operation, requirement, resource } of operations) this.#node.counts.count(RESIZES_ASKED, operation, requirement, resource);
    if (isResized(pod.spec, this.#given)) return operations.length === 0 || this.#node.resizes.ask(this);
    this.#settle();
    return true;
  }

  /** The pod was here before: a resize that was not done then is asked for again. */
  restore(): void {
    if (isResized(this.pod.spec, this.#given)) this.#node.resizes.backfill(this);
  }

  /** The pod has what it asks for. */
  #settle(): void {
    this.#given = this.pod.spec;
    if (this.#state?.pending) this.#state = this.#state.inProgress && { inProgress: this.#state.inProgress };
  }

  answer(refusal: ResizeRefusal | undefined, { metadata, spec }: Pod): boolean {
    const before = this.#state?.pending;
    const generation = metadata.generation ?? 0;
    if (!refusal) {
      if (!isResized(spec, this.#given)) this.#settle();
      else {
        this.#given = spec;
        this.#state = { inProgress: { generation } };
      }
      return true;
    }
    const since = before?.reason === refusal.reason ? before.since : (pendingBefore(this.pod, refusal) ?? this.#node.clock.now());
    this.#state = { ...this.#state, pending: { ...refusal, generation, since } };
    return before?.reason !== refusal.reason || before.message !== refusal.message || before.generation !== generation;
  }

  /** Gives running containers what the pod was given. Answers when to look again, in milliseconds; undefined when all have it. */
  actuate(runs: Runs): number | undefined {
    const { inProgress, pending } = this.#state ?? {};
    if (!inProgress) return undefined;
    const rest = pending ? { pending } : {};
    const error = runs.resizeRefusal();
    this.#state = { inProgress: { generation: inProgress.generation, error }, ...rest };
    if (error !== undefined) return this.#actuated(this.#node.clock.monotonic(), false, RETRY_MS);
    const begin = this.#node.clock.monotonic();
    if (runs.resize()) return this.#actuated(begin, true, LOOK_MS);
    if (!runs.isResized) return LOOK_MS;
    this.#state = pending && { pending };
    this.#node.events.normal(this.allocated, 'ResizeCompleted', resizeCompletedText(this.allocated));
    return undefined;
  }

  #actuated(begin: number, isDone: boolean, lookMs: number): number {
    const { clock, counts } = this.#node;
    counts.tallies.observe(RESIZE_DURATIONS, clock.monotonic() - begin, String(isDone));
    return lookMs;
  }
}

/** Since when the API has a resize wait for a reason, in milliseconds since the epoch. */
function pendingBefore({ status }: Live<Pod>, { reason }: ResizeRefusal): number | undefined {
  const known = status.conditions?.find((condition) => condition.type === 'PodResizePending' && condition.reason === reason);
  return known?.lastTransitionTime === undefined ? undefined : Date.parse(known.lastTransitionTime);
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
