import {
  ApiError,
  apiVersionOf,
  type Binding,
  type Draft,
  type KindInfo,
  type KubeObject,
  keyOf,
  type Live,
  type ObjectList,
  type Pod,
} from '../../api/index.ts';
import type { ApiClient, DeleteRequest, ListOptions, ObjectEvent, PatchOptions, ResourceClient, WatchOptions } from '../../client/index.ts';

/** What is done to an object that is there. */
type Fields = Record<string, unknown>;

/**
 * An API server in memory, as far as a scheduler needs one: lists and watches, bindings, statuses, deletions. It keeps what a real one keeps
 * to: a pod is bound once, and only to the uid that the binding names. Nothing else is checked.
 */
export class MemoryApi implements ApiClient {
  readonly #resources = new Map<string, MemoryResource<KubeObject>>();
  /** Requests by verb and resource. */
  readonly requests = new Map<string, number>();
  #version = 1;
  #uid = 0;
  /** Asked before each write; throws to make it fail. */
  beforeWrite: (verb: string, resource: string) => void = () => undefined;

  resource<T extends KubeObject>(kind: KindInfo): MemoryResource<T> & ResourceClient<T> {
    let resource = this.#resources.get(kind.resource);
    if (!resource) {
      resource = new MemoryResource(kind, this);
      this.#resources.set(kind.resource, resource);
    }
    // The kind says what the objects are.
    return resource as unknown as MemoryResource<T> & ResourceClient<T>;
  }

  count(verb: string, resource: string): void {
    const key = `${verb} ${resource}`;
    this.requests.set(key, (this.requests.get(key) ?? 0) + 1);
    if (verb !== 'list') this.beforeWrite(verb, resource);
  }

