import {
  type CrossVersionObjectReference,
  type FieldError,
  fieldError,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerSpec,
  type HPAScalingPolicy,
  type HPAScalingRules,
} from '../../api/index.ts';
import { checkChoiceOf, checkNonnegative, type Errors, listOf } from './field-errors.ts';
import { checkMetric } from './metrics.ts';
import { checkReference, type ReferenceRules, versionError } from './scaled-reference.ts';

const WINDOW_SECONDS_MAX = 3600;
const PERIOD_SECONDS_MAX = 1800;
const SELECT_POLICIES: readonly string[] = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES: readonly string[] = ['Percent', 'Pods'];

/** Upstream: `pkg/apis/autoscaling/validation`, `validationOptionsForHorizontalPodAutoscaler`. @param old what it was, in an update. */
export function validateHorizontalPodAutoscaler({ spec }: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler | undefined): FieldError[] {
  const errors: Errors = [];
  const { minReplicas, maxReplicas, scaleTargetRef, behavior } = spec;
  const minMin = old?.spec.minReplicas === 0 ? 0 : 1;
  if (minReplicas !== undefined && minReplicas < minMin) {
    errors.push(fieldError.invalid('spec.minReplicas', minReplicas, `must be greater than or equal to ${minMin}`));
  }
  if (maxReplicas < 1) errors.push(fieldError.invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(fieldError.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  checkReference(errors, 'spec.scaleTargetRef', scaleTargetRef, targetRules(scaleTargetRef, old));
  checkMetrics(errors, 'spec.metrics', spec, objectRules(old));
  if (behavior?.scaleUp) checkScalingRules(errors, 'spec.behavior.scaleUp', behavior.scaleUp);
  if (behavior?.scaleDown) checkScalingRules(errors, 'spec.behavior.scaleDown', behavior.scaleDown);
  return errors;
}

export function validateHorizontalPodAutoscalerStatus({ status }: HorizontalPodAutoscaler): FieldError[] {
  const errors: Errors = [];
  checkNonnegative(errors, 'status.currentReplicas', status.currentReplicas);
  checkNonnegative(errors, 'status.desiredReplicas', status.desiredReplicas);
  return errors;
}

/** ReplicationControllers are the one kind of core's that can be scaled. */
function targetRules({ apiVersion, kind }: CrossVersionObjectReference, old: HorizontalPodAutoscaler | undefined): ReferenceRules {
  const before = old?.spec.scaleTargetRef;
  if (before && before.apiVersion === apiVersion && before.kind === kind) return { anyVersion: true };
  return { noGroup: kind === 'ReplicationController' };
}

function objectRules(old: HorizontalPodAutoscaler | undefined): ReferenceRules {
  const wasWrong = listOf(old?.spec.metrics).some(
    ({ type, object }) => type === 'Object' && object && versionError(object.describedObject, { noGroup: true }) !== undefined,
  );
  return { anyVersion: wasWrong, noGroup: true };
}

function checkMetrics(errors: Errors, path: string, { metrics, minReplicas }: HorizontalPodAutoscalerSpec, rules: ReferenceRules): void {
  listOf(metrics).forEach((metric, i) => {
    checkMetric(errors, `${path}[${i}]`, metric, rules);
  });
  if (minReplicas === 0 && !listOf(metrics).some(({ type }) => type === 'Object' || type === 'External')) {
    errors.push(fieldError.forbidden(path, 'must specify at least one Object or External metric to support scaling to zero replicas'));
  }
}

function checkScalingRules(errors: Errors, path: string, { stabilizationWindowSeconds, selectPolicy, policies }: HPAScalingRules): void {
  const at = `${path}.stabilizationWindowSeconds`;
  if (stabilizationWindowSeconds !== undefined && stabilizationWindowSeconds < 0) {
    errors.push(fieldError.invalid(at, stabilizationWindowSeconds, 'must be greater than or equal to zero'));
  }
  if (stabilizationWindowSeconds !== undefined && stabilizationWindowSeconds > WINDOW_SECONDS_MAX) {
    errors.push(fieldError.invalid(at, stabilizationWindowSeconds, `must be less than or equal to ${WINDOW_SECONDS_MAX}`));
  }
  if (selectPolicy !== undefined) checkChoiceOf(errors, `${path}.selectPolicy`, selectPolicy, SELECT_POLICIES);
  if (listOf(policies).length === 0) errors.push(fieldError.required(`${path}.policies`, 'must specify at least one Policy'));
  listOf(policies).forEach((policy, i) => {
    checkScalingPolicy(errors, `${path}.policies[${i}]`, policy);
  });
}

function checkScalingPolicy(errors: Errors, path: string, { type, value, periodSeconds }: HPAScalingPolicy): void {
  checkChoiceOf(errors, `${path}.type`, type, POLICY_TYPES);
  if (value <= 0) errors.push(fieldError.invalid(`${path}.value`, value, 'must be greater than zero'));
  const at = `${path}.periodSeconds`;
  if (periodSeconds <= 0) errors.push(fieldError.invalid(at, periodSeconds, 'must be greater than zero'));
  if (periodSeconds > PERIOD_SECONDS_MAX) {
    errors.push(fieldError.invalid(at, periodSeconds, `must be less than or equal to ${PERIOD_SECONDS_MAX}`));
  }
}
