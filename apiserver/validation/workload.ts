import {
  type DaemonSetSpec,
  type DeploymentSpec,
  type FieldError,
  fieldError,
  fromLabelSelector,
  isValidPercent,
  type LabelSelector,
  type LabelSelectorQuery,
  type PodTemplateSpec,
  type ReplicaSetSpec,
  SelectorError,
} from '../../api/index.ts';
import { checkNonnegative, type Errors, pushInvalid } from './field-errors.ts';
import { checkLabelSelector, isEmptySelector } from './meta.ts';
import { checkPodTemplate } from './pod-template.ts';

export type IntOrPercent = number | string | undefined;

/** @param rollbackTo the revision to go back to. */
export function validateDeploymentSpec(spec: DeploymentSpec, rollbackTo: bigint | undefined): FieldError[] {
  const errors: Errors = [];
  checkNonnegative(errors, 'spec.replicas', spec.replicas);
  checkReplicaSelectorAndTemplate(errors, spec, 'ReplicaSet');
  checkDeploymentStrategy(errors, 'spec.strategy', spec.strategy ?? {});
  checkNonnegative(errors, 'spec.minReadySeconds', spec.minReadySeconds);
  checkNonnegative(errors, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  if (rollbackTo !== undefined) checkNonnegative(errors, 'spec.rollback.version', Number(rollbackTo));
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined) {
    checkNonnegative(errors, 'spec.progressDeadlineSeconds', deadline);
    if (deadline <= (spec.minReadySeconds ?? 0)) {
      errors.push(fieldError.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
    }
  }
  return errors;
}

export function validateReplicaSetSpec(spec: ReplicaSetSpec): FieldError[] {
  const errors: Errors = [];
  checkNonnegative(errors, 'spec.replicas', spec.replicas);
  checkNonnegative(errors, 'spec.minReadySeconds', spec.minReadySeconds);
  checkReplicaSelectorAndTemplate(errors, spec, 'ReplicaSet');
  return errors;
}

interface Selecting {
  readonly selector: LabelSelector;
  readonly template?: PodTemplateSpec | undefined;
}

/** Selector and template of Deployments and ReplicaSets, for which upstream has one set of messages. */
function checkReplicaSelectorAndTemplate(errors: Errors, { selector, template }: Selecting, kind: string): void {
  checkLabelSelector(errors, 'spec.selector', selector);
  if (!selector) errors.push(fieldError.required('spec.selector'));
  else if (isEmptySelector(selector))
    errors.push(fieldError.invalid('spec.selector', selector, 'empty selector is invalid for deployment'));
  const query = queryOf(selector);
  if (!query) {
    errors.push(fieldError.invalid('spec.selector', selector, 'invalid label selector'));
    return;
  }
  checkTemplateMatches(errors, query, template);
  checkPodTemplate(errors, 'spec.template', template);
  checkLongRunning(errors, template, kind);
}

/** Nothing for a selector that cannot be read. */
export function queryOf(selector: LabelSelector | null | undefined): LabelSelectorQuery | undefined {
  try {
    return fromLabelSelector(selector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

export function checkTemplateMatches(errors: Errors, query: LabelSelectorQuery, template: PodTemplateSpec | undefined): void {
  const labels = template?.metadata?.labels;
  if (query.empty || query.matches(labels)) return;
  errors.push(fieldError.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
}

/** Pods that are kept running restart always and have no deadline. */
export function checkLongRunning(errors: Errors, template: PodTemplateSpec | undefined, kind: string): void {
  const restartPolicy = template?.spec?.restartPolicy ?? '';
  if (restartPolicy !== 'Always') {
    errors.push(fieldError.notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
  }
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    const message = `activeDeadlineSeconds in ${kind} is not Supported`;
    errors.push(fieldError.forbidden('spec.template.spec.activeDeadlineSeconds', message));
  }
}

function checkDeploymentStrategy(errors: Errors, path: string, strategy: NonNullable<DeploymentSpec['strategy']>): void {
  const { type = '', rollingUpdate } = strategy;
  if (type === 'Recreate') {
    if (!rollingUpdate) return;
    errors.push(fieldError.forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'"));
  } else if (type !== 'RollingUpdate') {
    errors.push(fieldError.notSupported(path, goStrategy(type, rollingUpdate), ['Recreate', 'RollingUpdate']));
  } else if (!rollingUpdate) {
    errors.push(fieldError.required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil'));
  } else {
    const { maxUnavailable, maxSurge } = rollingUpdate;
    const at = `${path}.rollingUpdate`;
    checkIntOrPercent(errors, `${at}.maxUnavailable`, maxUnavailable);
    checkIntOrPercent(errors, `${at}.maxSurge`, maxSurge);
    if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) {
      errors.push(fieldError.invalid(`${at}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
    }
    checkAtMostAll(errors, `${at}.maxUnavailable`, maxUnavailable);
  }
}

interface RollingUpdate {
  readonly maxUnavailable?: IntOrPercent;
  readonly maxSurge?: IntOrPercent;
}

/** The strategy as upstream prints it: its internal struct. */
const goStrategy = (type: string, rollingUpdate: RollingUpdate | undefined): unknown => ({
  Type: type,
  RollingUpdate: rollingUpdate ? { MaxUnavailable: rollingUpdate.maxUnavailable ?? 0, MaxSurge: rollingUpdate.maxSurge ?? 0 } : null,
});

export function checkIntOrPercent(errors: Errors, path: string, value: IntOrPercent): void {
  if (typeof value === 'string') pushInvalid(errors, path, value, isValidPercent(value));
  else checkNonnegative(errors, path, value);
}

/** The number, or the number of a percentage; 0 for what is neither. */
export const amountOf = (value: IntOrPercent): number =>
  typeof value === 'string' ? Number.parseInt(/^([0-9]+%|[-+]?[0-9]+)$/.exec(value)?.[1] ?? '0', 10) : (value ?? 0);

export function checkAtMostAll(errors: Errors, path: string, value: IntOrPercent): void {
  if (typeof value === 'string' && isValidPercent(value).length === 0 && amountOf(value) > 100) {
    errors.push(fieldError.invalid(path, value, 'must not be greater than 100%'));
  }
}

export function validateDaemonSetSpec(spec: DaemonSetSpec): FieldError[] {
  const errors: Errors = [];
  checkLabelSelector(errors, 'spec.selector', spec.selector);
  const query = queryOf(spec.selector);
  if (query) checkTemplateMatches(errors, query, spec.template);
  if (spec.selector && isEmptySelector(spec.selector)) {
    errors.push(fieldError.invalid('spec.selector', spec.selector, 'empty selector is invalid for daemonset'));
  }
  checkPodTemplate(errors, 'spec.template', spec.template);
  checkLongRunning(errors, spec.template, 'DaemonSet');
  checkNonnegative(errors, 'spec.minReadySeconds', spec.minReadySeconds);
  checkDaemonSetStrategy(errors, 'spec.updateStrategy', spec.updateStrategy ?? {});
  checkNonnegative(errors, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  return errors;
}

function checkDaemonSetStrategy(errors: Errors, path: string, strategy: NonNullable<DaemonSetSpec['updateStrategy']>): void {
  const { type = '', rollingUpdate } = strategy;
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate') {
    errors.push(fieldError.notSupported(path, goStrategy(type, rollingUpdate), ['RollingUpdate', 'OnDelete']));
    return;
  }
  const at = `${path}.rollingUpdate`;
  if (!rollingUpdate) {
    errors.push(fieldError.required(at));
    return;
  }
  const { maxUnavailable, maxSurge } = rollingUpdate;
  checkIntOrPercent(errors, `${at}.maxUnavailable`, maxUnavailable);
  checkIntOrPercent(errors, `${at}.maxSurge`, maxSurge);
  checkAtMostAll(errors, `${at}.maxUnavailable`, maxUnavailable);
  checkAtMostAll(errors, `${at}.maxSurge`, maxSurge);
  const unavailable = amountOf(maxUnavailable) !== 0;
  const surge = amountOf(maxSurge) !== 0;
  if (unavailable && surge) {
    errors.push(fieldError.invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  } else if (!unavailable && !surge) {
    errors.push(fieldError.required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
}
