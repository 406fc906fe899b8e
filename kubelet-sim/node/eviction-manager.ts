import type { Pod } from '../../api/index.ts';
import { IMAGES_COLLECTED } from '../pod/count-families.ts';
import type { NodeServices } from '../pod/node-services.ts';
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
  shortagesOf,
  type Threshold,
} from './eviction.ts';
import type { Pressure } from './node-health.ts';
import type { NodeUsage } from './node-stats.ts';
import { untilGone } from './preemption.ts';

/** A pod that goes at once has this long, and any other at least: upstream's `immediateEvictionGracePeriodSeconds`. */
const GRACE_SECONDS = 1;

/** How long after a pod has gone its node is looked at again, at the earliest: upstream's `podCleanupPollFreq`. */
const CLEANUP_LOOK_MS = 1000;

export interface EvictionParts {
  readonly services: () => Pick<NodeServices, 'clock' | 'events' | 'counts'>;
  readonly signal: AbortSignal;
  readonly rules: EvictionRules;
  readonly workers: () => Iterable<PodWorker>;
  readonly images: ImageService;
  /** What is used now. */
  readonly usage: () => NodeUsage;
  /** Tells of what a node begins to win back. */
  readonly onThreshold: (resource: string) => void;
  /** The pod evicted last has gone: the node is to be looked at again. */
  readonly onGone: () => void;
}

/**
 * Keeps a node from running out of what its pods share: looks now and then, and when it is short evicts one pod, waits until that has gone, and
 * looks again. Upstream: `synchronize`, `pkg/kubelet/eviction/eviction_manager.go`.
 */
export class EvictionManager {
  readonly #parts: EvictionParts;
  /** Since when each threshold is met. */
  readonly #metSince = new Map<Threshold, number>();
  /** Those that have been met for their time: they are until their minimum is won back. */
  #due: ReadonlySet<Threshold> = new Set();
  /** When each pressure was last seen. */
  readonly #seenAt = new Map<Pressure, number>();
  #pressures: ReadonlySet<Pressure> = new Set();
  #isWaiting = false;

  constructor(parts: EvictionParts) {
    this.#parts = parts;
  }

  get pressures(): ReadonlySet<Pressure> {
    return this.#pressures;
  }

  /** Looks at what is used, unless a pod that was evicted is still going. */
  tick(): void {
    if (this.#isWaiting) return;
    const { usage: look, rules } = this.#parts;
    const usage = look();
    const { time } = usage;
    const shortages = shortagesOf(usage, rules.thresholds, (threshold) => this.#due.has(threshold));
    for (const { pressure } of shortages) this.#seenAt.set(pressure, time);
    for (const [pressure, at] of this.#seenAt) if (time - at >= rules.transitionMs) this.#seenAt.delete(pressure);
    this.#pressures = new Set(this.#seenAt.keys());
    const [due] = this.#dueOf(shortages, time);
    if (!due) return;
    this.#parts.onThreshold(due.resource);
    if (due.pressure === 'disk' && this.#isEnoughWithoutImages(usage)) return;
    this.#evict(due, usage);
  }

  /** Those shortages that have lasted for their time. */
  #dueOf(shortages: readonly Shortage[], now: number): readonly Shortage[] {
    const met = new Set(shortages.map(({ threshold }) => threshold));
    for (const threshold of this.#metSince.keys()) if (!met.has(threshold)) this.#metSince.delete(threshold);
    for (const threshold of met) if (!this.#metSince.has(threshold)) this.#metSince.set(threshold, now);
    const due = shortages.filter(({ threshold }) => now - (this.#metSince.get(threshold) ?? now) >= threshold.graceMs);
    this.#due = new Set(due.map(({ threshold }) => threshold));
    return due;
  }

  /** Lets images go, and looks whether anything is short still. Upstream: `reclaimNodeLevelResources`. */
  #isEnoughWithoutImages(usage: NodeUsage): boolean {
    this.#freeImages(usage);
    return shortagesOf(this.#parts.usage(), this.#parts.rules.thresholds, () => true).length === 0;
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
      this.#parts.services().counts.count(IMAGES_COLLECTED, 'space');
    }
  }

  #evict(shortage: Shortage, { pods }: NodeUsage): void {
    const usages = new Map(pods.map((usage) => [usage.worker, usage]));
    const workers = new Map<Candidate, PodWorker>();
    for (const worker of this.#parts.workers()) {
      if (!worker.isActive || isCriticalPod(worker.pod)) continue;
      const { stats, volumes } = usages.get(worker) ?? {};
      workers.set({ pod: worker.pod, stats, volumes }, worker);
    }
    const [first] = rankForEviction([...workers.keys()], shortage.resource);
    const worker = first && workers.get(first);
    if (!first || !worker) return;
    const verdict = evictionVerdict(first, shortage);
    const { events, counts } = this.#parts.services();
    events.warning(worker.pod, verdict.reason, verdict.message, { annotations: verdict.annotations });
    counts.evicted(shortage.threshold.signal);
    this.#awaitEnd(worker, verdict, Math.max(GRACE_SECONDS, shortage.threshold.graceMs > 0 ? this.#softGrace(worker.pod) : 0));
  }

  /** Nothing else is evicted before the pod has gone, or has had the time that it is given. Upstream: `waitForPodsCleanup`. */
  #awaitEnd(worker: PodWorker, verdict: EvictionVerdict, graceSeconds: number): void {
    const { services, signal, onGone } = this.#parts;
    const { clock } = services();
    this.#isWaiting = true;
    worker.evict(verdict, graceSeconds);
    const goOn = () => {
      this.#isWaiting = false;
      if (!signal.aborted) onGone();
    };
    untilGone([worker], clock, signal, graceSeconds)
      .then(() => clock.sleep(CLEANUP_LOOK_MS, signal))
      .then(goOn, goOn);
  }

  #softGrace({ spec }: Pod): number {
    const { maxPodGraceSeconds } = this.#parts.rules;
    return Math.min(maxPodGraceSeconds, spec.terminationGracePeriodSeconds ?? maxPodGraceSeconds);
  }
}
