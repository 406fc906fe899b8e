import type { Status } from '../../api/index.ts';
import { prefixRange, StoreError, type StoreEvent, type StoreWatch } from '../../store/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { scopeOf } from '../pipeline/request-metrics.ts';
import { headersFor } from '../pipeline/respond.ts';
import type { Resource } from '../registry/resource.ts';
import { asApiError, tooOld } from '../registry/store-errors.ts';
import { CacheEvent, type FrameWriter } from '../watch-cache/cache-event.ts';
import type { CohortTraits } from '../watch-cache/cohort.ts';
import type { Entry } from '../watch-cache/entry.ts';
import type { KindCache } from '../watch-cache/kind-cache.ts';
import { WatchClient } from '../watch-cache/watch-client.ts';
import { listFrames, objectFrames, partialFrames, partialProtobufFrames, protobufFrames, tableFrames } from './frames.ts';
import { type ListOptions, readListOptions, readPlainVersion } from './list-options.ts';
import { fresh } from './list-reader.ts';
import { type Accepted, MEDIA_TYPE, onlyThese, STREAM_TYPES } from './negotiation.ts';
import type { Handler, Rest } from './rest.ts';
import { readInclude } from './table.ts';
import { asksForWebSocket, WatchSocket } from './web-socket.ts';

/**
 * GET with watch=1: a stream of frames, one JSON document a line; over a WebSocket, one a message.
 *
 * | resourceVersion | begins with |
 * | --- | --- |
 * | none, 0, or with sendInitialEvents | every object as ADDED, then what changes |
 * | N in the past | the changes after N: from the cache's window, else from the store's history, else 410 Expired in the stream |
 * | N in the future | nothing until N has passed |
 *
 * The watcher joins its cohort before anything else is awaited, and its first frames are computed in the same turn: between what it is
 * sent first and what it is sent later there is no gap and no overlap.
 */
export const watchObjects: Handler = async (rest, exchange, { resource }) => {
  rest.negotiator.routeList(exchange.accept, resource.type);
  const options = readListOptions(exchange, resource, true);
  const version = readPlainVersion(options.resourceVersion);
  const accepted = rest.negotiator.list(exchange.accept, resource.type);
  const writer = writerFor(rest, exchange, resource, accepted);
  const withState = options.sendInitialEvents ?? version === 0;
  const pending = withState ? fresh(rest.sourceOf(resource), resource, options.resourceVersion) : undefined;
  // That a revision does not come is told in the stream (upstream: `newErrWatcher` of the cacher).
  const refusal = version === 0 ? void (await pending) : await pending?.catch(asApiError);
  await resource.cache.settled();
  // Who has gone meanwhile is told nothing: that the connection is closed would not be said again.
  if (exchange.response.destroyed) return;
  const from = withState || version === 0 ? undefined : version;
  // Whoever asks for any state asks for all that is there, and is told where that ends; not so by the old paths (upstream: `SetListOptionsDefaults`).
  const sendInitialEvents = options.sendInitialEvents ?? (withState && exchange.parameter('watch') !== undefined);
  const session = new WatchSession(rest, exchange, { resource, options: { ...options, sendInitialEvents }, writer, from });
  await session.start(withState, refusal?.status);
};

/** What a client is sent: JSON or protobuf, never YAML. */
function writerFor(rest: Rest, exchange: Exchange, resource: Resource, { encoding, as }: Accepted): FrameWriter {
  if (encoding === 'yaml') throw onlyThese(STREAM_TYPES);
  if (!as) return encoding === 'protobuf' ? protobufFrames(resource) : objectFrames(resource);
  if (as.form === 'Table') return tableFrames(resource, as, readInclude(exchange), () => rest.clock.now());
  if (as.form === 'PartialObjectMetadataList') return listFrames(resource, as);
  return encoding === 'protobuf' ? partialProtobufFrames(resource, as) : partialFrames(resource, as);
}

const isText = ({ id }: FrameWriter): boolean => !id.startsWith('protobuf');
const streamType = (writer: FrameWriter): string => (isText(writer) ? MEDIA_TYPE.json : `${MEDIA_TYPE.protobuf};stream=watch`);

interface Plan {
  readonly resource: Resource;
  readonly options: ListOptions;
  readonly writer: FrameWriter;
  /** Changes after this revision; undefined for those from now on. */
  readonly from: number | undefined;
}

/** One watch from its first to its last byte. */
class WatchSession {
  readonly #rest: Rest;
  readonly #exchange: Exchange;
  readonly #plan: Plan;
  readonly #client: WatchClient;
  /** Where it goes, unless it is the answer. */
  readonly #socket: WatchSocket | undefined;
  readonly #resources = new DisposableList();

  constructor(rest: Rest, exchange: Exchange, plan: Plan) {
    this.#rest = rest;
    this.#exchange = exchange;
    this.#plan = plan;
    this.#socket = asksForWebSocket(exchange) ? WatchSocket.open(exchange, isText(plan.writer)) : undefined;
    this.#client = new WatchClient(this.#socket ?? exchange.response, { onSlow: () => this.#onSlow(), first: plan.writer.first });
  }

  /** Resolves once the watch has begun: what it begins with is out. @param refusal all that is told, if so. */
  async start(withState: boolean, refusal: Status | undefined): Promise<void> {
    this.#open();
    if (refusal) this.#fail(refusal);
    else await this.#join(withState);
    // An answer is over when it has been given; of a WebSocket nobody else knows.
    await this.#socket?.closed;
  }

