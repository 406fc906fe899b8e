import type { KindInfo, KubeObject, Live } from '../api/index.ts';
import type { Logger } from '../runtime/index.ts';
import { deepFreeze } from './deep-freeze.ts';
import { ObjectCache } from './object-cache.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import type { StructureSharing } from './structure-sharing.ts';
import type { Informer, InformerHandler, InformerOptions, ObjectEvent } from './types.ts';

type Options<T extends KubeObject> = Omit<ReflectorOptions<T>, 'sink'> & {
  readonly transform?: InformerOptions<T>['transform'];
  readonly freeze?: boolean | undefined;
  /** Where equal parts of objects are found; each object is kept as it came unless given. */
  readonly sharing?: StructureSharing | undefined;
};

/**
 * A cache that follows the API server, and tells handlers what changed.
 *
 * Invariants
 * I1  The cache is changed first, then handlers are told, synchronously; so a handler sees the cache as of its event or later.
 * I2  For one object a handler sees add, updates, delete, add, …: never an update before an add, nor two adds in a row.
 * I3  An object that was replaced by another of the same name is told as deleted and added.
 */
export class CachedInformer<T extends KubeObject> implements Informer<T> {
  readonly kind: KindInfo;
  readonly transform: InformerOptions<T>['transform'];
  readonly #cache = new ObjectCache<T>();
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #logger: Logger;
  readonly #freeze: boolean;
  readonly #sharing: StructureSharing | undefined;
  readonly #reflector: Reflector<T>;
  readonly #whenSynced: (() => void)[] = [];
  #seen: Set<Live<T>> | undefined;
  #synced = false;

  constructor({ transform, freeze, sharing, ...options }: Options<T>) {
    this.kind = options.resource.kind;
    this.transform = transform;
    this.#freeze = freeze ?? false;
    this.#sharing = sharing;
    this.#logger = options.logger;
    this.#reflector = new Reflector({
      ...options,
      sink: {
        listBegins: () => {
          this.#seen = new Set();
        },
        page: (items) => this.#page(items),
        listed: () => this.#listed(),
        event: (event) => this.#event(event),
      },
    });
  }

  get synced(): boolean {
    return this.#synced;
  }

  get size(): number {
    return this.#cache.size;
  }

  /** The version up to which the cache has seen everything. */
  get resourceVersion(): string {
    return this.#reflector.resourceVersion;
  }

  get(namespace: string | undefined, name: string): Live<T> | undefined {
    return this.#cache.get(namespace, name);
  }

  getByKey(key: string): Live<T> | undefined {
    return this.#cache.getByKey(key);
  }

  list(namespace?: string): Live<T>[] {
    return this.#cache.list(namespace);
  }

  byIndex(name: string, value: string): Live<T>[] {
    return this.#cache.byIndex(name, value);
  }

  addIndex(name: string, keysOf: (object: Live<T>) => readonly string[]): void {
    this.#cache.addIndex(name, keysOf);
  }

  addHandler(handler: InformerHandler<T>): Disposable {
    const own: InformerHandler<T> = {
      onAdd: (object, initial) => handler.onAdd?.(object, initial),
      onUpdate: (object, old) => handler.onUpdate?.(object, old),
      onDelete: (object) => handler.onDelete?.(object),
    };
    for (const object of this.#cache.list()) this.#guard(() => own.onAdd?.(object, true));
    this.#handlers.add(own);
    return { [Symbol.dispose]: () => this.#handlers.delete(own) };
  }

  /** Follows the API server until the signal. */
  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  /** Calls `fn` once the first list is in; at once when it is. */
  onSynced(fn: () => void): void {
    if (this.#synced) fn();
    else this.#whenSynced.push(fn);
  }

  #page(items: readonly Live<T>[]): void {
    for (const item of items) {
      const cached = this.#cache.get(item.metadata.namespace, item.metadata.name);
      const object = cached && sameVersion(cached, item) ? cached : this.#put(item);
      this.#seen?.add(object);
    }
  }

  #listed(): void {
    const seen = this.#seen;
    this.#seen = undefined;
    if (seen && seen.size < this.#cache.size) {
      for (const object of this.#cache.list()) if (!seen.has(object)) this.#remove(object, object);
    }
    this.#synced = true;
    for (const fn of this.#whenSynced.splice(0)) fn();
  }

  #event({ type, object }: ObjectEvent<T>): void {
    const cached = this.#cache.get(object.metadata.namespace, object.metadata.name);
    if (type === 'DELETED') {
      if (cached) this.#remove(cached, this.#prepare(object));
    } else if (!cached || !sameVersion(cached, object)) {
      this.#put(object);
    }
  }

  #put(item: Live<T>): Live<T> {
    const object = this.#prepare(item);
    const old = this.#cache.get(object.metadata.namespace, object.metadata.name);
    const replaced = old !== undefined && old.metadata.uid !== object.metadata.uid;
    if (replaced) this.#remove(old, old);
    this.#cache.set(object);
    const initial = !this.#synced;
    if (old && !replaced) this.#tell((handler) => handler.onUpdate?.(object, old));
    else this.#tell((handler) => handler.onAdd?.(object, initial));
    return object;
  }

  #remove(cached: Live<T>, last: Live<T>): void {
    this.#cache.delete(cached);
    this.#tell((handler) => handler.onDelete?.(last));
  }

  /** Cuts down, shares and freezes, as told. */
  #prepare(item: Live<T>): Live<T> {
    const object = this.transform ? this.transform(item) : item;
    const shared = this.#sharing ? this.#share(this.#sharing, object) : object;
    return this.#freeze ? deepFreeze(shared) : shared;
  }

  #share(sharing: StructureSharing, object: Live<T>): Live<T> {
    const old = this.#cache.get(object.metadata.namespace, object.metadata.name);
    return old ? sharing.adopt(object, old) : sharing.share(object);
  }

  #tell(call: (handler: InformerHandler<T>) => void): void {
    for (const handler of this.#handlers) this.#guard(() => call(handler));
  }

  /** A handler that throws is a mistake in it; the cache and the other handlers go on. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#logger.error({ kind: this.kind.kind, err: error }, 'informer handler failed');
    }
  }
}

const sameVersion = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.resourceVersion === b.metadata.resourceVersion && a.metadata.uid === b.metadata.uid;
