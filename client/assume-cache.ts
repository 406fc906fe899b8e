import { type KubeObject, keyOf, type Live } from '../api/index.ts';
import type { Informer } from './types.ts';

/**
 * An informer's objects as they will be once it has seen our own writes: who wrote an object, or has decided to, need not wait for the
 * event of it, nor acts on what the write has replaced. Upstream: `storeObjectUpdate` of the volume controller, `assumecache` of the
 * scheduler.
 *
 * Invariants
 * A1  An assumed object is replaced by whatever the informer tells that is as new or newer, never by what is older.
 * A2  What the informer tells to be gone is gone, and what it does not know is not assumed.
 */
export class AssumeCache<T extends KubeObject> {
  readonly #informer: Informer<T>;
  readonly #assumed = new Map<string, Live<T>>();

  constructor(informer: Informer<T>) {
    this.#informer = informer;
    const settle = (object: Live<T>) => this.#settle(object);
    informer.addHandler({
      onAdd: settle,
      onUpdate: settle,
      onDelete: (object) => this.restore(keyOf(object)),
    });
  }

  /** Takes an object to be so from now on: the answer to an update, or what is going to be written. One that is gone stays so. */
  assume(object: Live<T>): void {
    const key = keyOf(object);
    const known = this.getByKey(key);
    if (!known || known.metadata.uid !== object.metadata.uid || isNewer(known, object)) return;
    this.#assumed.set(key, object);
  }

  /** Goes back to what the informer knows of an object. */
  restore(key: string): void {
    this.#assumed.delete(key);
  }

  get(namespace: string | undefined, name: string): Live<T> | undefined {
    return this.getByKey(namespace ? `${namespace}/${name}` : name);
  }

  getByKey(key: string): Live<T> | undefined {
    return this.#assumed.get(key) ?? this.#informer.getByKey(key);
  }

  list(): Live<T>[] {
    const objects = this.#informer.list();
    return this.#assumed.size === 0 ? objects : objects.map((object) => this.#assumed.get(keyOf(object)) ?? object);
  }

  #settle(object: Live<T>): void {
    const assumed = this.#assumed.get(keyOf(object));
    if (assumed && (assumed.metadata.uid !== object.metadata.uid || !isNewer(assumed, object))) this.#assumed.delete(keyOf(object));
  }
}

/** Whether a version of an object is newer than another one of it. */
export const isNewer = (a: KubeObject, b: KubeObject): boolean =>
  BigInt(a.metadata.resourceVersion ?? 0) > BigInt(b.metadata.resourceVersion ?? 0);
