import {
  type DaemonSetStatus,
  type DeploymentStatus,
  type FieldError,
  fieldError,
  type ReplicaSetStatus,
  type StatefulSetStatus,
} from '../../api/index.ts';
import { checkNonnegative, type Errors } from './field-errors.ts';

const ABOVE_REPLICAS = 'cannot be greater than status.replicas';

/** Counters that must not be negative, in upstream's order. */
function checkCounters<K extends string>(errors: Errors, status: Partial<Record<K, number | undefined>>, fields: readonly K[]): void {
  for (const field of fields) checkNonnegative(errors, `status.${field}`, status[field]);
}

/** Counters that cannot exceed `replicas`, and available ones that cannot exceed the ready ones. */
function checkAgainstReplicas<K extends string>(
  errors: Errors,
  status: Partial<Record<K | 'replicas' | 'availableReplicas' | 'readyReplicas', number | undefined>>,
  fields: readonly K[],
  ready = 'readyReplicas',
): void {
  const { replicas = 0, availableReplicas = 0, readyReplicas = 0 } = status;
  for (const field of fields) {
    const count = status[field] ?? 0;
    if (count > replicas) errors.push(fieldError.invalid(`status.${field}`, count, ABOVE_REPLICAS));
  }
  if (availableReplicas > readyReplicas) {
    errors.push(fieldError.invalid('status.availableReplicas', availableReplicas, `cannot be greater than ${ready}`));
  }
}

/** How often a name was taken already: it only goes up. */
function checkCollisions(errors: Errors, count: number | undefined, old: number | undefined): void {
  if (old !== undefined && (count ?? -1) < old) {
    errors.push(fieldError.invalid('status.collisionCount', count ?? 0, 'cannot be decremented'));
  }
}

export function validateDeploymentStatus(status: DeploymentStatus, old: DeploymentStatus): FieldError[] {
  const errors: Errors = [];
  checkCounters(errors, status, [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'collisionCount',
  ]);
  checkAgainstReplicas(errors, status, ['updatedReplicas', 'readyReplicas', 'availableReplicas']);
  checkCollisions(errors, status.collisionCount, old.collisionCount);
  return errors;
}

export function validateReplicaSetStatus(status: ReplicaSetStatus): FieldError[] {
  const errors: Errors = [];
  checkCounters(errors, status, ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration']);
  checkAgainstReplicas(errors, status, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']);
  return errors;
}

export function validateStatefulSetStatus(status: StatefulSetStatus, old: StatefulSetStatus): FieldError[] {
  const errors: Errors = [];
  checkCounters(errors, status, [
    'replicas',
    'readyReplicas',
    'currentReplicas',
    'updatedReplicas',
    'availableReplicas',
    'observedGeneration',
    'collisionCount',
  ]);
  checkAgainstReplicas(
    errors,
    status,
    ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
    'status.readyReplicas',
  );
  checkCollisions(errors, status.collisionCount, old.collisionCount);
  return errors;
}

export function validateDaemonSetStatus(status: DaemonSetStatus, old: DaemonSetStatus): FieldError[] {
  const errors: Errors = [];
  checkCounters(errors, status, [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ]);
  checkCollisions(errors, status.collisionCount, old.collisionCount);
  return errors;
}
