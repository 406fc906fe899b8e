import type { Pod } from '../../api/index.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { ImageService } from '../runtime/image-service.ts';
import {
  type Candidate,
  type EvictionRules,
  type EvictionVerdict,
  evictionVerdict,
  isCriticalPod,
  rankForEviction,
  type Shortage,
  type Signal,
  shortagesOf,
  type Threshold,
} from './eviction.ts';
import type { Pressure } from './node-health.ts';
import type { NodeUsage } from './node-stats.ts';

/** A pod that goes at once has this long, and any other at least: upstream's `immediateEvictionGracePeriodSeconds`. */
const GRACE_SECONDS = 1;

export interface EvictionParts {
  readonly rules: EvictionRules;
  readonly images: ImageService;
  /** What is used now. */
  readonly usage: () => NodeUsage;
  /** Tells of what a node begins to win back. */
  readonly onThreshold: (resource: string) => void;
  readonly onImageRemoved: () => void;
  readonly onEvicted: (worker: PodWorker, verdict: EvictionVerdict, signal: Signal) => void;
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
  tick(): void {
    const { usage: look, rules } = this.#parts;
    const usage = look();
    const { time } = usage;
    const shortages = shortagesOf(usage, rules.thresholds);
    for (const { pressure } of shortages) this.#seenAt.set(pressure, time);
    for (const [pressure, at] of this.#seenAt) if (time - at >= rules.transitionMs) this.#seenAt.delete(pressure);
    this.#pressures = new Set(this.#seenAt.keys());
    const due = this.#due(shortages, time);
    if (!due) return;
    this.#parts.onThreshold(due.resource);
    if (due.pressure === 'disk' && this.#isEnoughWithoutImages(usage)) return;
    this.#evict(due, usage);
  }

  #due(shortages: readonly Shortage[], now: number): Shortage | undefined {
    const met = new Set(shortages.map(({ threshold }) => keyOf(threshold)));
    for (const key of this.#metSince.keys()) if (!met.has(key)) this.#metSince.delete(key);
    for (const key of met) if (!this.#metSince.has(key)) this.#metSince.set(key, now);
    return shortages.find(({ threshold }) => now - (this.#metSince.get(keyOf(threshold)) ?? now) >= threshold.graceMs);
  }

  /** Lets images go, and looks whether anything is short still. Upstream: `reclaimNodeLevelResources`. */
  #isEnoughWithoutImages(usage: NodeUsage): boolean {
    this.#freeImages(usage);
    return shortagesOf(this.#parts.usage(), this.#parts.rules.thresholds).length === 0;
  }

  /** Lets images go that no container is of. */
  #freeImages({ pods }: NodeUsage): void {
    const { images } = this.#parts;
    const used = new Set(
      pods.flatMap(({ worker: { status } }) =>
        [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].map(({ imageID }) => imageID),
      ),
    );
    const free = images.listImages().filter(({ ref, pinned }) => !pinned && !used.has(ref));
    for (const { name } of free) {
      images.removeImage(name);
      this.#parts.onImageRemoved();
    }
  }

  #evict(shortage: Shortage, { pods }: NodeUsage): void {
    const workers = new Map<Candidate, PodWorker>(
      pods
        .filter(({ worker }) => worker.isActive && !isCriticalPod(worker.pod))
        .map(({ worker, stats, volumes }) => [{ pod: worker.pod, stats, volumes }, worker]),
    );
    const [first] = rankForEviction([...workers.keys()], shortage.resource);
    const worker = first && workers.get(first);
    if (!first || !worker) return;
    const verdict = evictionVerdict(first, shortage);
    this.#parts.onEvicted(worker, verdict, shortage.threshold.signal);
    worker.evict(verdict, Math.max(GRACE_SECONDS, shortage.threshold.graceMs > 0 ? this.#softGrace(worker.pod) : 0));
  }

  #softGrace({ spec }: Pod): number {
    const { maxPodGraceSeconds } = this.#parts.rules;
    return Math.min(maxPodGraceSeconds, spec.terminationGracePeriodSeconds ?? maxPodGraceSeconds);
  }
}

const keyOf = ({ signal, value, graceMs }: Threshold): string => `${signal}<${value} ${graceMs}`;
