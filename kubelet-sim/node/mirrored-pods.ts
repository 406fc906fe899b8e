import type { Draft, Live, Pod } from '../../api/index.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import { type MirrorParts, Mirrors, mirrorHash } from './static-pods.ts';

export interface MirroredPodsParts extends MirrorParts {
  readonly workers: Map<string, PodWorker>;
  readonly signal: AbortSignal;
}

/** The static pods of a node, which go on whatever becomes of their mirrors. */
export class MirroredPods {
  readonly #parts: MirroredPodsParts;
  readonly #mirrors: Mirrors;
  /** Workers of static pods whose mirror is gone for the moment, by hash. */
  readonly #unmirrored = new Map<string, PodWorker>();
  /** UIDs that a static pod had before, under which its sandbox still is known. */
  readonly #aliases = new Map<string, PodWorker>();
  /** Static pods whose mirror went before they had ended; by name. */
  readonly #leaving = new Map<string, PodWorker>();

  constructor(parts: MirroredPodsParts) {
    this.#parts = parts;
    this.#mirrors = new Mirrors(parts);
  }

  /** The worker of a pod that had a UID before. */
  before(uid: string): PodWorker | undefined {
    return this.#aliases.get(uid);
  }

  /** What the node runs from files, by hash. */
  async set(pods: ReadonlyMap<string, Draft<Pod>>): Promise<void> {
    const mirrors = this.#mirrors;
    mirrors.want(pods);
    for (const [hash, worker] of this.#unmirrored) if (!pods.has(hash) && this.#unmirrored.delete(hash)) worker.remove();
    await mirrors.settle(this.#parts.signal);
  }

  /** Whether a pod that was added needs nobody to run it: a static pod that runs already has a new mirror, or it is a mirror of nothing. */
  takes(pod: Live<Pod>): boolean {
    if (this.#adopt(pod)) return true;
    if (!this.#mirrors.isOrphan(pod)) return false;
    this.#follow(this.#mirrors.clear(pod, this.#parts.signal));
    return true;
  }

  #adopt(pod: Live<Pod>): boolean {
    const hash = mirrorHash(pod) ?? '';
    const worker = this.#unmirrored.get(hash);
    if (!worker) return false;
    this.#unmirrored.delete(hash);
    this.#parts.workers.set(pod.metadata.uid, worker);
    worker.update(pod);
    return true;
  }

  /** The static pod of the same name that has not ended yet, for which a new one waits. */
  leaverFor(pod: Live<Pod>): PodWorker | undefined {
    const before = mirrorHash(pod) === undefined ? undefined : this.#leaving.get(pod.metadata.name);
    this.#leaving.delete(pod.metadata.name);
    return before;
  }

  /** Whether what a pod's change asks for is done: deleting a mirror ends the mirror only. */
  update(pod: Live<Pod>): boolean {
    if (!pod.metadata.deletionTimestamp || !this.#mirrors.isKept(pod)) return false;
    this.#follow(this.#mirrors.remove(pod));
    return true;
  }

  /** A pod is gone from the API. */
  delete(pod: Live<Pod>): void {
    const { workers } = this.#parts;
    const worker = workers.get(pod.metadata.uid);
    workers.delete(pod.metadata.uid);
    if (this.#mirrors.isKept(pod)) this.#unmirror(pod, worker);
    else this.#end(pod, worker);
  }

  /** The mirror of a static pod is gone: the pod goes on, and gets another. */
  #unmirror(pod: Live<Pod>, worker: PodWorker | undefined): void {
    const hash = mirrorHash(pod) ?? '';
    if (worker) {
      this.#aliases.set(pod.metadata.uid, worker);
      this.#unmirrored.set(hash, worker);
    }
    this.#follow(this.#mirrors.create(hash));
  }

  /** A pod is gone: a static one of the same name that follows it waits until it has ended. */
  #end(pod: Live<Pod>, worker: PodWorker | undefined): void {
    worker?.remove();
    if (worker?.isActive && mirrorHash(pod) !== undefined) this.#leaving.set(pod.metadata.name, worker);
  }

  #follow(work: Promise<void>): void {
    const { logger, nodeName: node } = this.#parts;
    work.catch((error: unknown) => logger.warn({ err: error, node }, 'mirror pod not changed, will retry'));
  }
}
