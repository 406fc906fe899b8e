import { type Pod, parseQuantity, podRequests, ZERO_QUANTITY } from '../../api/index.ts';
import type { Verdict } from '../pod/observed.ts';
import type { ResizeRefusal } from '../pod/resize.ts';

/**
 * Why a pod that is on a node can never have the resources that it now asks for: the node is too small.
 * Upstream: `canResizePod`, `pkg/kubelet/allocation/allocation_manager.go`.
 */
export function infeasibility(pod: Pod, allocatable: Readonly<Record<string, string>>): ResizeRefusal | undefined {
  const capacity = (resource: string) => parseQuantity(allocatable[resource] ?? '0');
  const requests = podRequests(pod);
  const memory = requests.get('memory') ?? ZERO_QUANTITY;
  const cpu = requests.get('cpu') ?? ZERO_QUANTITY;
  if (memory.cmp(capacity('memory')) > 0) return infeasible('memory', memory.value(), capacity('memory').value());
  if (cpu.cmp(capacity('cpu')) > 0) return infeasible('cpu', cpu.milli(), capacity('cpu').milli());
  return undefined;
}

/** Why it cannot have them now: what the node says to a pod that comes. */
export const deferral = (verdict: Verdict | undefined): ResizeRefusal | undefined =>
  verdict && { reason: 'Deferred', message: verdict.message.replace(/^Pod was rejected: /, '') };

const infeasible = (resource: string, requested: number, available: number): ResizeRefusal => ({
  reason: 'Infeasible',
  message: `Node didn't have enough capacity: ${resource}, requested: ${requested}, capacity: ${available}`,
});
