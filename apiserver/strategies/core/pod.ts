import { ipWarnings, isDns1123Label, isDns1123Subdomain, type ObjectMeta, type Pod, qosClassOf } from '../../../api/index.ts';
import type { DeleteContext, RequestContext, Strategy, UpdateStrategy } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { validateEphemeralContainersUpdate, validatePodCreate, validatePodUpdate } from '../../validation/pod.ts';
import { validatePodResize } from '../../validation/pod-resize.ts';
import { validatePodStatusUpdate } from '../../validation/pod-status.ts';
import { warnOfPod } from '../../validation/pod-warnings.ts';
import { raiseGeneration, strategyOf } from '../shared.ts';
import { setPodDefaults, setPodLevelResources } from './pod-defaults.ts';
import { dropDisabledPodFields } from './pod-dropped-fields.ts';
import { addGatedCondition, applyAppArmorAnnotations, mergeLabelKeys } from './pod-preparation.ts';
import { podRowConditions, podTableRow } from './pod-table.ts';
import { syncServiceAccount } from './pod-template-defaults.ts';

/** Upstream: `pkg/registry/core/pod`. */
export const podStrategy: Strategy<Pod> = strategyOf<Pod>({
  metadataLooks: ['changes', 'whole'],
  deleteReturnsObject: true,
  setDefaults: setPodDefaults,
  // What plugins gave the containers counts for the pod as a whole.
  setStoredDefaults: ({ spec }) => setPodLevelResources(spec),
  prepareForCreate: (context, pod) => {
    pod.metadata.generation = 1;
    syncServiceAccount(pod.spec);
    dropDisabledPodFields(pod);
    pod.status = { phase: 'Pending', qosClass: qosClassOf(pod) };
    addGatedCondition(pod, context.now);
    mergeLabelKeys(pod);
    applyAppArmorAnnotations(context, pod);
  },
  validateCreate: (context, pod) => {
    const errors = validatePodCreate(pod);
    if (errors.length === 0) warnOfNewPod(context, pod);
    return errors;
  },
  prepareForUpdate: (_context, pod, old) => {
    pod.status = old.status;
    syncServiceAccount(pod.spec);
    dropDisabledPodFields(pod);
    setGeneration(pod, old);
  },
  validateUpdate: (_context, pod, old) => validatePodUpdate(pod, old),
  gracePeriodSeconds,
  watchIndex: 'spec.nodeName',
  fieldSelectors: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status.phase ?? '',
    'status.podIP': ({ status }) => status.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': ({ status }) => status.nominatedNodeName ?? '',
    // The older name of spec.nodeName; and a name that is let through, though upstream has no value for it.
    'spec.host': ({ spec }) => spec.nodeName ?? '',
    'status.podIPs': () => '',
  },
  tableRow: podTableRow,
  tableRowConditions: podRowConditions,
  subresources: { status: statusStrategy(), ephemeralcontainers: ephemeralContainersStrategy(), resize: resizeStrategy() },
});

function warnOfNewPod(context: RequestContext, pod: Pod): void {
  const name = pod.metadata.name ?? '';
  // An invalid name is the registry's to refuse, and refused objects get no advice.
  if (isDns1123Subdomain(name).length > 0) return;
  const messages = isDns1123Label(name);
  if (messages.length > 0) {
    const advice = "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
    context.warn(`metadata.name: ${advice}: [${messages.join(' ')}]`);
  }
  warnOfPod({ spec: pod.spec, metadata: pod.metadata, prefix: '' }, (text) => context.warn(text));
}

/** One more with every change of the spec. */
function setGeneration(pod: Pod, old: Pod): void {
  raiseGeneration(pod, old);
}

