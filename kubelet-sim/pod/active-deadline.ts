import type { Pod } from '../../api/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';
import type { Verdict } from './observed.ts';
import type { PodEvents } from './pod-events.ts';

/** What becomes of a pod that has been active for too long. Upstream: `pkg/kubelet/active_deadline.go`. */
export const DEADLINE_EXCEEDED: Verdict = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
  isFound: true,
};

/** How long a pod may still be active; undefined without a limit. */
export function deadlineDelayMs({ spec }: Pod, startTime: string | undefined, now: number): number | undefined {
  const seconds = spec.activeDeadlineSeconds;
  return seconds === undefined ? undefined : (Date.parse(startTime ?? '') || now) + seconds * 1000 - now;
}

export const isPastDeadline = (pod: Pod, startTime: string | undefined, now: number): boolean =>
  (deadlineDelayMs(pod, startTime, now) ?? 1) <= 0;

/**
 * Says that the limit is reached, as a kubelet does for every status that it makes from then on (`generateAPIPodStatus`): of a pod that is
 * active and of one that is to end, and again of one whose containers have ended and of one that is over.
 */
export function tellDeadline(events: PodEvents, pod: Pod): void {
  for (let i = 0; i < 2; i++) events.normal(pod, DEADLINE_EXCEEDED.reason, DEADLINE_EXCEEDED.message);
}

/** A deadline that is not heeded while volumes are waited for: a kubelet looks for it when it looks at the pod. */
export function afterMounts(clock: Clock, delayMs: number, pod: { readonly mountWaitMs: number }, expire: () => void): Timer {
  let timer = clock.setTimer(delayMs, () => {
    const waitMs = pod.mountWaitMs;
    if (waitMs === 0) expire();
    else timer = clock.setTimer(waitMs, expire);
  });
  const cancel = () => timer.cancel();
  return { cancel, [Symbol.dispose]: cancel };
}
