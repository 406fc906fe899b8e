import type { Pod } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { DURATION_BOUNDS, Durations } from '../durations.ts';
import type { DraCounts } from '../plugins/dra/dra-counts.ts';
import { type Family, Tallies } from '../tallies.ts';
import type { ContainerRole } from './container-names.ts';
import { OPERATION_DURATIONS, OPERATION_ERRORS, OPERATIONS } from './count-families.ts';

/** What made a kubelet look at a pod: it is new, it has changed, or something of it has. */
export type SyncType = 'create' | 'update' | 'sync';

/** What is counted by a label's value. */
export type CountedBy = ReadonlyMap<string, number>;

/** Upstream: `podStartupDurationBuckets`, `pkg/kubelet/metrics/metrics.go`. */
const START_BOUNDS = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];

/** As the label `container_type` has it. */
const TYPE_OF: Readonly<Record<ContainerRole, string>> = {
  init: 'init_container',
  sidecar: 'init_container',
  main: 'container',
  ephemeral: 'ephemeral_container',
};

/** Why a container was not started, for a type of containers. */
export interface StartFailures {
  readonly type: string;
  readonly code: string;
  count: number;
}

/** What a kubelet counts of what it does, since it began. Upstream: `pkg/kubelet/metrics/metrics.go`. */
export class KubeletCounts {
  #podsStarted = 0;
  #podsFailed = 0;
  readonly #withOwnUsers = { started: 0, failed: 0 };
  #hooksFallenBack = 0;
  readonly #evictions = new Map<string, number>();
  readonly #preemptions = new Map<string, number>();
  readonly #containers = new Map<string, number>();
  readonly #failures = new Map<string, StartFailures>();
  readonly #syncs = new Map<SyncType, Durations>();
  /** How long the first pod with an address of its own took to start, in seconds. */
  firstNetworkStart: number | undefined;
  /** What is not told unless it happens. */
  readonly tallies = new Tallies();
  /** From when a pod was seen until it ran, and until somebody looked after it. */
  readonly podStarts = new Durations(START_BOUNDS);
  readonly workerStarts = new Durations(DURATION_BOUNDS);
  /** Of claims of devices. */
  readonly #dra: () => DraCounts;

  /** @param dra what the node's claims of devices are counted by, from when somebody asks */
  constructor(dra: () => DraCounts) {
    this.#dra = dra;
  }

  get dra(): DraCounts {
    return this.#dra();
  }

  /** Sandboxes that were to be made. */
  get podsStarted(): number {
    return this.#podsStarted;
  }

  /** Sandboxes that could not be made. */
  get podsFailed(): number {
    return this.#podsFailed;
  }

  /** Of both, those of pods in a user namespace of their own. */
  get withOwnUsers(): { readonly started: number; readonly failed: number } {
    return this.#withOwnUsers;
  }

  /** Hooks that were sent without TLS, since the server did not speak it. */
  get hooksFallenBack(): number {
    return this.#hooksFallenBack;
  }

  /** By signal. */
  get evictions(): CountedBy {
    return this.#evictions;
  }

  /** By the resource that was missing. */
  get preemptions(): CountedBy {
    return this.#preemptions;
  }

  /** By type. */
  get containers(): CountedBy {
    return this.#containers;
  }

  get failures(): Iterable<StartFailures> {
    return this.#failures.values();
  }

  get syncs(): ReadonlyMap<SyncType, Durations> {
    return this.#syncs;
  }

  /** One more of something. */
  count(family: Family, ...values: readonly string[]): void {
    this.tallies.add(family, 1, ...values);
  }

  /** Does something with the runtime at once, and counts it. @throws what it throws */
  operation<T>(type: string, clock: Clock, work: () => T): T {
    const begin = clock.monotonic();
    let isDone = false;
    try {
      const result = work();
      isDone = true;
      return result;
    } finally {
      this.operated(type, clock.monotonic() - begin, isDone);
    }
  }

  /** The same of something that takes its time. Rejects as it does. */
  async longOperation<T>(type: string, clock: Clock, work: () => Promise<T>): Promise<T> {
    const begin = clock.monotonic();
    let isDone = false;
    try {
      const result = await work();
      isDone = true;
      return result;
    } finally {
      this.operated(type, clock.monotonic() - begin, isDone);
    }
  }

  /** Something was done with the runtime, or could not be. Upstream: `recordOperation` and `recordError`, `pkg/kubelet/kuberuntime/instrumented_services.go`. */
  operated(type: string, ms: number, isDone: boolean): void {
    this.count(OPERATIONS, type);
    this.tallies.observe(OPERATION_DURATIONS, ms / 1000, type);
    if (!isDone) this.count(OPERATION_ERRORS, type);
  }

  evicted(signal: string): void {
    addOne(this.#evictions, signal);
  }

  preempted(resource: string): void {
    addOne(this.#preemptions, resource);
  }

  hookFellBack(): void {
    this.#hooksFallenBack++;
  }

  sandboxStarted({ hostUsers }: Pod['spec']): void {
    this.#podsStarted++;
    if (hostUsers === false) this.#withOwnUsers.started++;
  }

  sandboxFailed({ hostUsers }: Pod['spec']): void {
    this.#podsFailed++;
    if (hostUsers === false) this.#withOwnUsers.failed++;
  }

  /** A container did not start in the sync that made its sandbox: that may be for the users that the pod has for itself. */
  firstStartFailed({ hostUsers }: Pod['spec']): void {
    if (hostUsers === false) this.#withOwnUsers.failed++;
  }

  containerStarted(role: ContainerRole): void {
    addOne(this.#containers, TYPE_OF[role]);
  }

  /** @param code the reason that the container's status gives */
  containerFailed(role: ContainerRole, code: string): void {
    const type = TYPE_OF[role];
    const key = `${type} ${code}`;
    const known = this.#failures.get(key);
    if (known) known.count++;
    else this.#failures.set(key, { type, code, count: 1 });
  }

  synced(type: SyncType, seconds: number): void {
    const durations = this.#syncs.get(type) ?? new Durations();
    durations.add(seconds);
    this.#syncs.set(type, durations);
  }
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
