import { strict as assert } from 'node:assert';
import {
  apiVersionOf,
  basePathOf,
  type Draft,
  type KindInfo,
  type KubeObject,
  type Live,
  type ObjectList,
  type Status,
} from '../api/index.ts';
import { statusError } from './answer-error.ts';
import type { Requester } from './requester.ts';
import type {
  DeleteRequest,
  GetOptions,
  ListOptions,
  PatchOptions,
  Query,
  ResourceClient,
  Selection,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './types.ts';
import { WatchDecoder, type WatchFrame } from './watch-decoder.ts';

/** Silence after a watch's own time limit that means that the connection is dead. */
const WATCH_SILENCE_GRACE_MS = 30_000;
/** Time limit of a watch that gives none; upstream servers end watches after 30 to 60 minutes. */
const WATCH_SECONDS_DEFAULT = 3600;

const PATCH_CONTENT_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** The requests of one kind over a Requester. Answers are trusted to be what the API server says they are: this is where they get their type. */
export class HttpResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly kind: KindInfo;
  readonly #requester: Requester;
  readonly #base: string;

  constructor(requester: Requester, kind: KindInfo) {
    this.kind = kind;
    this.#requester = requester;
    this.#base = basePathOf(kind);
  }

  get(name: string, { namespace, signal }: GetOptions = {}): Promise<Live<T>> {
    return this.#json('GET', this.#path(namespace, name), { signal });
  }

  async list({ namespace, signal, ...query }: ListOptions = {}): Promise<ObjectList<Live<T>>> {
    const list = await this.#json<ObjectList<Live<T>>>('GET', this.#path(namespace), { query, signal });
    list.items ??= [];
    const apiVersion = apiVersionOf(this.kind);
    for (const item of list.items) {
      item.apiVersion ??= apiVersion;
      item.kind ??= this.kind.kind;
    }
    return list;
  }

  create(object: Draft<T>, options: WriteOptions = {}): Promise<Live<T>> {
    const path = this.#path(object.metadata.namespace ?? options.namespace);
    return this.#json('POST', path, this.#write(this.#typed(object), options));
  }

  update(object: T, options: WriteOptions = {}): Promise<Live<T>> {
    return this.#json('PUT', this.#pathOf(object, options), this.#write(this.#typed(object), options));
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<Live<T>> {
    return this.updateSubresource(object, 'status', options);
  }

  updateSubresource(object: T, subresource: string, options: WriteOptions = {}): Promise<Live<T>> {
    return this.#json('PUT', `${this.#pathOf(object, options)}/${subresource}`, this.#write(this.#typed(object), options));
  }

  patch(name: string, body: unknown, { type, subresource, force, ...options }: PatchOptions): Promise<Live<T>> {
    const path = this.#path(options.namespace, name, subresource);
    const { query, signal } = this.#write(body, options);
    return this.#json('PATCH', path, {
      query: force === undefined ? query : { ...query, force },
      body,
      contentType: PATCH_CONTENT_TYPES[type],
      signal,
    });
  }

  delete(name: string, options: DeleteRequest = {}): Promise<Live<T> | Status> {
    return this.#json('DELETE', this.#path(options.namespace, name), { body: deleteBody(options), signal: options.signal });
  }

  async deleteCollection({ labelSelector, fieldSelector, ...options }: DeleteRequest & Selection = {}): Promise<void> {
    const query = { labelSelector, fieldSelector };
    await this.#requester.request('DELETE', this.#path(options.namespace), { query, body: deleteBody(options), signal: options.signal });
  }

  createSubresource<R = Status>(name: string, subresource: string, body: unknown, options: WriteOptions = {}): Promise<R> {
    return this.#json('POST', this.#path(options.namespace, name, subresource), this.#write(body, options));
  }

  async *watch(options: WatchOptions): AsyncGenerator<WatchEvent<T>, void> {
    for await (const batch of this.watchBatches(options)) yield* batch;
  }

  async *watchBatches({ namespace, signal, ...query }: WatchOptions): AsyncGenerator<readonly WatchEvent<T>[], void> {
    const seconds = query.timeoutSeconds ?? WATCH_SECONDS_DEFAULT;
    const idleMsMax = seconds * 1000 + WATCH_SILENCE_GRACE_MS;
    const path = this.#path(namespace);
    const chunks = await this.#requester.stream(path, { query: { watch: true, ...query }, signal, idleMsMax });
    const decoder = new WatchDecoder();
    for await (const chunk of chunks) {
      const events = this.#events(decoder.push(chunk));
      if (events.good.length > 0) yield events.good;
      if (events.error) throw events.error;
    }
    const last = decoder.end();
    if (last) {
      const events = this.#events([last]);
      if (events.error) throw events.error;
      yield events.good;
    }
  }

  /** Events up to the first error. */
  #events(frames: readonly WatchFrame[]): { good: WatchEvent<T>[]; error?: Error } {
    const failed = frames.findIndex(({ type }) => type === 'ERROR');
    if (failed < 0) return { good: trusted(frames) };
    return { good: trusted(frames.slice(0, failed)), error: statusError(frames[failed]?.object) };
  }

  async #json<R>(method: string, path: string, request: Parameters<Requester['request']>[2]): Promise<R> {
    const { body } = await this.#requester.request(method, path, request);
    return JSON.parse(body.toString());
  }

  #write(body: unknown, { fieldManager, dryRun, signal }: WriteOptions): { query: Query; body: unknown; signal: AbortSignal | undefined } {
    return { query: { fieldManager, dryRun: dryRun ? 'All' : undefined }, body, signal };
  }

  /** With apiVersion and kind, which a body must carry. */
  #typed(object: Draft<T> | T): object {
    if (object.apiVersion !== undefined && object.kind !== undefined) return object;
    return { apiVersion: apiVersionOf(this.kind), kind: this.kind.kind, ...object };
  }

  #pathOf({ metadata }: T, options: WriteOptions): string {
    return this.#path(metadata.namespace ?? options.namespace, metadata.name ?? '');
  }

  #path(namespace: string | undefined, name?: string, subresource?: string): string {
    const { namespaced, resource } = this.kind;
    assert(name !== '', `a ${this.kind.kind} needs a name`);
    assert(!namespaced || name === undefined || namespace, `a ${this.kind.kind} needs a namespace`);
    const scope = namespaced && namespace ? `/namespaces/${namespace}` : '';
    const own = name === undefined ? '' : `/${encodeURIComponent(name)}`;
    return `${this.#base}${scope}/${resource}${own}${subresource === undefined ? '' : `/${subresource}`}`;
  }
}

function deleteBody({ gracePeriodSeconds, propagationPolicy, preconditions, dryRun }: DeleteRequest): object | undefined {
  const given = { gracePeriodSeconds, propagationPolicy, preconditions, ...(dryRun ? { dryRun: ['All'] } : {}) };
  if (!Object.values(given).some((value) => value !== undefined)) return undefined;
  return { apiVersion: 'v1', kind: 'DeleteOptions', ...given };
}

const EVENT_TYPES = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/** Frames as the events they are; of types yet unknown nothing is made. */
function trusted<T extends KubeObject>(frames: readonly WatchFrame[]): WatchEvent<T>[] {
  return frames.filter((frame): frame is WatchFrame & WatchEvent<T> => EVENT_TYPES.has(frame.type));
}
