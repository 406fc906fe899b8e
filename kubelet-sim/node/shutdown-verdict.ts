import type { Verdict } from '../pod/observed.ts';

const SHUTDOWN_MESSAGE = 'Pod was terminated in response to imminent node shutdown.';
/** Why pods end on a node that is shut down, in upstream's words (`pkg/kubelet/nodeshutdown`). */
export const SHUTDOWN_VERDICT: Verdict = {
  reason: 'Terminated',
  message: SHUTDOWN_MESSAGE,
  condition: { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: SHUTDOWN_MESSAGE },
};
