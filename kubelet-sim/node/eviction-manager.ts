import type { PodWorker } from '../pod/pod-worker.ts';
import type { ImageService } from '../runtime/cri.ts';
import { type Candidate, evictionVerdict, isCriticalPod, rankForEviction, type Shortage, shortagesOf, type Threshold } from './eviction.ts';
import type { Pressure } from './node-health.ts';
import type { NodeUsage } from './node-stats.ts';

/** A pressure is told of for so long after its last shortage: `--eviction-pressure-transition-period`. */
const TRANSITION_MS = 300_000;
/** A pod that goes at once has this long: upstream's `immediateEvictionGracePeriodSeconds`. */
const GRACE_SECONDS = 1;

export interface EvictionParts {
  readonly thresholds: readonly Threshold[];
  readonly images: ImageService;
  /** Tells of what a node begins to win back. */
  readonly onThreshold: (resource: string) => void;
  readonly onEvicted: (worker: PodWorker, message: string) => void;
}

/** Keeps a node from running out of what its pods share: looks now and then, and when it is short evicts one pod at a time. */
export class EvictionManager {
  readonly #parts: EvictionParts;
  /** Since when each soft threshold is met. */
  readonly #metSince = new Map<string, number>();
  /** When each pressure was last seen. */
  readonly #seenAt = new Map<Pressure, number>();
  #pressures: ReadonlySet<Pressure> = new Set();

  constructor(parts: EvictionParts) {
    this.#parts = parts;
  }

  get pressures(): ReadonlySet<Pressure> {
    return this.#pressures;
  }

  /** Looks at what is used. */
  tick(usage: NodeUsage): void {
    const { time } = usage;
    const shortages = shortagesOf(usage, this.#parts.thresholds);
    for (const { pressure } of shortages) this.#seenAt.set(pressure, time);
    for (const [pressure, at] of this.#seenAt) if (time - at >= TRANSITION_MS) this.#seenAt.delete(pressure);
    this.#pressures = new Set(this.#seenAt.keys());
    const due = this.#due(shortages, time);
    if (due && !(due.pressure === 'disk' && this.#freeImages(usage))) this.#evict(due, usage);
  }

  #due(shortages: readonly Shortage[], now: number): Shortage | undefined {
    const met = new Set(shortages.map(({ threshold }) => keyOf(threshold)));
    for (const key of this.#metSince.keys()) if (!met.has(key)) this.#metSince.delete(key);
    for (const key of met) if (!this.#metSince.has(key)) this.#metSince.set(key, now);
    return shortages.find(({ threshold }) => now - (this.#metSince.get(keyOf(threshold)) ?? now) >= threshold.graceMs);
  }

  /** Lets images go that no container is of; whether that was any use. */
  #freeImages({ pods }: NodeUsage): boolean {
    const { images } = this.#parts;
    const used = new Set(
      pods.flatMap(({ worker: { status } }) =>
        [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].map(({ imageID }) => imageID),
      ),
    );
    const free = images.listImages().filter(({ ref, pinned }) => !pinned && !used.has(ref));
    for (const { name } of free) images.removeImage(name);
    return free.length > 0;
  }

  #evict(shortage: Shortage, { pods }: NodeUsage): void {
    this.#parts.onThreshold(shortage.resource);
    const workers = new Map<Candidate, PodWorker>(
      pods
        .filter(({ worker }) => worker.isActive && !isCriticalPod(worker.pod))
        .map(({ worker, stats }) => [{ pod: worker.pod, stats }, worker]),
    );
    const [first] = rankForEviction([...workers.keys()], shortage.resource);
    const worker = first && workers.get(first);
    if (!first || !worker) return;
    const verdict = evictionVerdict(first, shortage);
    this.#parts.onEvicted(worker, verdict.message);
    const soft = shortage.threshold.graceMs > 0;
    worker.evict(verdict, soft ? undefined : GRACE_SECONDS);
  }
}

const keyOf = ({ signal, value, graceMs }: Threshold): string => `${signal}<${value} ${graceMs}`;
