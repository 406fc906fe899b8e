import type { Live, Pod } from '../../api/index.ts';

/**
 * Pods that a node would not take as it knows itself. The scheduler may know more: a label that the node has since. So the node is asked for at
 * the API server before they are refused. Upstream's kubelet does so for node affinity too (`pkg/kubelet/lifecycle/predicate.go`).
 */
export class SecondLooks {
  readonly #waiting = new Map<string, Live<Pod>>();
  readonly #look: () => Promise<void>;

  /** @param look brings the node up to date; never rejects. */
  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  /** @param decide is given the pod as it is by then, unless it is gone. */
  async take(pod: Live<Pod>, decide: (pod: Live<Pod>) => void): Promise<void> {
    const { uid } = pod.metadata;
    this.#waiting.set(uid, pod);
    await this.#look();
    const now = this.#waiting.get(uid);
    this.#waiting.delete(uid);
    if (now) decide(now);
  }

  /** @returns whether the pod waits to be decided. */
  update(pod: Live<Pod>): boolean {
    const isWaiting = this.#waiting.has(pod.metadata.uid);
    if (isWaiting) this.#waiting.set(pod.metadata.uid, pod);
    return isWaiting;
  }

  delete(pod: Live<Pod>): void {
    this.#waiting.delete(pod.metadata.uid);
  }
}
