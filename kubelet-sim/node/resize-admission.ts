import { type Pod, parseQuantity, podRequests, ZERO_QUANTITY } from '../../api/index.ts';
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
