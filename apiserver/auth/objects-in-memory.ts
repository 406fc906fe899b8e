import { apiError, type KindInfo, type KubeObject, type Live, type LiveMeta } from '../../api/index.ts';
import { cloneJson } from '../../api/schema.ts';
import type { ObjectChange, ObjectReader, ObjectWriter } from '../registry/objects.ts';

type Listener = (change: ObjectChange<KubeObject>) => void;

/** Objects in a map: the registry's face without store, defaulting or validation, for the tests of what reads and writes through it. */
export class ObjectsInMemory implements ObjectReader, ObjectWriter {
  readonly #objects = new Map<string, Map<string, Live<KubeObject>>>();
  readonly #listeners = new Map<string, Set<Listener>>();
  #revision = 0;
  /** How many writes there were. */
  writes = 0;

  get<T extends KubeObject>(kind: KindInfo, namespace: string, name: string): Live<T> | undefined {
    return this.#of<T>(kind).get(`${namespace}/${name}`);
  }

  list<T extends KubeObject>(kind: KindInfo, namespace?: string): readonly Live<T>[] {
    const all = [...this.#of<T>(kind).values()];
    return namespace === undefined ? all : all.filter(({ metadata }) => metadata.namespace === namespace);
  }

  fresh(): undefined {
    return undefined;
  }

  onChange<T extends KubeObject>(kind: KindInfo, listener: (change: ObjectChange<T>) => void): Disposable {
    const key = `${kind.group}/${kind.resource}`;
    const listeners = this.#listeners.get(key) ?? new Set();
    listeners.add(listener as Listener);
    this.#listeners.set(key, listeners);
    return { [Symbol.dispose]: () => listeners.delete(listener as Listener) };
  }

  async create<T extends KubeObject>(kind: KindInfo, object: T): Promise<Live<T>> {
    await Promise.resolve();
    const key = keyOf(object);
    if (this.#of(kind).has(key)) throw apiError.alreadyExists(kind, object.metadata.name ?? '');
    return this.put(kind, object);
  }

  async update<T extends KubeObject>(
    kind: KindInfo,
    namespace: string,
    name: string,
    change: (current: Live<T>) => T | undefined,
  ): Promise<Live<T>> {
    await Promise.resolve();
    const current = this.get<T>(kind, namespace, name);
    if (!current) throw apiError.notFound(kind, name);
    const changed = change(cloneJson(current));
    return changed ? this.put(kind, changed) : current;
  }

  /** Views of an object are not told apart here. */
  updateStatus<T extends KubeObject>(
    kind: KindInfo,
    namespace: string,
    name: string,
    change: (current: Live<T>) => T | undefined,
  ): Promise<Live<T>> {
    return this.update(kind, namespace, name, change);
  }

  applyStatus<T extends KubeObject>(kind: KindInfo, name: string, config: KubeObject): Promise<Live<T>> {
    const { namespace = '' } = config.metadata;
    return this.update<T>(kind, namespace, name, (current) => ({ ...current, ...config, metadata: current.metadata }));
  }

  /** Writers are not told apart here. */
  as(_manager: string): this {
    return this;
  }

  async delete(kind: KindInfo, namespace: string, name: string): Promise<void> {
    await Promise.resolve();
    const object = this.get(kind, namespace, name);
    if (!object) throw apiError.notFound(kind, name);
    this.#of(kind).delete(`${namespace}/${name}`);
    this.#tell(kind, { type: 'DELETED', object });
  }

  /** Writes an object at once, new or not. */
  put<T extends KubeObject>(kind: KindInfo, object: T): Live<T> {
    this.writes++;
    const key = keyOf(object);
    const old = this.#of<T>(kind).get(key);
    const metadata: LiveMeta = {
      ...object.metadata,
      creationTimestamp: object.metadata.creationTimestamp ?? '2026-01-01T00:00:00Z',
      uid: object.metadata.uid ?? `uid-${++this.#revision}`,
      name: object.metadata.name ?? '',
      resourceVersion: String(this.#revision),
    };
    const live: Live<T> = { ...cloneJson(object), metadata };
    this.#of<T>(kind).set(key, live);
    this.#tell(kind, { type: old ? 'MODIFIED' : 'ADDED', object: live });
    return live;
  }

  #of<T extends KubeObject>(kind: KindInfo): Map<string, Live<T>> {
    const key = `${kind.group}/${kind.resource}`;
    const found = this.#objects.get(key) ?? new Map<string, Live<KubeObject>>();
    this.#objects.set(key, found);
    return found as Map<string, Live<T>>;
  }

  #tell(kind: KindInfo, change: ObjectChange<KubeObject>): void {
    for (const listener of this.#listeners.get(`${kind.group}/${kind.resource}`) ?? []) listener(change);
  }
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
