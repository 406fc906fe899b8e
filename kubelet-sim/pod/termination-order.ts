import type { Pod } from '../../api/index.ts';
import { isSidecar } from './container-names.ts';

/** When each container of a pod is stopped. */
export interface Turns {
  /** Undefined for a container that waits for nobody. */
  waitFor(name: string): Promise<unknown> | undefined;
  /** A container has ended. */
  done(name: string): void;
}

/**
 * The order in which a pod's containers stop: the main ones at once, the sidecars after them, the last one first. Upstream:
 * `terminationOrdering`, `pkg/kubelet/kuberuntime/kuberuntime_termination_order.go`.
 *
 * @param running what runs: nobody waits for others
 */
export function turnsOf(pod: Pod, running: readonly string[]): Turns {
  const ends = new Map<string, () => void>();
  const ended = new Map(running.map((name) => [name, new Promise<void>((resolve) => ends.set(name, resolve))]));
  const waits = new Map<string, Promise<unknown>>();
  const before = pod.spec.containers.map(({ name }) => ended.get(name));
  for (const { name } of (pod.spec.initContainers ?? []).filter(isSidecar).reverse()) {
    waits.set(name, Promise.all(before));
    before.push(ended.get(name));
  }
  return { waitFor: (name) => waits.get(name), done: (name) => ends.get(name)?.() };
}
