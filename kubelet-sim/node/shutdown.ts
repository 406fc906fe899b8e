import type { Clock } from '../../runtime/index.ts';
import type { Verdict } from '../pod/observed.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import { CRITICAL_PRIORITY } from './eviction.ts';

const SHUTDOWN_MESSAGE = 'Pod was terminated in response to imminent node shutdown.';
/** What becomes of pods when their node shuts down. */
const SHUTDOWN_VERDICT: Verdict = {
  reason: 'Terminated',
  message: SHUTDOWN_MESSAGE,
  condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: SHUTDOWN_MESSAGE },
};
/** How often a node that shuts down looks whether its pods have ended. */
const SHUTDOWN_LOOK_MS = 500;

/** How long pods of a priority, and of those up to the next one, are given: an element of `shutdownGracePeriodByPodPriority`. */
export interface ShutdownPeriod {
  readonly priority: number;
  readonly seconds: number;
}

/** `shutdownGracePeriod` without its critical part, and `shutdownGracePeriodCriticalPods`, as a list. Upstream: `migrateConfig`. */
export const periodsOf = (ordinarySeconds: number, criticalSeconds: number): ShutdownPeriod[] => [
  { priority: 0, seconds: ordinarySeconds },
  { priority: CRITICAL_PRIORITY, seconds: criticalSeconds },
];

/** A pod that is to end. */
type Ending = Pick<PodWorker, 'pod' | 'isActive' | 'evict'>;

export interface ShutdownParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly workers: () => Iterable<Ending>;
  /** Takes the message of an event `Shutdown`. */
  readonly tell: (message: string) => void;
  /** The node is to say at once that it is not ready. */
  readonly report: () => void;
}

/**
 * How a node is switched off: it takes no more pods, and those that it has are given time to end, group by group, the lowest priorities first (KEP
 * 2000, KEP 2712). What is told of a shutdown, and of its being taken back, is done in turn: a shutdown goes on to its end first. Upstream:
 * `pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux.go`.
 */
export class NodeShutdown {
  readonly #parts: ShutdownParts;
  #isShut = false;
  #startedAt = 0;
  #endedAt = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: ShutdownParts) {
    this.#parts = parts;
  }

  get isShut(): boolean {
    return this.#isShut;
  }

  /** When the last shutdown began and ended, in milliseconds since the epoch; 0 before. */
  get times(): { readonly startedAt: number; readonly endedAt: number } {
    return { startedAt: this.#startedAt, endedAt: this.#endedAt };
  }

  /** The node is about to be switched off. Resolves when its pods have had their time; rejects when the node is stopped meanwhile. */
  begin(periods: readonly ShutdownPeriod[]): Promise<void> {
    return this.#next(async () => {
      this.#parts.tell('Shutdown manager detected shutdown event');
      this.#isShut = true;
      this.#parts.report();
      this.#startedAt = this.#parts.clock.now();
      this.#endedAt = 0;
      await this.#endInTurn(periods);
      this.#endedAt = this.#parts.clock.now();
    });
  }

  /** It is not switched off after all, and takes pods again; its status says so when it is next reported. */
  takeBack(): Promise<void> {
    return this.#next(() => {
      if (this.#isShut) this.#parts.tell('Shutdown manager detected shutdown cancellation');
      this.#isShut = false;
      return Promise.resolve();
    });
  }

  /** The node has been switched on again. */
  reset(): void {
    this.#isShut = false;
  }

  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => undefined); // whoever asked is told
    return done;
  }

  async #endInTurn(periods: readonly ShutdownPeriod[]): Promise<void> {
    const { clock, signal, workers } = this.#parts;
    const all = [...workers()].filter(({ isActive }) => isActive);
    for (const { seconds, members } of groupsOf(all, periods)) {
      for (const worker of members)
        worker.evict(SHUTDOWN_VERDICT, Math.min(seconds, worker.pod.spec.terminationGracePeriodSeconds ?? seconds));
      const end = clock.monotonic() + seconds * 1000;
      while (members.some(({ isActive }) => isActive) && clock.monotonic() < end) await clock.sleep(SHUTDOWN_LOOK_MS, signal);
    }
  }
}

/** The pods of each period, the lowest first: of those between two periods it is the lower one. Upstream: `groupByPriority`. */
export function groupsOf<T extends Pick<Ending, 'pod'>>(
  all: readonly T[],
  periods: readonly ShutdownPeriod[],
): (ShutdownPeriod & { readonly members: readonly T[] })[] {
  const groups = periods.toSorted((a, b) => a.priority - b.priority).map((period) => ({ ...period, members: [] as T[] }));
  for (const each of all) {
    const priority = each.pod.spec.priority ?? 0;
    const group = groups.findLast((period) => period.priority <= priority) ?? groups[0];
    group?.members.push(each);
  }
  return groups;
}