  async #join(withState: boolean): Promise<void> {
    const { resource, options, writer, from } = this.#plan;
    const { hub } = this.#rest.sourceOf(resource);
    const after = from !== undefined && from > hub.revision ? from : 0;
    const traits: CohortTraits = { selection: options.selection, writer, bookmarks: options.allowWatchBookmarks, after };
    this.#client.hold();
    this.#resources.add(resource.cache.watch(traits, this.#client));
    this.#arm();
    await this.#begin(withState).catch((error: unknown) => this.#fail(asApiError(error).status));
  }

  #open(): void {
    const { response } = this.#exchange;
    (this.#socket ?? response).once('close', () => this.#close());
    if (this.#socket) return;
    response.writeHead(200, headersFor(this.#exchange, streamType(this.#plan.writer)));
    response.flushHeaders();
  }

  async #begin(withState: boolean): Promise<void> {
    const { resource, options, writer, from } = this.#plan;
    const { hub } = this.#rest.sourceOf(resource);
    if (withState) {
      const entries = resource.cache.select(options.selection);
      resource.cache.stats.initEvents += entries.length;
      const end = options.sendInitialEvents && options.allowWatchBookmarks ? resource.cache.reached(hub.revision) : undefined;
      await this.#client.open(this.#counted(stateFrames(entries, writer, end)));
      if (end === undefined) return;
      const { clock } = this.#rest;
      resource.cache.stats.watchListed(scopeOf(this.#exchange.info), clock.now() - this.#exchange.now);
    } else if (from === undefined || from >= hub.revision) {
      await this.#client.open([]);
    } else {
      const changes = resource.cache.changesAfter(from) ?? (await this.#history(from, resource.cache.reached(hub.revision)));
      resource.cache.stats.initEvents += changes.length;
      await this.#client.open(this.#counted(changeFrames(changes, this.#plan)));
    }
  }

  *#counted(frames: Iterable<Buffer>): Iterable<Buffer> {
    const { watchStats } = this.#plan.resource.cache;
    for (const frame of frames) {
      watchStats.sent(frame.length, 1);
      yield frame;
    }
  }

  /** Changes that the cache has forgotten, from the store's own history, up to the revision at which the watcher joined. */
  async #history(from: number, until: number): Promise<CacheEvent[]> {
    const { resource } = this.#plan;
    const { store } = this.#rest.sourceOf(resource);
    const { cache } = resource;
    const events: StoreEvent[] = [];
    let watch: StoreWatch | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const options = { fromRevision: from + 1, prevKv: true, signal: this.#exchange.signal };
        watch = store.watch(prefixRange(cache.schema.prefix), options, {
          onBatch: (batch) => {
            if (batch.type === 'events') events.push(...batch.events.filter(({ kv }) => kv.modRevision <= until));
            if (batch.revision >= until) resolve();
          },
          onEnd: (error) => (error ? reject(error) : resolve()),
        });
        watch.requestProgress();
      });
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'Compacted') throw error;
      const { compactRevision } = await store.status();
      throw tooOld(from, compactRevision);
    } finally {
      watch?.[Symbol.dispose]();
    }
    return changesOf(cache, events);
  }

  /** Ends the watch when its time is over or the server stops. */
  #arm(): void {
    const { clock, random, stopping, minRequestTimeoutMs } = this.#rest;
    const seconds = this.#plan.options.timeoutSeconds ?? 0;
    const timeoutMs = seconds === 0 ? minRequestTimeoutMs * (1 + random.next()) : Math.max(0, seconds * 1000);
    const end = () => this.#end();
    this.#resources.add(clock.setTimer(timeoutMs, end));
    stopping.addEventListener('abort', end);
    this.#resources.add({ [Symbol.dispose]: () => stopping.removeEventListener('abort', end) });
    if (stopping.aborted) end();
  }

  #end(): void {
    this.#resources.dispose();
    this.#client.end();
  }

  #fail(status: Status): void {
    this.#resources.dispose();
    this.#client.fail(this.#plan.writer.error(status));
  }

  #close(): void {
    this.#resources.dispose();
    this.#client.closed();
  }

  #onSlow(): void {
    const { path } = this.#exchange.info;
    this.#plan.resource.cache.watchStats.terminated++;
    this.#rest.logger.warn({ path, user: this.#exchange.user.name }, 'watcher dropped: too slow');
  }
}

/** What the store tells of, as the cache would have seen it. */
async function changesOf(cache: KindCache, events: readonly StoreEvent[]): Promise<CacheEvent[]> {
  const pairs = events.flatMap(({ type, kv, prev }) => [...(type === 'put' ? [kv] : []), ...(prev ? [prev] : [])]);
  const entries = (await cache.entriesOf(pairs)).values();
  const next = () => entries.next().value;
  return events.map(({ type, kv, prev }) => {
    const entry = type === 'put' ? next() : undefined;
    return new CacheEvent(kv.modRevision, entry, prev && next());
  });
}

/** Things to be disposed of together, once. */
class DisposableList {
  #items: Disposable[] = [];

  add(item: Disposable): void {
    this.#items.push(item);
  }

  dispose(): void {
    const items = this.#items;
    this.#items = [];
    for (const item of items) item[Symbol.dispose]();
  }
}

function* stateFrames(entries: readonly Entry[], writer: FrameWriter, end: number | undefined): Iterable<Buffer> {
  for (const entry of entries) yield writer.change('ADDED', entry);
  if (end !== undefined) yield writer.bookmark(end, true);
}

function* changeFrames(changes: readonly CacheEvent[], { options, writer }: Plan): Iterable<Buffer> {
  for (const change of changes) {
    const type = change.typeFor(options.selection);
    if (type === undefined) continue;
    yield change.frame(type, writer);
    change.forgetFrames();
  }
}
