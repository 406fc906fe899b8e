import type { Timer } from '../../../../runtime/index.ts';
import type { ProcessContext } from '../program.ts';
import { ask, type InCluster, type WatchEvent, watch } from './in-cluster.ts';

/** As much of an object as it takes to know it again. */
export interface Mirrored {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined; readonly resourceVersion: string };
}

/** How long is waited after a request that failed. */
const RETRY_MS = 1000;
/** How long the API server is asked to let a watch go on. */
const WATCH_SECONDS = 480;

/** The key of an object in its collection. */
export const keyOf = ({ metadata: { name, namespace } }: Pick<Mirrored, 'metadata'>): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;

/** What becomes of an object, as its mirror sees it. */
export interface MirrorHandler<T> {
  /** @param before what was there of it */
  changed(now: T | undefined, before: T | undefined): void;
  /** A request failed; it is made again. */
  failed(error: unknown): void;
}

/**
 * The objects of a collection as a program in a pod sees them: listed once, then watched (client-go's reflector, in small). A watch that
 * ends is begun anew where it was; one that is refused, or breaks, begins with another list.
 */
export class Mirror<T extends Mirrored> {
  readonly #context: ProcessContext;
  readonly #server: InCluster;
  readonly #path: string;
  readonly #handler: MirrorHandler<T>;
  readonly #items = new Map<string, T>();
  readonly #end = new AbortController();
  /** Resolves once the objects were listed. */
  readonly listed: Promise<void>;
  #timer: Timer | undefined;

  /** @param path of the collection, with a query if there is one */
  constructor(context: ProcessContext, server: InCluster, path: string, handler: MirrorHandler<T>) {
    this.#context = context;
    this.#server = server;
    this.#path = path;
    this.#handler = handler;
    this.listed = new Promise((resolve) => {
      void this.#follow(resolve);
    });
  }

  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  all(): readonly T[] {
    return [...this.#items.values()];
  }

  async #follow(listed: () => void): Promise<void> {
    while (!this.#end.signal.aborted) {
      try {
        let version = await this.#list();
        listed();
        while (!this.#end.signal.aborted) version = await this.#watch(version);
      } catch (error) {
        if (this.#end.signal.aborted) return;
        this.#handler.failed(error);
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#context.clock.setTimer(RETRY_MS, resolve);
    });
  }

  async #list(): Promise<string> {
    const list = (await ask(this.#context, this.#server, { method: 'GET', path: this.#path })) as {
      readonly metadata: { readonly resourceVersion: string };
      readonly items: readonly T[] | null;
    };
    const found = new Map((list.items ?? []).map((item) => [keyOf(item), item]));
    for (const [key, before] of [...this.#items]) if (!found.has(key)) this.#put(key, undefined, before);
    for (const [key, item] of found) this.#put(key, item, this.#items.get(key));
    return list.metadata.resourceVersion;
  }

  /** @returns the version up to which it has seen everything. @throws when it has to be listed again */
  async #watch(from: string): Promise<string> {
    let version = from;
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${from}`;
    await watch(this.#context, this.#server, `${this.#path}${this.#path.includes('?') ? '&' : '?'}${query}`, {
      signal: this.#end.signal,
      onEvent: ({ type, object }: WatchEvent) => {
        if (type === 'ERROR') {
          version = '';
          return;
        }
        const item = object as T;
        version = item.metadata.resourceVersion;
        if (type !== 'BOOKMARK') this.#put(keyOf(item), type === 'DELETED' ? undefined : item, this.#items.get(keyOf(item)));
      },
    });
    if (version === '') throw new Error('the watch is too far behind');
    return version;
  }

  #put(key: string, now: T | undefined, before: T | undefined): void {
    if (now?.metadata.resourceVersion === before?.metadata.resourceVersion) return;
    if (now) this.#items.set(key, now);
    else this.#items.delete(key);
    this.#handler.changed(now, before);
  }

  close(): void {
    this.#end.abort();
    this.#timer?.cancel();
  }
}
