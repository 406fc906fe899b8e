import type { KubeObject, Live } from '../../api/index.ts';
import type { ApiClient, ResourceClient, WatchEvent, WatchOptions } from '../../client/index.ts';

type IsHeld = (object: Live<KubeObject>) => boolean;

interface Gate {
  readonly isHeld: IsHeld;
  readonly waiting: (() => void)[];
}

/** Holds up what a client asks and is told, by `get RESOURCE` and `watch RESOURCE`: caches lag as a test wants them to. */
export class Gates {
  readonly #closed = new Map<string, Gate>();

  close(name: string): void {
    this.holdAt(name, () => true);
  }

  /** A watch goes on up to the first event of such an object, which is held with all that come after it. */
  holdAt(name: string, isHeld: IsHeld): void {
    const before = this.#closed.get(name);
    this.#closed.set(name, { isHeld, waiting: [] });
    for (const look of before?.waiting ?? []) look();
  }

  /** How many wait; undefined when it is open. */
  waiting(name: string): number | undefined {
    return this.#closed.get(name)?.waiting.length;
  }

  open(name: string): void {
    const before = this.#closed.get(name);
    this.#closed.delete(name);
    for (const look of before?.waiting ?? []) look();
  }

  openAll(): void {
    for (const name of [...this.#closed.keys()]) this.open(name);
  }

  /** Resolves when it is open. */
  async pass(name: string): Promise<void> {
    while (this.#closed.has(name)) await this.#changed(name);
  }

  /** Gives on what may pass, in parts. */
  async *passing<T extends KubeObject>(name: string, batch: readonly WatchEvent<T>[]): AsyncGenerator<readonly WatchEvent<T>[], void> {
    for (let rest = batch; rest.length > 0; ) {
      const gate = this.#closed.get(name);
      const held = gate ? rest.findIndex((event) => event.type !== 'BOOKMARK' && gate.isHeld(event.object)) : -1;
      const free = held < 0 ? rest.length : held;
      if (free > 0) yield rest.slice(0, free);
      rest = rest.slice(free);
      if (rest.length > 0) await this.#changed(name);
    }
  }

  #changed(name: string): Promise<void> {
    return new Promise((resolve) => this.#closed.get(name)?.waiting.push(resolve) ?? resolve());
  }
}

/** A client whose reads pass through gates. */
export const gated = (client: ApiClient, gates: Gates): ApiClient => ({
  resource: (kind) => gatedResource(client.resource(kind), gates),
  request: (method, path, request) => client.request(method, path, request),
  stream: (path, request) => client.stream(path, request),
  close: () => client.close(),
});

function gatedResource<T extends KubeObject>(inner: ResourceClient<T>, gates: Gates): ResourceClient<T> {
  const { resource } = inner.kind;
  async function* batches(options: WatchOptions): AsyncGenerator<readonly WatchEvent<T>[], void> {
    for await (const batch of inner.watchBatches(options)) yield* gates.passing(`watch ${resource}`, batch);
  }
  return {
    kind: inner.kind,
    get: async (name, options) => {
      await gates.pass(`get ${resource}`);
      return await inner.get(name, options);
    },
    list: (options) => inner.list(options),
    create: (object, options) => inner.create(object, options),
    update: (object, options) => inner.update(object, options),
    updateStatus: (object, options) => inner.updateStatus(object, options),
    updateSubresource: (object, subresource, options) => inner.updateSubresource(object, subresource, options),
    patch: (name, body, options) => inner.patch(name, body, options),
    delete: (name, options) => inner.delete(name, options),
    deleteCollection: (options) => inner.deleteCollection(options),
    createSubresource: (name, subresource, body, options) => inner.createSubresource(name, subresource, body, options),
    watch: (options) => inner.watch(options),
    watchBatches: batches,
  };
}
