import type { Timer } from '../../runtime/index.ts';
import type { NodeServices } from './node-services.ts';
import type { Verdict } from './observed.ts';
import type { AllocatedPod, PodSandbox } from './pod-sandbox.ts';
import { STORAGE_CHECK_MS, storageVerdict } from './storage-limits.ts';

/** What is given to a pod that the node must get rid of now. */
const EVICTION_GRACE_SECONDS = 1;

/** Whose disk use is looked at. */
export interface StorageUser extends AllocatedPod {
  readonly isActive: boolean;
  readonly volumes: PodSandbox['volumes'];
  containerId(name: string): string | undefined;
  evict(verdict: Verdict, graceSeconds: number): void;
}

/** Looks from time to time whether a pod that limits its use of the disk keeps to that; one that does not is evicted. */
export class StorageWatch {
  readonly #node: NodeServices;
  readonly #user: StorageUser;
  #timer: Timer | undefined;

  constructor(node: NodeServices, user: StorageUser) {
    this.#node = node;
    this.#user = user;
    this.#lookLater();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #lookLater(): void {
    this.#timer = this.#node.clock.setTimer(STORAGE_CHECK_MS, () => this.#look());
  }

  #look(): void {
    const user = this.#user;
    const { counts, events, runtime } = this.#node;
    const containerId = (name: string) => user.containerId(name);
    const verdict = storageVerdict({ pod: user.allocated, runtime, volumes: user.volumes, containerId });
    if (!verdict) {
      this.#lookLater();
      return;
    }
    counts.evicted(verdict.signal);
    events.warning(user.allocated, verdict.reason, verdict.message);
    user.evict(verdict, EVICTION_GRACE_SECONDS);
  }
}
