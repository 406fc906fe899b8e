import type { Pod } from '../../api/index.ts';
import { DURATION_BOUNDS, Durations } from '../durations.ts';
import type { DraCounts } from '../plugins/dra/dra-counts.ts';
import type { ContainerRole } from './container-names.ts';

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
  /** From when a pod was seen until it ran, and until somebody looked after it. */
  readonly podStarts = new Durations(START_BOUNDS);
  readonly workerStarts = new Durations(DURATION_BOUNDS);
  /** Of claims of devices. */
  readonly dra: DraCounts;

  constructor(dra: DraCounts) {
    this.dra = dra;
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
