import type { Live, Node } from '../../api/index.ts';

/** What tells kubelets how long they may keep Secrets and ConfigMaps, in seconds. */
export const TTL_ANNOTATION = 'node.alpha.kubernetes.io/ttl';

/** By the size of the cluster, with room to shrink between two steps so that it does not go to and fro. Upstream: `ttlBoundaries`. */
const STEPS = [
  { atLeast: 0, atMost: 100, ttlSeconds: 0 },
  { atLeast: 90, atMost: 500, ttlSeconds: 15 },
  { atLeast: 450, atMost: 1_000, ttlSeconds: 30 },
  { atLeast: 900, atMost: 2_000, ttlSeconds: 60 },
  { atLeast: 1_800, atMost: Number.POSITIVE_INFINITY, ttlSeconds: 300 },
] as const;

/** Follows how many nodes there are. Upstream: `addNode`, `deleteNode` (`pkg/controller/ttl`). */
export class TtlSteps {
  #nodes = 0;
  #step = 0;

  get ttlSeconds(): number {
    return STEPS[this.#step]?.ttlSeconds ?? 0;
  }

  added(): void {
    this.#nodes++;
    if (this.#nodes > (STEPS[this.#step]?.atMost ?? 0)) this.#step++;
  }

  deleted(): void {
    this.#nodes--;
    if (this.#nodes < (STEPS[this.#step]?.atLeast ?? 0)) this.#step--;
  }
}

/** Whether a node has to be told; what is no number counts as nothing. */
export function needsTtl({ metadata }: Live<Node>, ttlSeconds: number): boolean {
  const told = metadata.annotations?.[TTL_ANNOTATION] ?? '';
  return !/^[+-]?\d+$/.test(told) || Number(told) !== ttlSeconds;
}
