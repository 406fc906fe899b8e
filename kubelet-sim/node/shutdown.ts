import type { Verdict } from '../pod/observed.ts';

const SHUTDOWN_MESSAGE = 'Pod was terminated in response to imminent node shutdown.';
/** What becomes of pods when their node shuts down. Upstream: `pkg/kubelet/nodeshutdown`. */
export const SHUTDOWN_VERDICT: Verdict = {
  reason: 'Terminated',
  message: SHUTDOWN_MESSAGE,
  condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: SHUTDOWN_MESSAGE },
};
/** How often a node that shuts down looks whether its pods have ended. */
export const SHUTDOWN_LOOK_MS = 500;
