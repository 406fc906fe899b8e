import type { KindInfo, KubeObject, Live } from '../../api/index.ts';

/** A change as the registry's in-process listeners are told of it, after the commit. */
export interface ObjectChange<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Live<T>;
}

/**
 * What the parts of the API server itself (authorizers, admission, allocators, bootstrap) use to read and write objects: served from
 * the watch cache, parsed on first use and kept, never over HTTP.
 */
export interface ObjectReader {
  get<T extends KubeObject>(kind: KindInfo, namespace: string, name: string): Live<T> | undefined;
  /** All objects of a kind, or those of one namespace. */
  list<T extends KubeObject>(kind: KindInfo, namespace?: string): readonly Live<T>[];
  /**
   * Resolves once what is read holds everything that anybody had committed before the call; undefined when it already does. For what is missed
   * where another API server may just have written it. Rejects when the store cannot be asked.
   */
  fresh(): Promise<void> | undefined;
  /** Calls `listener` for each change from now on, in revision order. */
  onChange<T extends KubeObject>(kind: KindInfo, listener: (change: ObjectChange<T>) => void): Disposable;
}

/** Makes the new object of the present one, which it may change; undefined leaves it as it is. */
export type Change<T extends KubeObject> = (current: Live<T>) => T | undefined;

/** Writes made by the API server on its own behalf: defaulted and validated as any other, without admission. */
export interface ObjectWriter {
  create<T extends KubeObject>(kind: KindInfo, object: T): Promise<Live<T>>;
  /** Reads, changes, writes; again on conflict. `change` returns undefined to leave the object as it is. */
  update<T extends KubeObject>(kind: KindInfo, namespace: string, name: string, change: Change<T>): Promise<Live<T>>;
  /** The same with what /status lets change. */
  updateStatus<T extends KubeObject>(kind: KindInfo, namespace: string, name: string, change: Change<T>): Promise<Live<T>>;
  /** Applies a configuration to /status, with force: what it names is the writer's from then on. */
  applyStatus<T extends KubeObject>(kind: KindInfo, name: string, config: KubeObject): Promise<Live<T>>;
  delete(kind: KindInfo, namespace: string, name: string): Promise<void>;
  /** The same, with writes signed by another field manager than the API server's usual one. */
  as(manager: string): ObjectWriter;
}
