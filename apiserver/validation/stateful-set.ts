import {
  appsKinds,
  type FieldError,
  fieldError,
  isDns1123Label,
  type PodSpec,
  type StatefulSetSpec,
  type Volume,
} from '../../api/index.ts';
import { checkChoiceOf, checkNonnegative, type Errors, listOf, pushInvalid } from './field-errors.ts';
import { goPart } from './go-struct.ts';
import { checkAnnotations, checkLabelSelector, checkLabels, isEmptySelector } from './meta.ts';
import { checkPersistentVolumeClaimSpec } from './persistent-volume-claim.ts';
import { checkPodAnnotations } from './pod-annotations.ts';
import { checkPodTemplate } from './pod-template.ts';
import { semanticEqual } from './semantic-equal.ts';
import { checkAtMostAll, checkIntOrPercent, checkLongRunning, checkTemplateMatches, queryOf } from './workload.ts';

const RETENTION_POLICIES: readonly string[] = ['Retain', 'Delete'];
const FORBIDDEN_CHANGE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/** Upstream: `pkg/apis/apps/validation`, `ValidateStatefulSet`. */
export function validateStatefulSetSpec(spec: StatefulSetSpec): FieldError[] {
  const errors: Errors = [];
  checkPolicies(errors, spec);
  listOf(spec.volumeClaimTemplates).forEach((claim, i) => {
    checkPersistentVolumeClaimSpec(errors, `spec.volumeClaimTemplates[${i}].spec`, claim.spec);
  });
  checkCounts(errors, spec);
  if (spec.serviceName) pushInvalid(errors, 'spec.serviceName', spec.serviceName, isDns1123Label(spec.serviceName));
  checkPods(errors, spec);
  return errors;
}

/** What may not change is not looked at again. Upstream: `ValidateStatefulSetUpdate`. */
export function validateStatefulSetSpecUpdate(spec: StatefulSetSpec, old: StatefulSetSpec): FieldError[] {
  const errors: Errors = [];
  checkPolicies(errors, spec);
  checkCounts(errors, spec);
  checkPods(errors, spec);
  const { replicas, ordinals, template, updateStrategy, revisionHistoryLimit, persistentVolumeClaimRetentionPolicy, minReadySeconds } =
    spec;
  const changeable = {
    replicas,
    ordinals,
    template,
    updateStrategy,
    revisionHistoryLimit,
    persistentVolumeClaimRetentionPolicy,
    minReadySeconds,
  };
  if (!semanticEqual({ ...spec, ...changeable }, { ...old, ...changeable })) errors.push(fieldError.forbidden('spec', FORBIDDEN_CHANGE));
  return errors;
}

function checkPolicies(errors: Errors, spec: StatefulSetSpec): void {
  const { podManagementPolicy = '', persistentVolumeClaimRetentionPolicy: retention } = spec;
  if (podManagementPolicy === '') errors.push(fieldError.required('spec.podManagementPolicy'));
  else if (podManagementPolicy !== 'OrderedReady' && podManagementPolicy !== 'Parallel') {
    errors.push(fieldError.invalid('spec.podManagementPolicy', podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  }
  checkUpdateStrategy(errors, 'spec.updateStrategy', spec.updateStrategy ?? {});
  if (!retention) return;
  const at = 'spec.persistentVolumeClaimRetentionPolicy';
  checkChoiceOf(errors, `${at}.whenDeleted`, retention.whenDeleted ?? '', RETENTION_POLICIES);
  checkChoiceOf(errors, `${at}.whenScaled`, retention.whenScaled ?? '', RETENTION_POLICIES);
}

function checkUpdateStrategy(errors: Errors, path: string, strategy: NonNullable<StatefulSetSpec['updateStrategy']>): void {
  const { type = '', rollingUpdate } = strategy;
  // Inside, a partition is a number, not perhaps one.
  const inside = rollingUpdate && { partition: 0, ...rollingUpdate };
  const goStrategy = (): unknown => goPart(appsKinds.statefulsets, ['spec', 'updateStrategy'], { ...strategy, rollingUpdate: inside });
  if (type === '') errors.push(fieldError.required(path));
  else if (type === 'OnDelete') {
    if (!inside) return;
    const value = goPart(appsKinds.statefulsets, ['spec', 'updateStrategy', 'rollingUpdate'], inside);
    errors.push(fieldError.invalid(`${path}.rollingUpdate`, value, "only allowed for updateStrategy 'RollingUpdate'"));
  } else if (type !== 'RollingUpdate') {
    errors.push(fieldError.invalid(path, goStrategy(), "must be 'RollingUpdate' or 'OnDelete'"));
  } else if (rollingUpdate) {
    const { partition, maxUnavailable } = rollingUpdate;
    checkNonnegative(errors, `${path}.rollingUpdate.partition`, partition);
    if (maxUnavailable === undefined) return;
    checkIntOrPercent(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
    checkAtMostAll(errors, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
  }
}

function checkCounts(errors: Errors, { replicas, minReadySeconds, ordinals }: StatefulSetSpec): void {
  checkNonnegative(errors, 'spec.replicas', replicas);
  checkNonnegative(errors, 'spec.minReadySeconds', minReadySeconds);
  checkNonnegative(errors, 'spec.ordinals.start', ordinals?.start);
}

function checkPods(errors: Errors, spec: StatefulSetSpec): void {
  const { selector } = spec;
  if (!selector) errors.push(fieldError.required('spec.selector'));
  else {
    checkLabelSelector(errors, 'spec.selector', selector);
    if (isEmptySelector(selector)) errors.push(fieldError.invalid('spec.selector', selector, 'empty selector is invalid for statefulset'));
  }
  const query = queryOf(selector);
  if (query) checkTemplate(errors, spec, query);
  else errors.push(fieldError.invalid('spec.selector', selector, ''));
  checkLongRunning(errors, spec.template, 'StatefulSet');
}

/**
 * The template as its pods will have it: first a volume for each claim, by its name, in place of those that the template may have, and
 * host name and subdomain are given by the StatefulSet, whatever the template says. Its labels and annotations are looked at twice.
 * Upstream: `ValidatePodTemplateSpecForStatefulSet`.
 */
function checkTemplate(errors: Errors, spec: StatefulSetSpec, query: NonNullable<ReturnType<typeof queryOf>>): void {
  const { template } = spec;
  checkTemplateMatches(errors, query, template);
  checkPodTemplate(errors, 'spec.template', template.spec ? { ...template, spec: podSpecOf(spec, template.spec) } : template);
  const { labels, annotations } = template.metadata ?? {};
  checkLabels(errors, 'spec.template.labels', labels);
  checkAnnotations(errors, 'spec.template.annotations', annotations);
  if (template.spec) checkPodAnnotations(errors, 'spec.template.annotations', annotations, template.spec);
}

function podSpecOf({ volumeClaimTemplates }: StatefulSetSpec, template: PodSpec): PodSpec {
  const spec = { ...template, hostname: undefined, subdomain: undefined };
  const claims = new Set(listOf(volumeClaimTemplates).map(({ metadata }) => metadata.name ?? ''));
  if (claims.size === 0) return spec;
  const others = listOf(template.volumes).filter(({ name }) => !claims.has(name));
  return { ...spec, volumes: [...[...claims].map(claimVolume), ...others] };
}

const claimVolume = (name: string): Volume => ({ name, persistentVolumeClaim: { claimName: name } });
