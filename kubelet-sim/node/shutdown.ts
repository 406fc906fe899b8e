import type { Clock } from '../../runtime/index.ts';
import type { Verdict } from '../pod/observed.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import { CRITICAL_PRIORITY } from './eviction.ts';

const SHUTDOWN_MESSAGE = 'Pod was terminated in response to imminent node shutdown.';
/** What becomes of pods when their node shuts down. Upstream: `pkg/kubelet/nodeshutdown`. */
const SHUTDOWN_VERDICT: Verdict = {
  reason: 'Terminated',
  message: SHUTDOWN_MESSAGE,
  condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: SHUTDOWN_MESSAGE },
};
/** How often a node that shuts down looks whether its pods have ended. */
const SHUTDOWN_LOOK_MS = 500;

/** Ends the pods of a node: ordinary ones, then critical ones. @param graceSeconds for each of the two */
export async function endInTurn(
  workers: readonly PodWorker[],
  graceSeconds: readonly [number, number],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const all = workers.filter(({ isActive }) => isActive);
  for (const [i, seconds] of graceSeconds.entries()) {
    const group = all.filter(({ pod }) => (pod.spec.priority ?? 0) >= CRITICAL_PRIORITY === (i === 1));
    for (const worker of group) worker.evict(SHUTDOWN_VERDICT, Math.min(seconds, worker.pod.spec.terminationGracePeriodSeconds ?? seconds));
    const end = clock.monotonic() + seconds * 1000;
    while (group.some(({ isActive }) => isActive) && clock.monotonic() < end) await clock.sleep(SHUTDOWN_LOOK_MS, signal);
  }
}
