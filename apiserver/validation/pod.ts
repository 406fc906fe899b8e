import {
  type Container,
  type FieldError,
  fieldError,
  NO_FIELD,
  type Pod,
  type PodSchedulingGate,
  rangeError,
  type Toleration,
} from '../../api/index.ts';
import { sharesEmpties } from '../../api/schema.ts';
import { checkImagePadding } from './container.ts';
import { type Errors, INT32_MAX, isEmpty, listOf } from './field-errors.ts';
import { goEphemeralContainer, goNodeSelectorTerm, goPodSpec } from './go-struct.ts';
import { checkPodAnnotations, checkPodAnnotationsUpdate, checkProfileAnnotations, MIRROR_POD_ANNOTATION } from './pod-annotations.ts';
import { checkPodSpec } from './pod-spec.ts';
import { semanticEqual } from './semantic-equal.ts';
import { checkTolerations } from './tolerations.ts';
import { diffJson } from './unified-diff.ts';

const UPDATABLE =
  '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** A pod at any time: its annotations and its spec. */
export function checkPod(errors: Errors, pod: Pod): void {
  checkPodAnnotations(errors, 'metadata.annotations', pod.metadata.annotations, pod.spec);
  const { name = '', annotations } = pod.metadata;
  checkPodSpec(errors, 'spec', pod.spec, { isPod: true, podName: name, isMirror: annotations?.[MIRROR_POD_ANNOTATION] !== undefined });
  if (!pod.spec.serviceAccountName) checkNoTokens(errors, pod);
  listOf(pod.spec.containers).forEach((container, i) => {
    checkImagePadding(errors, `spec.containers[${i}]`, container);
  });
  listOf(pod.spec.initContainers).forEach((container, i) => {
    checkImagePadding(errors, `spec.initContainers[${i}]`, container);
  });
}

/** Tokens are a service account's. */
function checkNoTokens(errors: Errors, { spec }: Pod): void {
  listOf(spec.volumes).forEach(({ projected }, i) => {
    listOf(projected?.sources).forEach(({ serviceAccountToken }, j) => {
      if (!serviceAccountToken) return;
      const path = `spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`;
      errors.push(fieldError.forbidden(path, 'must not be specified when serviceAccountName is not set'));
    });
  });
}

