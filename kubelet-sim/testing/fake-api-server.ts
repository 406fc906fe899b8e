import type { HttpResponse } from '../runtime/cri.ts';
import type { Listener, ServedRequest } from '../runtime/simulated/network/listener.ts';

/** An object as it goes over the wire. */
export interface FakeObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
}

/**
 * An API server of a few lines, for programs in pods: collections that a test fills, which can be listed, watched, and written. Queries are
 * not looked at, but for `watch`.
 */
export class FakeApiServer implements Listener {
  readonly #collections = new Map<string, Map<string, FakeObject>>();
  readonly #watchers = new Set<{ readonly collection: string; tell(type: string, object: object): void }>();
  /** Requests that wrote something, in a line each. */
  readonly writes: string[] = [];
  #version = 0;

  /** Adds an object, or changes it. @param collection its path: `/api/v1/services`, of all namespaces */
  put(collection: string, object: FakeObject): FakeObject {
    const objects = this.#collections.get(collection) ?? new Map<string, FakeObject>();
    this.#collections.set(collection, objects);
    const { name, namespace = '' } = object.metadata;
    const isThere = objects.has(`${namespace}/${name}`);
    this.#version++;
    const metadata = {
      uid: `uid-${name}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...object.metadata,
      resourceVersion: String(this.#version),
    };
    const stored = { ...object, metadata };
    objects.set(`${namespace}/${name}`, stored);
    this.#tell(collection, isThere ? 'MODIFIED' : 'ADDED', stored);
    return stored;
  }

  delete(collection: string, key: string): void {
    const objects = this.#collections.get(collection);
    const object = objects?.get(key);
    if (!objects || !object) return;
    objects.delete(key);
    this.#version++;
    this.#tell(collection, 'DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } });
  }

  all(collection: string): readonly FakeObject[] {
    return [...(this.#collections.get(collection)?.values() ?? [])];
  }

  #tell(collection: string, type: string, object: object): void {
    for (const watcher of this.#watchers) if (watcher.collection === collection) watcher.tell(type, object);
  }

  http(request: ServedRequest): Promise<HttpResponse> {
    const url = new URL(request.path, 'https://server');
    if (url.pathname === '/version') return answer(200, { major: '1', minor: '34', gitVersion: 'v1.34.9' });
    const [, group = '', namespace = '', resource = '', name = '', sub = ''] = PLACE.exec(url.pathname) ?? [];
    const collection = `${group}/${resource}`;
    const body = request.body === undefined ? undefined : (JSON.parse(Buffer.from(request.body, 'latin1').toString()) as FakeObject);
    if (body) this.writes.push(`${request.method} ${url.pathname}`);
    const there = this.#collections.get(collection)?.get(`${namespace}/${name}`);
    if (url.searchParams.has('watch')) return this.#watch(collection, request);
    if (name === '' && body) return answer(201, this.put(collection, { ...body, metadata: { ...body.metadata, namespace } }));
    if (name === '') return answer(200, { metadata: { resourceVersion: String(this.#version) }, items: this.all(collection) });
    if (!there) return answer(404, { reason: 'NotFound', message: `${resource} "${name}" not found` });
    if (!body) return answer(200, there);
    const changed =
      sub === 'status'
        ? { ...there, status: (body as { status?: object }).status }
        : request.method === 'PATCH'
          ? { ...there, ...body }
          : body;
    return answer(200, this.put(collection, { ...changed, metadata: { ...there.metadata, ...(body.metadata ?? {}), namespace, name } }));
  }

  #watch(collection: string, { onBody, signal }: ServedRequest): Promise<HttpResponse> {
    const tell = (type: string, object: object) => onBody?.(Buffer.from(`${JSON.stringify({ type, object })}\n`).toString('latin1'));
    const watcher = { collection, tell };
    this.#watchers.add(watcher);
    return new Promise((resolve) => {
      signal?.addEventListener('abort', () => {
        this.#watchers.delete(watcher);
        resolve({ status: 200, headers: {}, body: '' });
      });
    });
  }

  stream(): Promise<void> {
    return Promise.resolve();
  }
}

const PLACE = /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/;

const answer = (status: number, object: object): Promise<HttpResponse> =>
  Promise.resolve({
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(object)).toString('latin1'),
  });
