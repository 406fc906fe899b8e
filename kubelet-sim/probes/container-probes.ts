import type { Probe } from '../../api/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';
import { Durations } from '../durations.ts';
import type { HandlerTarget } from './handler-target.ts';
import { type ProbeResult, runProbe } from './probe.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

/** Told of what changes. */
export interface ProbeObserver {
  /** The container is started, ready, not ready, or to be killed: look again. */
  onChange(): void;
  /** What a probe found, when it is worth telling. */
  onTrouble(kind: ProbeKind, result: ProbeResult): void;
}

interface Worker {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  timer: Timer | undefined;
  /** Last result, and how often in a row. */
  last: boolean | undefined;
  run: number;
  /** The result that counts, once a threshold was reached. */
  settled: boolean | undefined;
  busy: boolean;
}

/** A kubelet looks at a pod again within this time after a container has started, and then at the readiness of what is not ready. */
const LOOKED_AGAIN_MS = 1000;

/**
 * The probes of one instance of a container. Times are upstream's: a probe looks every period from the start; rounds before the initial
 * delay has passed do not count; while there is a startup probe that has not passed, the others rest; when it passes, readiness is
 * probed at once. What is not ready at first is looked at once more soon after (`UpdatePodStatus`, `prober_manager.go`). A probe that cannot be run (an error) counts neither way.
 * Upstream's rounds begin with the pod, a moment before its container: the first that sees it run, or its delay over, comes up to a period
 * later. Ours comes at once, so that what is up is seen to be, and is no failure of what is not. Upstream: `pkg/kubelet/prober/worker.go`.
 */
export class ContainerProbes {
  /** How often each probe came to each result, and how long it took, for metrics. */
  readonly results = new Map<`${ProbeKind} ${'successful' | 'failed' | 'unknown'}`, Durations>();
  readonly #clock: Clock;
  readonly #target: HandlerTarget;
  readonly #observer: ProbeObserver;
  readonly #workers: Worker[] = [];
  #started: boolean;
  #ready: boolean;
  #failed: 'liveness' | 'startup' | undefined;
  #stopped = false;
  #ending = false;

  constructor(options: {
    readonly clock: Clock;
    readonly target: HandlerTarget;
    readonly observer: ProbeObserver;
    readonly before?: { readonly started: boolean; readonly ready: boolean } | undefined;
  }) {
    this.#clock = options.clock;
    this.#target = options.target;
    this.#observer = options.observer;
    const { startupProbe, readinessProbe, livenessProbe } = options.target.container;
    this.#started = options.before?.started ?? !startupProbe;
    this.#ready = options.before?.ready ?? !readinessProbe;
    this.#add('startup', this.#started ? undefined : startupProbe);
    this.#add('readiness', readinessProbe);
    this.#add('liveness', livenessProbe);
  }

  get started(): boolean {
    return this.#started;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** The probe that has given up on the container. */
  get failed(): 'liveness' | 'startup' | undefined {
    return this.#failed;
  }

  stop(): void {
    this.#stopped = true;
    for (const worker of this.#workers) worker.timer?.cancel();
  }

  /** The pod is to end: its liveness does not matter any more, its readiness does until it has ended. */
  ending(): void {
    this.#ending = true;
    for (const worker of this.#workers) if (worker.kind !== 'readiness') worker.timer?.cancel();
  }

  #add(kind: ProbeKind, probe: Probe | undefined): void {
    if (!probe) return;
    const worker: Worker = { kind, probe, timer: undefined, last: undefined, run: 0, settled: undefined, busy: false };
    this.#workers.push(worker);
    const period = periodMs(probe);
    const delay = (probe.initialDelaySeconds ?? 0) * 1000;
    this.#schedule(worker, Math.ceil(delay / period) * period, kind !== 'readiness' && delay % period === 0);
  }

  #isIdle({ kind }: Worker): boolean {
    return this.#stopped || kind === this.#failed || (this.#ending && kind !== 'readiness');
  }

  #schedule(worker: Worker, delayMs: number, isEarly = false): void {
    worker.timer?.cancel();
    worker.timer = this.#clock.setTimer(delayMs, () => {
      this.#schedule(worker, periodMs(worker.probe));
      this.#look(worker, isEarly);
    });
  }

  /** @param isEarly before upstream looks: a failure is none */
  #look(worker: Worker, isEarly: boolean): void {
    if (this.#isIdle(worker) || worker.busy || (worker.kind !== 'startup' && !this.#started)) return;
    worker.busy = true;
    const beganAt = this.#clock.monotonic();
    runProbe(worker.probe, this.#target).then((result) => {
      worker.busy = false;
      if (this.#isIdle(worker) || (isEarly && result.outcome === 'failure')) return;
      this.#tally(worker, result, this.#clock.monotonic() - beganAt);
      this.#count(worker, result);
    }, this.#observer.onChange);
  }

  #tally({ kind }: Worker, { outcome }: ProbeResult, tookMs: number): void {
    const told = outcome === 'error' ? 'unknown' : outcome === 'failure' ? 'failed' : 'successful';
    const key = `${kind} ${told}` as const;
    const durations = this.results.get(key) ?? new Durations();
    this.results.set(key, durations);
    durations.add(tookMs / 1000);
  }

  #count(worker: Worker, result: ProbeResult): void {
    const { outcome } = result;
    if (outcome !== 'success') this.#observer.onTrouble(worker.kind, result);
    if (outcome === 'error') return;
    const ok = outcome !== 'failure';
    worker.run = worker.last === ok ? worker.run + 1 : 1;
    if (worker.kind === 'readiness' && worker.last === undefined && !ok && periodMs(worker.probe) > LOOKED_AGAIN_MS)
      this.#schedule(worker, LOOKED_AGAIN_MS);
    worker.last = ok;
    const threshold = ok ? (worker.probe.successThreshold ?? 1) : (worker.probe.failureThreshold ?? 3);
    if (worker.run < threshold || worker.settled === ok) return;
    worker.settled = ok;
    this.#settle(worker, ok);
  }

  #settle(worker: Worker, ok: boolean): void {
    if (worker.kind === 'readiness') this.#ready = ok;
    else if (worker.kind === 'startup' && ok) {
      this.#started = true;
      worker.timer?.cancel();
      for (const other of this.#workers) if (other.kind === 'readiness' && !this.#ready) this.#schedule(other, 0);
    } else if (!ok) {
      // It has said its word; readiness is probed until the container has ended.
      this.#failed = worker.kind;
      worker.timer?.cancel();
    }
    this.#observer.onChange();
  }
}

const periodMs = (probe: Probe): number => (probe.periodSeconds || 10) * 1000;
