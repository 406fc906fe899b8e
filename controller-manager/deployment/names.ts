// Names upstream fixes: annotations, labels, condition reasons and messages.

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
export const TEMPLATE_HASH = 'pod-template-hash';
/** Asks for the template of an earlier revision; 0 for the last one. */
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to';

/** Annotations of a Deployment that its ReplicaSets do not take over. */
export const NOT_COPIED: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  ROLLBACK_TO,
]);

/** Longest list of earlier revisions kept on a ReplicaSet, in characters. */
export const REVISION_HISTORY_LENGTH_MAX = 2000;

/** `progressDeadlineSeconds` that means no deadline. */
export const NO_DEADLINE = 2 ** 31 - 1;

export const reason = {
  created: 'NewReplicaSetCreated',
  found: 'FoundNewReplicaSet',
  updated: 'ReplicaSetUpdated',
  complete: 'NewReplicaSetAvailable',
  createFailed: 'ReplicaSetCreateError',
  timedOut: 'ProgressDeadlineExceeded',
  paused: 'DeploymentPaused',
  resumed: 'DeploymentResumed',
  available: 'MinimumReplicasAvailable',
  unavailable: 'MinimumReplicasUnavailable',
} as const;