/** Pods that run somewhere are given time to end: as much as was asked for, or as they ask for themselves. */
function gracePeriodSeconds({ gracePeriodSeconds: asked }: DeleteContext, { spec, status }: Pod): number {
  const finished = status.phase === 'Failed' || status.phase === 'Succeeded';
  if (!spec.nodeName || finished) return 0;
  const seconds = asked ?? spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

function statusStrategy(): UpdateStrategy<Pod> {
  return {
    resetFields: ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'],
    prepareForUpdate: (_context, pod, old) => {
      pod.spec = old.spec;
      // Old kubelets wrote broken owner references.
      keepMeta(pod.metadata, old.metadata, ['ownerReferences', 'deletionTimestamp', 'generation']);
      pod.status.qosClass ||= old.status.qosClass;
      keepObservedGenerations(pod, old);
      dropDisabledPodFields(pod);
    },
    validateUpdate: (context, pod, old) => {
      const errors = validatePodStatusUpdate(pod, old);
      if (errors.length === 0) warnOfIps(context, pod);
      return errors;
    },
  };
}

/** A generation that was observed is not forgotten by a status that says none. */
function keepObservedGenerations({ status }: Pod, old: Pod): void {
  if (!status.observedGeneration && old.status.observedGeneration) status.observedGeneration = old.status.observedGeneration;
  const before = [...listOf(old.status.conditions)];
  if (!before.some(({ observedGeneration }) => observedGeneration)) return;
  for (const condition of listOf(status.conditions)) {
    // A type may come several times: the first of it is the first that was, and so on.
    const index = before.findIndex(({ type }) => type === condition.type);
    const observedGeneration = index < 0 ? undefined : before.splice(index, 1)[0]?.observedGeneration;
    if (observedGeneration && !condition.observedGeneration) condition.observedGeneration = observedGeneration;
  }
}

function warnOfIps(context: RequestContext, { status }: Pod): void {
  for (const list of ['podIPs', 'hostIPs'] as const) {
    listOf(status[list]).forEach(({ ip }, i) => {
      for (const text of ipWarnings(ip)) context.warn(`status.${list}[${i}].ip: ${text}`);
    });
  }
}

function ephemeralContainersStrategy(): UpdateStrategy<Pod> {
  return {
    prepareForUpdate: (_context, pod, old) => {
      pod.spec = { ...old.spec, ephemeralContainers: pod.spec.ephemeralContainers };
      pod.status = old.status;
      keepAllMeta(pod.metadata, old.metadata);
      dropDisabledPodFields(pod);
      setGeneration(pod, old);
    },
    validateUpdate: (_context, pod, old) => validateEphemeralContainersUpdate(pod, old),
  };
}

function resizeStrategy(): UpdateStrategy<Pod> {
  return {
    prepareForUpdate: (_context, pod, old) => {
      keepAllButResources(pod, old);
      dropDisabledPodFields(pod);
      setGeneration(pod, old);
    },
    validateUpdate: (_context, pod, old) =>
      validatePodResize(pod, old, { oldQos: old.status.qosClass || qosClassOf(old), newQos: qosClassOf(pod) }),
  };
}

/** Containers that were added, removed or renamed are left for validation to find. */
function keepAllButResources(pod: Pod, old: Pod): void {
  const kinds = ['containers', 'initContainers'] as const;
  if (kinds.some((kind) => listOf(pod.spec[kind]).length !== listOf(old.spec[kind]).length)) return;
  const spec = { ...old.spec };
  for (const kind of kinds) {
    const before = listOf(old.spec[kind]);
    const now = listOf(pod.spec[kind]);
    if (before.length === 0) continue;
    const renamed = now.some(({ name }, i) => before[i]?.name !== name);
    spec[kind] = renamed
      ? [...now]
      : before.map((container, i) => ({ ...container, resources: now[i]?.resources, resizePolicy: now[i]?.resizePolicy }));
  }
  pod.spec = spec;
  pod.status = old.status;
  keepAllMeta(pod.metadata, old.metadata);
}

type MetaField = 'ownerReferences' | 'deletionTimestamp' | 'generation' | 'labels' | 'annotations' | 'finalizers';

/** Takes fields of the old metadata. */
function keepMeta<F extends MetaField>(metadata: ObjectMeta, old: ObjectMeta, fields: readonly F[]): void {
  for (const field of fields) {
    if (old[field] === undefined) delete metadata[field];
    else metadata[field] = old[field];
  }
}

const keepAllMeta = (metadata: ObjectMeta, old: ObjectMeta): void =>
  keepMeta(metadata, old, ['ownerReferences', 'deletionTimestamp', 'generation', 'labels', 'annotations', 'finalizers']);
