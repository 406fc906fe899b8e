import type { ObjectMeta } from './meta/v1/object-meta.ts';

/** Any object of the API: what every kind has. */
export interface KubeObject {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  metadata: ObjectMeta;
}

/** The metadata that an object has once the API server has stored it. */
export type LiveMeta = ObjectMeta & { name: string; uid: string; resourceVersion: string; creationTimestamp: string };

/** An object as read from the API server: named, with uid, resourceVersion and creation time. */
export type Live<T extends KubeObject> = T & { metadata: LiveMeta };

/** An object to be created: as its kind, but the server fills in `status` (and `spec` where it is all defaults). */
export type Draft<T extends KubeObject> = Omit<T, 'status' | 'spec'> &
  (T extends { status: infer S } ? { status?: S | undefined } : unknown) &
  (T extends { spec: infer S } ? { spec: S } : unknown);

/** The object without its lists that are empty, as a client that speaks protobuf sends it: nobody owns fields that were not sent. */
export function withoutEmptyLists<T extends KubeObject>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !Array.isArray(value) || value.length > 0)) as T;
}

/** The event types of a watch. */
export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** A list as the API server answers it. */
export interface ObjectList<T extends KubeObject> {
  apiVersion: string;
  kind: string;
  metadata: { resourceVersion: string; continue?: string | undefined; remainingItemCount?: number | undefined };
  items: T[];
}

/** `namespace/name`, or `name` for what is cluster-scoped: how caches and queues name an object. */
export type ObjectKey = string;

/** The key of an object. */
export const keyOf = (object: KubeObject): ObjectKey =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name ?? ''}` : (object.metadata.name ?? '');

/** Namespace (`''` when cluster-scoped) and name of a key. */
export function splitKey(key: ObjectKey): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
