import type { Live, Pod } from '../../api/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';

const SECONDS_DEFAULT = 30;
const SECONDS_MIN = 1;

/**
 * How long a pod is given to end. Upstream: `calculateEffectiveGracePeriod`, `pkg/kubelet/pod_workers.go`.
 *
 * @param evictionSeconds what an eviction leaves it, where it leaves less.
 */
export function graceMsOf({ metadata, spec }: Live<Pod>, evictionSeconds: number | undefined): number {
  const asked = [metadata.deletionGracePeriodSeconds, evictionSeconds].filter((seconds) => seconds !== undefined);
  const seconds = asked.length > 0 ? Math.min(...asked) : (spec.terminationGracePeriodSeconds ?? SECONDS_DEFAULT);
  return Math.max(seconds, SECONDS_MIN) * 1000;
}

/** The time that something is given to stop. */
export class Grace {
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #endAt: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#endAt = clock.monotonic() + ms;
  }

  get leftMs(): number {
    return Math.max(0, this.#endAt - this.#clock.monotonic());
  }

  /** Waits for something for as long as there is time; the signal says that there is none left. */
  async spend(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    this.#timer ??= this.#clock.setTimer(this.leftMs, () => this.#abort.abort(new Error('the grace period is over')));
    const { signal } = this.#abort;
    const over = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    if (!signal.aborted) await Promise.race([work(signal), over]);
  }

  dispose(): void {
    this.#timer?.cancel();
  }
}
