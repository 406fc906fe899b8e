import type { IncomingMessage, ServerResponse } from 'node:http';
import { apiError, type ConfigMap, type Live } from '../../api/index.ts';
import type { Random } from '../../runtime/index.ts';
import { answerJson, listen, type TestServer } from './http-server.ts';

interface Change {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Live<ConfigMap>;
}

/** How a watch is broken off. */
export type Break = 'eof' | 'reset' | 'garbage' | 'cut';

/**
 * A model of an API server that serves one kind, ConfigMaps: a log of changes from which lists (in pages, of one snapshot) and watches are
 * answered, and everything that can go wrong, on demand.
 */
export class ModelServer implements AsyncDisposable {
  readonly #random: Random;
  readonly #objects = new Map<string, Live<ConfigMap>>();
  readonly #watches = new Set<ServerResponse>();
  /** The state that the log builds on: as it was at the compaction. */
  #base: ReadonlyMap<string, Live<ConfigMap>> = new Map();
  #log: Change[] = [];
  #revision = 100;
  #compacted = 100;
  #failures: ((response: ServerResponse) => void)[] = [];
  #http: TestServer | undefined;
  lists = 0;
  watchesBegun = 0;

  private constructor(random: Random) {
    this.#random = random;
  }

  static async start(random: Random): Promise<ModelServer> {
    const model = new ModelServer(random);
    model.#http = await listen((request, response) => model.#handle(request, response));
    return model;
  }

  get url(): string {
    return this.#http?.url ?? '';
  }

  get revision(): number {
    return this.#revision;
  }

  get watching(): number {
    return this.#watches.size;
  }

  /** All objects, by key. */
  get objects(): ReadonlyMap<string, Live<ConfigMap>> {
    return this.#objects;
  }

  put(namespace: string, name: string, value: string): void {
    const key = `${namespace}/${name}`;
    const old = this.#objects.get(key);
    const revision = ++this.#revision;
    const metadata = {
      namespace,
      name,
      uid: old?.metadata.uid ?? this.#random.uuid(),
      resourceVersion: String(revision),
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    const object: Live<ConfigMap> = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } };
    this.#objects.set(key, object);
    this.#record({ revision, type: old ? 'MODIFIED' : 'ADDED', object });
  }

  delete(namespace: string, name: string): void {
    const key = `${namespace}/${name}`;
    const old = this.#objects.get(key);
    if (!old) return;
    const revision = ++this.#revision;
    this.#objects.delete(key);
    this.#record({ revision, type: 'DELETED', object: { ...old, metadata: { ...old.metadata, resourceVersion: String(revision) } } });
  }

  /** Forgets history: watches and page tokens from before now get 410. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#log = [];
    this.#base = new Map(this.#objects);
  }

  bookmark(): void {
    const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: String(this.#revision) } };
    for (const watch of this.#watches) this.#write(watch, { type: 'BOOKMARK', object });
  }

  /** Breaks all watches off. */
  breakWatches(how: Break): void {
    for (const watch of this.#watches) {
      if (how === 'garbage') watch.end('}{ this is no event\n');
      else if (how === 'eof') watch.end();
      else if (how === 'cut') watch.end('{"type":"MODIFIED","obj');
      else watch.destroy();
    }
    this.#watches.clear();
  }

  /** Answers the next request in this way instead. */
  failNext(...failures: ((response: ServerResponse) => void)[]): void {
    this.#failures.push(...failures);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http?.[Symbol.asyncDispose]();
  }

  #record(change: Change): void {
    this.#log.push(change);
    for (const watch of this.#watches) this.#write(watch, { type: change.type, object: change.object });
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const failure = this.#failures.shift();
    if (failure) {
      failure(response);
      return;
    }
    const query = new URL(request.url ?? '', 'http://model').searchParams;
    if (query.get('watch') === 'true') this.#watch(Number(query.get('resourceVersion')), response);
    else this.#list(Number(query.get('limit') ?? 0), query.get('continue'), response);
  }

  #list(limit: number, token: string | null, response: ServerResponse): void {
    this.lists++;
    const [revision, start] = token === null ? [this.#revision, ''] : JSON.parse(token);
    if (revision < this.#compacted) {
      const { status } = apiError.expired('The provided continue parameter is too old');
      answerJson(response, 410, status);
      return;
    }
    const all = this.#at(revision);
    const rest = [...all.keys()].sort().filter((key) => key > start);
    const page = limit > 0 ? rest.slice(0, limit) : rest;
    const more = page.length < rest.length;
    answerJson(response, 200, {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(revision), ...(more ? { continue: JSON.stringify([revision, page.at(-1)]) } : {}) },
      items: page.map((key) => {
        const { kind: _, apiVersion: __, ...item } = all.get(key) ?? {};
        return item;
      }),
    });
  }

  /** The state at a revision: the present one with the changes since then taken back. */
  #at(revision: number): Map<string, Live<ConfigMap>> {
    const state = new Map<string, Live<ConfigMap>>();
    const later = this.#log.filter((change) => change.revision > revision);
    const changed = new Set(later.map(({ object }) => `${object.metadata.namespace}/${object.metadata.name}`));
    for (const [key, object] of this.#objects) if (!changed.has(key)) state.set(key, object);
    for (const key of changed) {
      const before = this.#log.findLast(
        (c) => c.revision <= revision && `${c.object.metadata.namespace}/${c.object.metadata.name}` === key,
      );
      const kept = before ? (before.type === 'DELETED' ? undefined : before.object) : this.#base.get(key);
      if (kept) state.set(key, kept);
    }
    return state;
  }

  #watch(from: number, response: ServerResponse): void {
    this.watchesBegun++;
    if (from < this.#compacted) {
      this.#expired(response);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const { revision, type, object } of this.#log) if (revision > from) this.#write(response, { type, object });
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
  }

  /** A version too old is told by either the answer or the first event. */
  #expired(response: ServerResponse): void {
    const { status } = apiError.expired('too old resource version');
    if (this.#random.integer(2) === 0) {
      answerJson(response, 410, status);
    } else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
    }
  }

  /** Writes an event in one piece or two. */
  #write(response: ServerResponse, event: unknown): void {
    const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
    const cut = this.#random.integer(bytes.length * 2);
    if (cut < bytes.length) {
      response.write(bytes.subarray(0, cut));
      response.write(bytes.subarray(cut));
    } else {
      response.write(bytes);
    }
  }
}
