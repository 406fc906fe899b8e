import type { QueuedPod } from '../framework/plugin.ts';

/** Back-offs end together, at whole seconds, so that among pods whose time has come the more important goes first. */
const WINDOW_MS = 1_000;

/** How long a pod that could not be scheduled waits before it is tried again. */
export interface BackoffTimes {
  readonly initialMs: number;
  readonly maxMs: number;
}

const aligned = (ms: number): number => Math.floor(ms / WINDOW_MS) * WINDOW_MS;

/** In which window a pod's back-off ends; 0 for none. Errors in a row count by themselves: they are no fault of the pod. */
export function backoffEnd({ timestamp, unschedulableCount, errorCount }: QueuedPod, { initialMs, maxMs }: BackoffTimes): number {
  const count = errorCount > 0 ? errorCount : unschedulableCount;
  return count === 0 || maxMs === 0 ? 0 : aligned(timestamp + Math.min(maxMs, initialMs * 2 ** (count - 1)));
}

/** A window counts until it is over: no back-off is shorter than it was to be. */
export const isBackingOff = (pod: QueuedPod, times: BackoffTimes, now: number): boolean => backoffEnd(pod, times) >= aligned(now);

/** From when on a pod no longer backs off. */
export const backoffOver = (pod: QueuedPod, times: BackoffTimes): number => backoffEnd(pod, times) + WINDOW_MS;