  nextVersion(): string {
    return String(this.#version++);
  }

  get version(): string {
    return String(this.#version);
  }

  nextUid(): string {
    return `uid-${this.#uid++}`;
  }

  /** Ends all watches at once, as a server does that goes away, whatever they have still to be told. */
  dropWatches(): void {
    for (const resource of this.#resources.values()) resource.dropWatches();
  }

  request(): Promise<never> {
    return Promise.reject(new Error('there is no such request in memory'));
  }

  stream(): Promise<never> {
    return Promise.reject(new Error('there is no such request in memory'));
  }

  close(): Promise<void> {
    this.dropWatches();
    return Promise.resolve();
  }
}

const nothing = { code: 404, reason: 'NotFound' } as const;
const failure = (code: number, reason: string, message: string) =>
  new ApiError({ apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', code, reason, message });

/** The objects of a kind. */
export class MemoryResource<T extends KubeObject> {
  readonly kind: KindInfo;
  readonly #api: MemoryApi;
  readonly #objects = new Map<string, Live<T>>();
  readonly #watches = new Set<MemoryWatch<T>>();
  /** Of the last change. */
  #lastVersion = 0;

  constructor(kind: KindInfo, api: MemoryApi) {
    this.kind = kind;
    this.#api = api;
  }

  /** The objects themselves; not to be changed. */
  get objects(): ReadonlyMap<string, Live<T>> {
    return this.#objects;
  }

  async list({ fieldSelector }: ListOptions = {}): Promise<ObjectList<Live<T>>> {
    this.#api.count('list', this.kind.resource);
    await turn();
    const items = [...this.#objects.values()].filter((object) => selects(fieldSelector, object)).map(copyOf);
    return { apiVersion: apiVersionOf(this.kind), kind: `${this.kind.kind}List`, metadata: { resourceVersion: this.#api.version }, items };
  }

  async *watchBatches({ signal, fieldSelector, resourceVersion = '' }: WatchOptions): AsyncGenerator<readonly ObjectEvent<T>[]> {
    // No history is kept: whoever has missed something must list again.
    if (Number(resourceVersion) < this.#lastVersion) throw failure(410, 'Expired', 'too old resource version');
    const watch = new MemoryWatch<T>(fieldSelector);
    this.#watches.add(watch);
    const end = () => watch.end();
    signal?.addEventListener('abort', end, { once: true });
    try {
      for (let batch = await watch.next(); batch; batch = await watch.next()) yield batch;
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', end);
      this.#watches.delete(watch);
    }
  }

  dropWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  /** Puts an object in as it is, at once. */
  put(draft: Draft<T>): Live<T> {
    const metadata = {
      uid: this.#api.nextUid(),
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...draft.metadata,
      resourceVersion: this.#api.nextVersion(),
    };
    const made: unknown = { apiVersion: apiVersionOf(this.kind), kind: this.kind.kind, ...draft, metadata };
    const object = made as Live<T>;
    const before = this.#objects.has(keyOf(object));
    this.#objects.set(keyOf(object), object);
    this.#tell(before ? 'MODIFIED' : 'ADDED', object);
    return object;
  }

  async create(draft: Draft<T>): Promise<Live<T>> {
    this.#api.count('create', this.kind.resource);
    await turn();
    return this.kind.resource === 'events' ? (draft as unknown as Live<T>) : this.put(draft);
  }

  async patch(name: string, body: unknown, { namespace }: PatchOptions): Promise<Live<T>> {
    this.#api.count('patch', this.kind.resource);
    await turn();
    const patch = body as { readonly metadata?: { readonly uid?: string }; readonly status?: Fields };
    const object = this.#at(namespace, name);
    if (patch.metadata?.uid !== undefined && patch.metadata.uid !== object.metadata.uid)
      throw failure(409, 'Conflict', 'the object was replaced');
    return this.#change(object, { status: mergedStatus((object as { status?: Fields }).status ?? {}, patch.status ?? {}) });
  }

  async delete(name: string, { namespace, preconditions }: DeleteRequest = {}): Promise<Live<T>> {
    this.#api.count('delete', this.kind.resource);
    await turn();
    const object = this.#at(namespace, name);
    if (preconditions?.uid !== undefined && preconditions.uid !== object.metadata.uid)
      throw failure(409, 'Conflict', 'the object was replaced');
    return this.remove(object);
  }

  /** Takes an object out, at once. */
  remove(object: Live<T>): Live<T> {
    this.#objects.delete(keyOf(object));
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: this.#api.nextVersion() } };
    this.#tell('DELETED', last);
    return last;
  }

  async createSubresource(
    name: string,
    subresource: string,
    body: unknown,
    { namespace }: { readonly namespace?: string } = {},
  ): Promise<object> {
    this.#api.count(subresource, this.kind.resource);
    await turn();
    const { metadata, target } = body as Binding;
    const object = this.#at(namespace, name);
    const { spec } = object as unknown as Pod;
    if (metadata?.uid !== undefined && metadata.uid !== object.metadata.uid) throw failure(409, 'Conflict', 'the pod was replaced');
    if (spec.nodeName) throw failure(409, 'Conflict', `pod ${name} is already assigned to node "${spec.nodeName}"`);
    if (object.metadata.deletionTimestamp) throw failure(409, 'Conflict', `pod ${name} is being deleted, cannot be assigned to a host`);
    this.#change(object, { spec: { ...spec, nodeName: target.name } });
    return {};
  }

  #at(namespace: string | undefined, name: string): Live<T> {
    const object = this.#objects.get(namespace ? `${namespace}/${name}` : name);
    if (!object) throw failure(nothing.code, nothing.reason, `${this.kind.resource} "${name}" not found`);
    return object;
  }

  #change(object: Live<T>, fields: object): Live<T> {
    const changed = { ...object, ...fields, metadata: { ...object.metadata, resourceVersion: this.#api.nextVersion() } };
    this.#objects.set(keyOf(object), changed);
    this.#tell('MODIFIED', changed);
    return changed;
  }

  #tell(type: ObjectEvent<T>['type'], object: Live<T>): void {
    this.#lastVersion = Number(object.metadata.resourceVersion);
    for (const watch of this.#watches) watch.push(type, object);
  }
}

/** What one watch has still to be told. */
class MemoryWatch<T extends KubeObject> {
  readonly #fieldSelector: string | undefined;
  #events: (readonly [ObjectEvent<T>['type'], string])[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(fieldSelector: string | undefined) {
    this.#fieldSelector = fieldSelector;
  }

  push(type: ObjectEvent<T>['type'], object: Live<T>): void {
    // Leaving the selection is a deletion.
    const seen = selects(this.#fieldSelector, object) ? type : 'DELETED';
    this.#events.push([seen, JSON.stringify(object)]);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async next(): Promise<readonly ObjectEvent<T>[] | undefined> {
    while (this.#events.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#ended) return undefined;
    await turn();
    const events = this.#events;
    this.#events = [];
    return events.map(([type, text]) => ({ type, object: JSON.parse(text) }));
  }
}

/** The one field selector a scheduler uses. */
function selects(fieldSelector: string | undefined, object: KubeObject): boolean {
  if (fieldSelector === undefined) return true;
  const { phase } = (object as { status?: { phase?: string } }).status ?? {};
  return phase !== 'Succeeded' && phase !== 'Failed';
}

function mergedStatus(before: Fields, patch: Fields): Fields {
  const merged: Fields = { ...before, ...patch };
  for (const [name, value] of Object.entries(patch)) if (value === null) delete merged[name];
  if (Array.isArray(patch.conditions)) {
    const types = new Set(patch.conditions.map(({ type }: { readonly type: string }) => type));
    const kept = Array.isArray(before.conditions)
      ? before.conditions.filter(({ type }: { readonly type: string }) => !types.has(type))
      : [];
    merged.conditions = [...kept, ...patch.conditions];
  }
  return merged;
}

const copyOf = <T>(object: T): T => JSON.parse(JSON.stringify(object));

/** An answer comes after all that is going on now. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