export function validatePodCreate(pod: Pod): FieldError[] {
  const errors: Errors = [];
  checkPod(errors, pod);
  if (listOf(pod.spec.ephemeralContainers).length > 0) {
    errors.push(fieldError.forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  }
  if (pod.spec.nodeName && listOf(pod.spec.schedulingGates).length > 0) {
    errors.push(fieldError.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  checkProfileAnnotations(errors, 'spec', pod.metadata.annotations, pod.spec);
  return errors;
}

/** What a user may change of a pod: images, the deadline, more tolerations, fewer gates; and where a gated pod may go. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: Errors = [];
  checkPod(errors, pod);
  checkAnnotationChange(errors, pod, old);
  for (const kind of ['containers', 'initContainers'] as const) {
    if (!checkImages(errors, `spec.${kind}`, listOf(pod.spec[kind]), listOf(old.spec[kind]))) return errors;
  }
  if (!checkDeadline(errors, pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds)) return errors;
  checkAddedTolerations(errors, listOf(pod.spec.tolerations), listOf(old.spec.tolerations));
  checkRemovedGates(errors, listOf(pod.spec.schedulingGates), listOf(old.spec.schedulingGates));
  if (!semanticEqual(pod.spec, old.spec)) checkUnchanged(errors, pod, old);
  return errors;
}

/** Upstream checks the annotations twice on update, once as such and once as changed. */
function checkAnnotationChange(errors: Errors, pod: Pod, old: Pod): void {
  const { annotations } = pod.metadata;
  checkPodAnnotationsUpdate(errors, 'metadata.annotations', annotations, old.metadata.annotations);
  checkPodAnnotations(errors, 'metadata.annotations', annotations, pod.spec);
}

/** @returns false when the lists cannot be compared further. */
function checkImages(errors: Errors, path: string, containers: readonly Container[], old: readonly Container[]): boolean {
  if (containers.length !== old.length) {
    errors.push(fieldError.forbidden(path, 'pod updates may not add or remove containers'));
    return false;
  }
  containers.forEach((container, i) => {
    if (isEmpty(container.image)) errors.push(fieldError.required(`${path}[${i}].image`));
    checkImagePadding(errors, `${path}[${i}]`, container);
  });
  return true;
}

/** @returns false when upstream looks no further. */
function checkDeadline(errors: Errors, deadline: number | undefined, old: number | undefined): boolean {
  const path = 'spec.activeDeadlineSeconds';
  if (deadline === undefined) {
    if (old !== undefined) errors.push(fieldError.invalid(path, undefined, 'must not update from a positive integer to nil value'));
    return true;
  }
  if (deadline < 0 || deadline > INT32_MAX) errors.push(fieldError.invalid(path, deadline, rangeError(0, INT32_MAX)));
  else if (old !== undefined && old < deadline) {
    errors.push(fieldError.invalid(path, deadline, 'must be less than or equal to previous value'));
  } else return true;
  return false;
}

function checkAddedTolerations(errors: Errors, tolerations: readonly Toleration[], old: readonly Toleration[]): void {
  const kept = (before: Toleration): boolean =>
    tolerations.some((now) => semanticEqual({ ...before, tolerationSeconds: now.tolerationSeconds }, now));
  if (!old.every(kept)) {
    errors.push(fieldError.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
    return;
  }
  checkTolerations(errors, 'spec.tolerations', tolerations);
}

function checkRemovedGates(errors: Errors, gates: readonly PodSchedulingGate[], old: readonly PodSchedulingGate[]): void {
  gates.forEach(({ name }, i) => {
    if (old.some((gate) => gate.name === name)) return;
    const message = `only deletion is allowed, but found new scheduling gate '${name}'`;
    errors.push(fieldError.forbidden(`spec.schedulingGates[${i}].name`, message));
  });
}

/** What may change, and so is compared as it was. */
const CHANGEABLE = ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'] as const;

/** Compares the specs without what may change. */
function checkUnchanged(errors: Errors, pod: Pod, old: Pod): void {
  const munged = {
    ...pod.spec,
    containers: withImagesOf(listOf(pod.spec.containers), listOf(old.spec.containers)),
    activeDeadlineSeconds: old.spec.activeDeadlineSeconds,
    schedulingGates: old.spec.schedulingGates,
    tolerations: old.spec.tolerations,
  };
  if (pod.spec.initContainers) munged.initContainers = withImagesOf(pod.spec.initContainers, listOf(old.spec.initContainers));
  const grace = old.spec.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0 && munged.terminationGracePeriodSeconds === 1) munged.terminationGracePeriodSeconds = grace;
  const isGated = listOf(old.spec.schedulingGates).length > 0;
  if (isGated) allowGated(errors, munged, old);
  if (semanticEqual(munged, old.spec)) return;
  sharesEmpties(munged, pod.spec, isGated ? [...CHANGEABLE, 'nodeSelector'] : CHANGEABLE);
  const diff = diffJson(goPodSpec(old.spec), goPodSpec(munged));
  errors.push(fieldError.forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}\n${diff}`));
}

const withImagesOf = (containers: readonly Container[], old: readonly Container[]): Container[] =>
  containers.map((container, i) => sharesEmpties({ ...container, image: old[i]?.image }, container));

/** A gated pod's node selector and required node affinity may be made narrower. */
function allowGated(errors: Errors, spec: Pod['spec'], old: Pod): void {
  const selector = old.spec.nodeSelector ?? {};
  if (!Object.entries(selector).every(([key, value]) => spec.nodeSelector?.[key] === value)) {
    const message = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    errors.push(fieldError.invalid('spec.nodeSelector', spec.nodeSelector, message));
  }
  spec.nodeSelector = old.spec.nodeSelector;
  const before = old.spec.affinity?.nodeAffinity;
  if (semanticEqual(spec.affinity?.nodeAffinity, before)) return;
  checkNarrowerAffinity(errors, spec, old);
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  const onlyNodes = podAffinity === undefined && podAntiAffinity === undefined;
  spec.affinity = old.spec.affinity === undefined && onlyNodes ? undefined : { ...spec.affinity, nodeAffinity: before };
}

function checkNarrowerAffinity(errors: Errors, spec: Pod['spec'], old: Pod): void {
  const path = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  const oldTerms = listOf(old.spec.affinity?.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms);
  const terms = listOf(spec.affinity?.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms);
  if (oldTerms.length === 0) return;
  if (terms.length !== oldTerms.length) {
    const message = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    errors.push(fieldError.invalid(path, terms.length === 0 ? null : terms.map(goNodeSelectorTerm), message));
    return;
  }
  oldTerms.forEach((before, i) => {
    const term = terms[i];
    if (!term || onlyAdds(term, before)) return;
    errors.push(fieldError.invalid(`${path}[${i}]`, goNodeSelectorTerm(term), 'only additions are allowed (no mutations or deletions)'));
  });
}

type Term = Parameters<typeof goNodeSelectorTerm>[0];

function onlyAdds(term: Term, old: Term): boolean {
  const wasEmpty = listOf(old.matchExpressions).length + listOf(old.matchFields).length === 0;
  if (wasEmpty && listOf(term.matchExpressions).length + listOf(term.matchFields).length > 0) return false;
  return (['matchExpressions', 'matchFields'] as const).every((field) => {
    const before = listOf(old[field]);
    return semanticEqual(listOf(term[field]).slice(0, before.length), before);
  });
}

/** Ephemeral containers may only be added. */
export function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata.annotations?.[MIRROR_POD_ANNOTATION] !== undefined) {
    return [fieldError.forbidden(NO_FIELD, 'static pods do not support ephemeral containers')];
  }
  const errors: Errors = [];
  checkPod(errors, pod);
  checkAnnotationChange(errors, pod, old);
  const path = 'spec.ephemeralContainers';
  for (const before of listOf(old.spec.ephemeralContainers)) {
    const now = listOf(pod.spec.ephemeralContainers).findLast(({ name }) => name === before.name);
    if (!now) {
      errors.push(fieldError.forbidden(path, `existing ephemeral containers "${before.name}" may not be removed\n`));
    } else if (!semanticEqual(before, now)) {
      const diff = diffJson(goEphemeralContainer(before), goEphemeralContainer(now));
      errors.push(fieldError.forbidden(path, `existing ephemeral containers "${before.name}" may not be changed\n${diff}`));
    }
  }
  return errors;
}
