import { type Pod, parseQuantity, podRequests, qosClassOf, ZERO_QUANTITY } from '../../api/index.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { ResizeRefusal } from '../pod/resize.ts';
import { type AdmissionScope, admit } from './admission.ts';

/**
 * Why a pod that is on a node cannot have the resources that it now asks for: never, when the node is too small for it, or not now.
 * Upstream: `canResizePod`, `pkg/kubelet/allocation/allocation_manager.go`.
 */
export function resizeRefusal(pod: Pod, scope: AdmissionScope): ResizeRefusal | undefined {
  const capacity = (resource: string) => parseQuantity(scope.allocatable[resource] ?? '0');
  const requests = podRequests(pod);
  const memory = requests.get('memory') ?? ZERO_QUANTITY;
  const cpu = requests.get('cpu') ?? ZERO_QUANTITY;
  if (memory.cmp(capacity('memory')) > 0) return infeasible('memory', memory.value(), capacity('memory').value());
  if (cpu.cmp(capacity('cpu')) > 0) return infeasible('cpu', cpu.milli(), capacity('cpu').milli());
  const verdict = admit(pod, scope);
  return verdict && { reason: 'Deferred', message: verdict.message.replace(/^Pod was rejected: /, '') };
}

const infeasible = (resource: string, requested: number, available: number): ResizeRefusal => ({
  reason: 'Infeasible',
  message: `Node didn't have enough capacity: ${resource}, requested: ${requested}, capacity: ${available}`,
});

/** Since when a resize waits for room; `''` for one that does not. */
const waitsSince = ({ status }: Pod): string =>
  status.conditions?.find(({ type, reason }) => type === 'PodResizePending' && reason === 'Deferred')?.lastTransitionTime ?? '';

/**
 * Whether of two pods that wait for room to grow the first is given it first: by priority, then guaranteed ones, then who waits longer.
 * Upstream: `sortPendingResizes`, `pkg/kubelet/allocation/allocation_manager.go`.
 */
export function growsBefore(one: Pod, other: Pod): boolean {
  const [a, b] = [one, other].map((pod) => ({
    priority: pod.spec.priority ?? 0,
    isGuaranteed: qosClassOf(pod) === 'Guaranteed',
    since: waitsSince(pod),
  }));
  if (!a || !b || a.since === '') return false;
  if (a.priority !== b.priority) return a.priority > b.priority;
  if (a.isGuaranteed !== b.isGuaranteed) return a.isGuaranteed;
  return b.since === '' || a.since < b.since;
}

/** Whether a pod asks for more than it has: less it is given whoever waits. */
export const grows = (wanted: Pod, allocated: Pod): boolean =>
  (['cpu', 'memory'] as const).some(
    (name) => (podRequests(wanted).get(name) ?? ZERO_QUANTITY).cmp(podRequests(allocated).get(name) ?? ZERO_QUANTITY) > 0,
  );

type Growing = Pick<PodWorker, 'pod' | 'allocated' | 'isActive' | 'poke'>;

/** Whether a pod may have what it asks for now. Those of its node that are to grow before it, and can, do so first. */
export function resizeInTurn(
  pod: Pod,
  own: Growing,
  workers: Iterable<Growing>,
  scopeBeside: (pod: Pod) => AdmissionScope,
): ResizeRefusal | undefined {
  const scope = scopeBeside(pod);
  if (!grows(pod, own.allocated)) return resizeRefusal(pod, scope);
  const first = [...workers].filter(
    (other) => other !== own && other.isActive && growsBefore(other.pod, pod) && !resizeRefusal(other.pod, scopeBeside(other.pod)),
  );
  for (const worker of first) worker.poke();
  const wanted = new Map(first.map((worker) => [worker.pod.metadata.uid, worker.pod]));
  const others = [...scope.others].map((other) => wanted.get(other.metadata.uid ?? '') ?? other);
  return resizeRefusal(pod, { ...scope, others });
}
