import type { Live, Node } from '../../api/index.ts';
import type { EventRecorder } from '../../client/index.ts';
import { type NodeHealth, startEvents } from './node-health.ts';

/** Events about a node itself, as its kubelet writes them; while nothing gets through there are none. */
export class NodeEvents {
  readonly #name: string;
  readonly #recorder: () => Pick<EventRecorder, 'event'>;
  readonly #isCut: () => boolean;
  /** As the kubelet knows it: it begins without. */
  #isCordoned = false;

  constructor(name: string, recorder: () => Pick<EventRecorder, 'event'>, isCut: () => boolean) {
    this.#name = name;
    this.#recorder = recorder;
    this.#isCut = isCut;
  }

  tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    if (this.#isCut()) return;
    // As upstream's kubelet: it knows its node by name only.
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: this.#name, uid: this.#name } };
    this.#recorder().event(node, type, reason, message);
  }

  /** The kubelet has started, and this is how the node is. */
  started(health: NodeHealth): void {
    this.#isCordoned = false;
    for (const [reason, message] of startEvents(this.#name, health)) this.tell('Normal', reason, message);
  }

  /** The kubelet looks whether its node takes pods, and tells when that has changed. Upstream: `recordNodeSchedulableEvent`. */
  looked({ spec: { unschedulable = false } }: Pick<Live<Node>, 'spec'>): void {
    if (this.#isCut() || unschedulable === this.#isCordoned) return;
    this.#isCordoned = unschedulable;
    this.became([unschedulable ? 'NodeNotSchedulable' : 'NodeSchedulable']);
  }

  /** Its conditions have become others. */
  became(reasons: readonly string[]): void {
    for (const reason of reasons) this.tell('Normal', reason, `Node ${this.#name} status is now: ${reason}`);
  }
}
