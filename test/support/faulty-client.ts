/** A client whose requests fail, whose answers get lost and whose watches lag and break, by chance; and which can be killed at any instant. */
import { ApiError, apiError, type KindInfo, type KubeObject } from '../../api/index.ts';
import { type ApiClient, ConnectionError, type ResourceClient, type WatchEvent, type WatchOptions } from '../../client/index.ts';
import type { Clock, Random } from '../../runtime/index.ts';

/** How likely what is, in thousandths. */
export interface Faults {
  /** A write is answered 409 or 500, and was not done. */
  readonly refused: number;
  /** A write was done, and its answer is 500. */
  readonly lost: number;
  /** A watch breaks off at a batch of events, or says that its revision is too old. */
  readonly broken: number;
  /** Longest delay of a batch of events. */
  readonly lagMsMax: number;
}

export const NO_FAULTS: Faults = { refused: 0, lost: 0, broken: 0, lagMsMax: 0 };

/** A write that was tried. */
export interface TriedWrite {
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly at: number;
}

export interface FaultyClientOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Asked at each request: they may change. */
  faults(): Faults;
  /** Told of each write. */
  onWrite(write: TriedWrite): void;
  /** Told of each write of which the server itself did not say whether it was done. */
  onUnknown(what: string): void;
}

/** Its own client is the caller's, who closes it. */
export class FaultyClient implements ApiClient {
  readonly #options: FaultyClientOptions;
  readonly #end = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: FaultyClientOptions) {
    this.#options = options;
  }

  /** Nothing gets through any more, and no answer comes back; resolves when the server is done with what it was asked. */
  async kill(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled([...this.#underWay]);
  }

  resource<T extends KubeObject>(kind: KindInfo): ResourceClient<T> {
    const inner = this.#options.client.resource<T>(kind);
    const read = <R>(work: () => Promise<R>) => this.#answer(work);
    const write = <R>(verb: string, name: string | undefined, work: () => Promise<R>) =>
      this.#write({ verb, resource: kind.resource, name: name ?? '' }, work);
    return {
      kind,
      get: (name, options) => read(() => inner.get(name, options)),
      list: (options) => read(() => inner.list(options)),
      create: (object, options) =>
        write('create', object.metadata.name ?? object.metadata.generateName, () => inner.create(object, options)),
      update: (object, options) => write('update', object.metadata.name, () => inner.update(object, options)),
      updateStatus: (object, options) => write('status', object.metadata.name, () => inner.updateStatus(object, options)),
      patch: (name, body, options) => write('patch', name, () => inner.patch(name, body, options)),
      delete: (name, options) => write('delete', name, () => inner.delete(name, options)),
      deleteCollection: (options) => write('deletecollection', '', () => inner.deleteCollection(options)),
      createSubresource: (name, subresource, body, options) =>
        write(subresource, name, () => inner.createSubresource(name, subresource, body, options)),
      updateSubresource: (object, subresource, options) =>
        write(subresource, object.metadata.name, () => inner.updateSubresource(object, subresource, options)),
      watch: (options) => this.#flat(inner, options),
      watchBatches: (options) => this.#batches(inner, options),
    };
  }

  request(...[method, path, request]: Parameters<ApiClient['request']>): ReturnType<ApiClient['request']> {
    const work = () => this.#options.client.request(method, path, request);
    if (method === 'GET') return this.#answer(work);
    const [name = '', resource = ''] = path.split('/').reverse();
    return this.#write({ verb: method, resource, name }, work);
  }

  stream(...[path, request]: Parameters<ApiClient['stream']>): ReturnType<ApiClient['stream']> {
    return this.#answer(() => this.#options.client.stream(path, request));
  }

  async close(): Promise<void> {
    await this.kill();
  }

  async #write<R>(tried: Omit<TriedWrite, 'at'>, work: () => Promise<R>): Promise<R> {
    const { clock, faults, onWrite } = this.#options;
    onWrite({ ...tried, at: clock.now() });
    const { refused, lost } = faults();
    if (this.#happens(refused)) throw this.#happens(500) ? apiError.internal('refused by chance') : conflict(tried);
    const result = await this.#answer(work).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.code >= 500) this.#options.onUnknown(`${tried.verb} ${tried.resource}: ${String(error)}`);
      throw error;
    });
    if (this.#happens(lost)) throw apiError.internal('the answer got lost by chance');
    return result;
  }

  /** The answer, unless we are dead by then. */
  async #answer<R>(work: () => Promise<R>): Promise<R> {
    const { signal } = this.#end;
    if (signal.aborted) throw dead();
    const working = work();
    this.#underWay.add(working);
    const [outcome] = await Promise.allSettled([working]);
    this.#underWay.delete(working);
    if (signal.aborted) throw dead();
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  async *#flat<T extends KubeObject>(inner: ResourceClient<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>, void> {
    for await (const batch of this.#batches(inner, options)) yield* batch;
  }

  async *#batches<T extends KubeObject>(inner: ResourceClient<T>, options: WatchOptions): AsyncGenerator<readonly WatchEvent<T>[], void> {
    const signal = AbortSignal.any([this.#end.signal, ...(options.signal ? [options.signal] : [])]);
    if (this.#end.signal.aborted) throw dead();
    const { clock, random, faults } = this.#options;
    for await (const batch of inner.watchBatches({ ...options, signal })) {
      const { broken, lagMsMax } = faults();
      if (lagMsMax > 0) await clock.sleep(random.integer(lagMsMax), signal);
      if (this.#happens(broken)) {
        if (this.#happens(300)) throw apiError.expired('too old by chance');
        if (this.#happens(500)) throw new ConnectionError('broken by chance');
        return;
      }
      yield batch;
    }
    if (this.#end.signal.aborted) throw dead();
  }

  #happens(thousandths: number): boolean {
    return thousandths > 0 && this.#options.random.integer(1000) < thousandths;
  }
}

const dead = () => new ConnectionError('the client was killed');
const conflict = ({ resource, name }: Omit<TriedWrite, 'at'>) => apiError.conflict({ group: '', resource }, name, 'by chance');
