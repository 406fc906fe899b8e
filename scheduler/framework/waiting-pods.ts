import type { Clock, Timer } from '../../runtime/index.ts';
import type { PodInfo } from '../state/pod-info.ts';
import { type Rejection, unschedulable } from './status.ts';

/** Waits longer than this are cut short (upstream's `maxTimeout`). */
const WAIT_MS_MAX = 15 * 60_000;

/** A pod that plugins hold back in Permit. Upstream: `pkg/scheduler/framework/runtime/waiting_pods_map.go`. */
export class WaitingPod {
  readonly info: PodInfo;
  readonly nodeName: string;
  readonly #timers = new Map<string, Timer>();
  readonly #settle: (rejection: Rejection | undefined) => void;
  /** Resolves with undefined once all plugins have allowed it. */
  readonly outcome: Promise<Rejection | undefined>;

  /** @param waits how long each plugin asked for. */
  constructor(info: PodInfo, nodeName: string, waits: ReadonlyMap<string, number>, clock: Clock) {
    this.info = info;
    this.nodeName = nodeName;
    let settle: (rejection: Rejection | undefined) => void = () => undefined;
    this.outcome = new Promise((resolve) => {
      settle = resolve;
    });
    this.#settle = settle;
    for (const [plugin, waitMs] of waits) {
      const expire = () =>
        this.reject(plugin, `rejected due to timeout after waiting ${goDuration(Math.min(waitMs, WAIT_MS_MAX))} at plugin ${plugin}`);
      this.#timers.set(plugin, clock.setTimer(Math.min(waitMs, WAIT_MS_MAX), expire));
    }
  }

  /** The plugins still to allow it. */
  get pendingPlugins(): readonly string[] {
    return [...this.#timers.keys()];
  }

  /** The plugin has nothing against it any more. */
  allow(plugin: string): void {
    this.#timers.get(plugin)?.cancel();
    this.#timers.delete(plugin);
    if (this.#timers.size === 0) this.#settle(undefined);
  }

  reject(plugin: string, message: string): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#settle({ ...unschedulable(message), plugin });
  }
}

const goDuration = (ms: number): string => {
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return ms < 1000 ? `${ms}ms` : minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
};

/** The pods that wait in Permit, of all profiles. */
export class WaitingPods {
  readonly #pods = new Map<string, WaitingPod>();

  get(uid: string): WaitingPod | undefined {
    return this.#pods.get(uid);
  }

  values(): Iterable<WaitingPod> {
    return this.#pods.values();
  }

  add(pod: WaitingPod): void {
    this.#pods.set(pod.info.uid, pod);
  }

  delete(uid: string): void {
    this.#pods.delete(uid);
  }

  /** Rejects a pod that waits. @returns false when it does not. */
  reject(uid: string, plugin: string, message: string): boolean {
    const pod = this.#pods.get(uid);
    pod?.reject(plugin, message);
    return pod !== undefined;
  }
}
