import type { ContainerStatus, Pod, PodCondition } from '../../api/index.ts';
import { isSidecar } from './container-names.ts';
import { hasStarted, type PodPhase } from './pod-phase.ts';

/** What a condition says; the rest (times, generation) is filled in later. */
export type Finding = Pick<PodCondition, 'status' | 'reason' | 'message'>;

const TRUE: Finding = { status: 'True' };
const no = (reason: string, message = ''): Finding => ({ status: 'False', reason, ...(message === '' ? {} : { message }) });

/** `Initialized`: all init containers have done their part. This and the others: upstream's `pkg/kubelet/status/generate.go`. */
export function initializedFinding(pod: Pod, statuses: readonly ContainerStatus[], phase: PodPhase): Finding {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const { initContainers = [] } = pod.spec;
  const unknown = initContainers.filter(({ name }) => !byName.has(name));
  if (phase === 'Succeeded' && unknown.length === 0) return { ...TRUE, reason: 'PodCompleted' };
  if (pod.spec.containers.some(({ name }) => hasStarted(byName.get(name)))) return TRUE;
  const incomplete = initContainers.filter((container) => {
    const status = byName.get(container.name);
    return status && !(isSidecar(container) ? status.started : status.ready);
  });
  const message = unreadyText(unknown, incomplete, 'incomplete');
  return message === '' ? TRUE : no('ContainersNotInitialized', message);
}

/** `ContainersReady`: every container and sidecar is. */
export function containersReadyFinding(pod: Pod, statuses: readonly ContainerStatus[], phase: PodPhase): Finding {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const counted = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
  const unknown = counted.filter(({ name }) => !byName.has(name));
  const unready = counted.filter(({ name }) => byName.get(name)?.ready === false);
  if (phase === 'Succeeded' && unknown.length === 0) return no('PodCompleted');
  if (phase === 'Failed') return no('PodFailed');
  const message = unreadyText(unknown, unready, 'unready');
  return message === '' ? TRUE : no('ContainersNotReady', message);
}

/** `Ready`: as `ContainersReady`, and all readiness gates are open. */
export function readyFinding(pod: Pod, containersReady: Finding): Finding {
  if (containersReady.status !== 'True') return containersReady;
  const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = pod.status.conditions?.find(({ type }) => type === conditionType);
    if (!condition) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return condition.status === 'True'
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  return messages.length === 0 ? TRUE : no('ReadinessGatesNotReady', messages.join(', '));
}

interface Named {
  readonly name: string;
}

function unreadyText(unknown: readonly Named[], others: readonly Named[], word: string): string {
  const list = (containers: readonly Named[]) => `[${containers.map(({ name }) => name).join(' ')}]`;
  return [
    ...(unknown.length > 0 ? [`containers with unknown status: ${list(unknown)}`] : []),
    ...(others.length > 0 ? [`containers with ${word} status: ${list(others)}`] : []),
  ].join(', ');
}
