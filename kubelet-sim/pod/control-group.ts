import { type Container, type Pod, podLimits, podRequests, qosClassOf, ZERO_QUANTITY } from '../../api/index.ts';
import type { ControlGroup } from '../runtime/control-group.ts';

/** Slices of the classes of pods below that of all; guaranteed pods have none. */
const SLICES = {
  Guaranteed: ['/kubepods.slice', 'kubepods'],
  Burstable: ['/kubepods.slice/kubepods-burstable.slice', 'kubepods-burstable'],
  BestEffort: ['/kubepods.slice/kubepods-besteffort.slice', 'kubepods-besteffort'],
} as const;

/**
 * The control group of a pod, and what it may use: a limit holds when every container has one. Upstream: `ResourceConfigForPod`,
 * `pkg/kubelet/cm/helpers_linux.go`; names as systemd has them, where a dash parts levels.
 */
export function controlGroupOf(pod: Pod): ControlGroup {
  const [parent, prefix] = SLICES[qosClassOf(pod)];
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const limits = podLimits(pod);
  const hasLimit = (name: 'cpu' | 'memory') =>
    pod.spec.resources?.limits?.[name] !== undefined || containers.every(({ resources }: Container) => resources?.limits?.[name]);
  const limit = (name: 'cpu' | 'memory') => (hasLimit(name) ? (limits.get(name) ?? ZERO_QUANTITY) : undefined);
  return {
    path: `${parent}/${prefix}-pod${(pod.metadata.uid ?? '').replaceAll('-', '_')}.slice`,
    cpuRequestMillis: (podRequests(pod).get('cpu') ?? ZERO_QUANTITY).milli(),
    cpuLimitMillis: limit('cpu')?.milli(),
    memoryLimitBytes: limit('memory')?.value(),
  };
}
