import { type Container, type FieldError, fieldError, NO_FIELD, type Pod, type ResourceRequirements } from '../../api/index.ts';
import { type Errors, keysOf, listOf } from './field-errors.ts';
import { checkPod } from './pod.ts';
import { MIRROR_POD_ANNOTATION } from './pod-annotations.ts';
import { semanticEqual } from './semantic-equal.ts';

const ONLY_CPU_AND_MEMORY = 'only cpu and memory resources are mutable';

/** What may change through the `resize` subresource. */
export interface ResizeFacts {
  /** QoS class as it was, and as the new resources would make it. */
  readonly oldQos: string;
  readonly newQos: string;
}

/** A resize: cpu and memory of main containers and sidecars, within the pod's QoS class. */
export function validatePodResize(pod: Pod, old: Pod, { oldQos, newQos }: ResizeFacts): FieldError[] {
  const refusal = whyNeverResized(pod, old);
  if (refusal !== undefined) return [fieldError.forbidden(NO_FIELD, refusal)];
  const errors: Errors = [];
  checkPod(errors, pod);
  if (oldQos !== newQos) {
    errors.push(fieldError.invalid('spec', pod.status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'));
  }
  const running = listOf(old.status.containerStatuses).find(({ state }) => state?.running);
  if (running && !running.resources) errors.push(fieldError.forbidden('spec', 'Pod running on node without support for resize'));
  if (!haveSameOrder(errors, pod, old)) return errors;
  checkKind(errors, pod, old, 'initContainers');
  checkKind(errors, pod, old, 'containers');
  checkOtherFields(errors, pod, old);
  return errors;
}

function whyNeverResized(pod: Pod, old: Pod): string | undefined {
  if (hasPodLevelResources(old) || hasPodLevelResources(pod)) return 'pods with pod-level resources cannot be resized';
  if (old.metadata.annotations?.[MIRROR_POD_ANNOTATION] !== undefined) return 'static pods cannot be resized';
  return old.spec.os?.name === 'windows' ? 'windows pods cannot be resized' : undefined;
}

const hasPodLevelResources = ({ spec }: Pod): boolean =>
  keysOf(spec.resources?.limits).length + keysOf(spec.resources?.requests).length > 0;

type Kind = 'containers' | 'initContainers';

/** Upstream: `validatePodResizeContainerOrdering`. What else is asked compares containers by their places. */
function haveSameOrder(errors: Errors, pod: Pod, old: Pod): boolean {
  const found = errors.length;
  for (const kind of ['containers', 'initContainers'] as const) {
    const now = listOf(pod.spec[kind]);
    const before = listOf(old.spec[kind]);
    if (now.length !== before.length) {
      errors.push(fieldError.forbidden(`spec.${kind}`, `${kind} may not be added or removed on resize`));
      continue;
    }
    before.forEach(({ name }, i) => {
      if (now[i]?.name === name) return;
      errors.push(fieldError.forbidden(`spec.${kind}[${i}].name`, `${kind} may not be renamed or reordered on resize`));
    });
  }
  return errors.length === found;
}

function checkKind(errors: Errors, pod: Pod, old: Pod, kind: Kind): void {
  listOf(old.spec[kind]).forEach((before, i) => {
    const now = pod.spec[kind]?.[i];
    if (!now || (kind === 'initContainers' && before.restartPolicy !== 'Always')) return;
    checkContainerResize(errors, `spec.${kind}[${i}].resources`, now, before.resources ?? {});
  });
}

function checkContainerResize(errors: Errors, path: string, container: Container, old: ResourceRequirements): void {
  const now = container.resources ?? {};
  if (isRemoved(now.requests, old.requests)) errors.push(fieldError.forbidden(`${path}.requests`, 'resource requests cannot be removed'));
  if (isRemoved(now.limits, old.limits)) errors.push(fieldError.forbidden(`${path}.limits`, 'resource limits cannot be removed'));
}

type Amounts = Readonly<Record<string, string>> | undefined;

const isRemoved = (now: Amounts, old: Amounts): boolean => keysOf(old).some((name) => now?.[name] === undefined);

/** Everything but the cpu and memory of main containers and sidecars is as it was. */
function checkOtherFields(errors: Errors, pod: Pod, old: Pod): void {
  listOf(pod.spec.containers).forEach((container, i) => {
    const before = old.spec.containers[i];
    if (before && !semanticEqual(withCpuAndMemoryOf(container, before), before)) {
      errors.push(fieldError.forbidden('spec', ONLY_CPU_AND_MEMORY));
    }
  });
  listOf(pod.spec.initContainers).forEach((container, i) => {
    const before = old.spec.initContainers?.[i];
    if (!before) return;
    const sidecar = container.restartPolicy === 'Always';
    if (semanticEqual(sidecar ? withCpuAndMemoryOf(container, before) : container, before)) return;
    const message = sidecar
      ? 'only cpu and memory resources for sidecar containers are mutable'
      : 'resources for non-sidecar init containers are immutable';
    errors.push(fieldError.forbidden('spec', message));
  });
}

function withCpuAndMemoryOf(container: Container, old: Container): Container {
  const { limits, requests } = container.resources ?? {};
  return {
    ...container,
    resources: { limits: amountsOf(limits, old.resources?.limits), requests: amountsOf(requests, old.resources?.requests) },
  };
}

function amountsOf(now: Amounts, old: Amounts): Record<string, string> | undefined {
  if (!old) return undefined;
  const { cpu: _cpu, memory: _memory, ...rest } = now ?? {};
  return { ...rest, ...(old.cpu === undefined ? {} : { cpu: old.cpu }), ...(old.memory === undefined ? {} : { memory: old.memory }) };
}
