import { strict as assert } from 'node:assert';
import { type KubeObject, type Live, splitKey } from '../api/index.ts';
import type { Lister } from './types.ts';

interface Index<T extends KubeObject> {
  readonly keysOf: (object: Live<T>) => readonly string[];
  /** By value, then by uid: an object is replaced in place, and no key text is made for it. */
  readonly buckets: Map<string, Map<string, Live<T>>>;
}

/** Objects by namespace and name, and by computed indexes. */
export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #namespaces = new Map<string, Map<string, Live<T>>>();
  readonly #indexes = new Map<string, Index<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(namespace: string | undefined, name: string): Live<T> | undefined {
    return this.#namespaces.get(namespace ?? '')?.get(name);
  }

  getByKey(key: string): Live<T> | undefined {
    const { namespace, name } = splitKey(key);
    return this.get(namespace, name);
  }

  list(namespace?: string): Live<T>[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    const all: Live<T>[] = [];
    for (const objects of this.#namespaces.values()) for (const object of objects.values()) all.push(object);
    return all;
  }

  byIndex(name: string, value: string): Live<T>[] {
    const index = this.#indexes.get(name);
    assert(index, `there is no index ${name}`);
    return [...(index.buckets.get(value)?.values() ?? [])];
  }

  addIndex(name: string, keysOf: (object: Live<T>) => readonly string[]): void {
    assert(!this.#indexes.has(name), `there is an index ${name} already`);
    const index: Index<T> = { keysOf, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const object of this.list()) enter(index, object);
  }

  /** Puts an object in, in place of the one with its name. @returns the one that was there. */
  set(object: Live<T>): Live<T> | undefined {
    const { namespace = '', name } = object.metadata;
    let objects = this.#namespaces.get(namespace);
    if (!objects) {
      objects = new Map();
      this.#namespaces.set(namespace, objects);
    }
    const old = objects.get(name);
    objects.set(name, object);
    if (!old) this.#size++;
    for (const index of this.#indexes.values()) reenter(index, old, object);
    return old;
  }

  /** Takes out the object of that namespace and name. @returns the one that was there. */
  delete({ metadata: { namespace = '', name } }: Live<T>): Live<T> | undefined {
    const objects = this.#namespaces.get(namespace);
    const old = objects?.get(name);
    if (!objects || !old) return undefined;
    objects.delete(name);
    if (objects.size === 0) this.#namespaces.delete(namespace);
    this.#size--;
    for (const index of this.#indexes.values()) leave(index, old);
    return old;
  }
}

function enter<T extends KubeObject>({ keysOf, buckets }: Index<T>, object: Live<T>): void {
  for (const value of keysOf(object)) {
    const bucket = buckets.get(value);
    if (bucket) bucket.set(object.metadata.uid, object);
    else buckets.set(value, new Map([[object.metadata.uid, object]]));
  }
}

function leave<T extends KubeObject>({ keysOf, buckets }: Index<T>, object: Live<T>): void {
  for (const value of keysOf(object)) remove(buckets, value, object);
}

function reenter<T extends KubeObject>(index: Index<T>, old: Live<T> | undefined, object: Live<T>): void {
  if (old) {
    const kept = old.metadata.uid === object.metadata.uid ? index.keysOf(object) : [];
    for (const value of index.keysOf(old)) if (!kept.includes(value)) remove(index.buckets, value, old);
  }
  enter(index, object);
}

function remove<T extends KubeObject>(buckets: Index<T>['buckets'], value: string, object: Live<T>): void {
  const bucket = buckets.get(value);
  bucket?.delete(object.metadata.uid);
  if (bucket?.size === 0) buckets.delete(value);
}
