import { apiError } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { prefixRange, type Store, StoreError } from '../../store/index.ts';
import type { Resource } from '../registry/resource.ts';
import { continueExpired, tooLarge } from '../registry/store-errors.ts';
import type { CacheHub } from '../watch-cache/cache-hub.ts';
import type { Entry } from '../watch-cache/entry.ts';
import type { KindCache, PageRange } from '../watch-cache/kind-cache.ts';
import type { Selection } from '../watch-cache/selection.ts';
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts';
import { type ListOptions, readVersion } from './list-options.ts';

/** One page of a list, or all of it. */
export interface ListPage {
  /** Undefined for what is not kept in the store. */
  readonly revision: number | undefined;
  readonly entries: readonly Entry[];
  readonly continue: string;
  readonly remaining: number | undefined;
}

/** Keys read from the store at a time when a selector leaves out many of them. */
const PAGE_KEYS_MIN = 500;

/** What reading lists takes. */
export interface ListSource {
  readonly hub: CacheHub;
  readonly store: Store;
  readonly clock: Clock;
}

/**
 * Reads what a list asks for, from the cache when the newest state will do, from the store's history for a past revision.
 *
 * | resourceVersion | match | limit | answered from |
 * | --- | --- | --- | --- |
 * | none | | any | the cache, once it holds all that is committed |
 * | 0 | | ignored | the cache as it is |
 * | N | none, no limit; NotOlderThan | | the cache, once it has reached N |
 * | N | Exact; none, with a limit | | the store at N |
 * | none | | with continue | the store at the token's revision (the cache while that is the newest) |
 *
 * A kind that is not {@link Resource.isCached} answers each of the first three with the newest state, in pages.
 */
export async function readList(source: ListSource, resource: Resource, options: ListOptions): Promise<ListPage> {
  // Any state will do, and then all of it is told, in a list that goes on as well.
  const asked = options.resourceVersion === '0' && resource.isCached ? { ...options, limit: 0 } : options;
  if (options.continue !== '') return readOn(source, resource, asked);
  const revision = readVersion(options.resourceVersion);
  const exact = options.resourceVersionMatch === 'Exact' || (revision > 0 && options.limit > 0 && options.resourceVersionMatch === '');
  if (exact) return readExact(source, resource, options, revision);
  await freshFor(source, resource, options.resourceVersion);
  await resource.cache.settled();
  return fromCache(source, resource, asked, '');
}

/** The same as {@link fresh}, for a list of one kind, and noted of it. */
async function freshFor(source: ListSource, resource: Resource, resourceVersion: string): Promise<void> {
  if (resourceVersion === '0' && resource.isCached) return;
  const { hub, clock } = source;
  const { stats } = resource.cache;
  const isNewest = resourceVersion === '';
  // Who need not wait is not timed.
  const pending = isNewest ? hub.fresh() : fresh(source, resource, resourceVersion);
  const since = pending === undefined ? 0 : clock.monotonic();
  try {
    await pending;
    if (isNewest) stats.consistentReads.done++;
  } catch (error) {
    if (isNewest) stats.consistentReads.failed++;
    throw error;
  } finally {
    stats.waited(pending === undefined ? 0 : clock.monotonic() - since);
  }
}

/**
 * Waits until the cache is as new as a read asks for.
 *
 * @throws ApiError (504) when that is a future that does not come; StoreError when the store cannot be asked or followed.
 */
export async function fresh({ hub, store }: Omit<ListSource, 'clock'>, { isCached }: Resource, resourceVersion: string): Promise<void> {
  if (resourceVersion === '') return hub.fresh();
  const revision = readVersion(resourceVersion);
  if (!isCached) {
    const newest = await store.newestRevision();
    if (revision > newest) throw tooLarge(revision, newest, 0);
    await hub.reach(newest);
  } else if (revision > 0) {
    await hub.reach(revision);
  }
}

async function readExact(source: ListSource, resource: Resource, options: ListOptions, revision: number): Promise<ListPage> {
  const { store } = source;
  // What this process knows of may be behind what another has written.
  const newest = revision > store.revision ? await store.newestRevision() : store.revision;
  // A page of one name is read from the store, as a key (apiserver, `ListPredicate` of the registry's store); other pages from the cache.
  if (revision > newest) throw tooLarge(revision, newest, resource.isCached && !options.selection.isOfOneName ? 1 : 0);
  return readAt(source, resource, options, { revision, start: '' });
}

async function readOn(source: ListSource, resource: Resource, options: ListOptions): Promise<ListPage> {
  const token = decodeContinue(options.continue);
  if (options.resourceVersion !== '' && options.resourceVersion !== '0') {
    throw apiError.badRequest('specifying resource version is not allowed when using continue');
  }
  const { hub } = source;
  if (token.revision < 0) await hub.fresh();
  else if (token.revision !== hub.revision) return readAt(source, resource, options, token);
  await resource.cache.settled();
  return fromCache(source, resource, options, token.start);
}

/** What the keys of a selection begin with. */
const prefixOf = ({ prefix }: Resource, { selection }: ListOptions): string =>
  selection.namespace === '' ? prefix : `${prefix}${selection.namespace}/`;

function fromCache({ hub }: ListSource, resource: Resource, options: ListOptions, start: string): ListPage {
  const { selection, limit } = options;
  const revision = resource.cache.reached(hub.revision);
  const prefix = prefixOf(resource, options);
  const { cache } = resource;
  if (limit === 0 && start === '') {
    const selected = cache.select(selection);
    noteListed(cache, selection, { prefix, from: prefix, limit }, selected.length);
    return { revision, entries: selected, continue: '', remaining: undefined };
  }
  const from = prefix + start;
  const { entries, hasMore } = cache.page(selection, { prefix, from, limit });
  noteListed(cache, selection, { prefix, from, limit }, entries.length);
  if (!hasMore) return { revision, entries, continue: '', remaining: undefined };
  const next = { revision, start: after(entries, prefix) };
  const remaining = selection.isWhole ? cache.countFrom(prefix, from) - entries.length : undefined;
  return { revision, entries, continue: encodeContinue(next), remaining };
}

/** What upstream finds objects by in its caches (`Indexers` of `pkg/registry/core/pod`), as metrics name it. */
const INDEXED = 'spec.nodeName';

/** Notes what a list has cost. Objects that an index finds are those that are looked at, else all that there are. */
function noteListed(cache: KindCache, { isWhole, trigger }: Selection, { prefix, from, limit }: PageRange, returned: number): void {
  const isIndexed = trigger !== undefined && cache.fieldName(trigger.index) === INDEXED;
  const isAll = isIndexed || (isWhole && limit === 0);
  cache.stats.listed(isIndexed ? `f:${INDEXED}` : '', isAll ? returned : cache.countFrom(prefix, from), returned);
}

const after = (entries: readonly Entry[], prefix: string): string => `${(entries.at(-1)?.key ?? '').slice(prefix.length)}\0`;

async function readAt(source: ListSource, resource: Resource, options: ListOptions, token: ContinueToken): Promise<ListPage> {
  try {
    return await readSnapshot(source.store, resource, options, token);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'Compacted') throw error;
    if (token.start === '') throw error;
    throw continueExpired(encodeContinue({ revision: -1, start: token.start }));
  }
}

/** Reads pages of keys at one revision until there are as many objects as were asked for, or no more keys. */
async function readSnapshot(store: Store, resource: Resource, options: ListOptions, { revision, start }: ContinueToken): Promise<ListPage> {
  const { selection, limit } = options;
  const prefix = prefixOf(resource, options);
  const { end } = prefixRange(prefix);
  const entries: Entry[] = [];
  let key = storeKey(prefix + start);
  const { storage } = resource.cache.stats;
  storage.lists++;
  for (;;) {
    const keys = limit === 0 ? 0 : Math.max(limit - entries.length, selection.isWhole ? 0 : PAGE_KEYS_MIN);
    const page = await store.range({ key, end }, { revision, limit: keys });
    storage.fetched += page.kvs.length;
    const before = entries.length;
    const seen = take(await resource.cache.entriesOf(page.kvs), options, entries);
    storage.evaluated += seen;
    storage.returned += entries.length - before;
    const rest = page.count - seen;
    if (rest === 0) return { revision, entries, continue: '', remaining: undefined };
    key = storeKey(`${page.kvs[seen - 1]?.key ?? ''}\0`);
    if (limit === 0 || entries.length < limit) continue;
    const next = encodeContinue({ revision, start: after(entries, prefix) });
    return { revision, entries, continue: next, remaining: selection.isWhole ? rest : undefined };
  }
}

/** Adds what is selected until the limit is reached; answers how many keys were looked at. */
function take(found: readonly Entry[], { selection, limit }: ListOptions, entries: Entry[]): number {
  let seen = 0;
  for (const entry of found) {
    seen++;
    if (selection.isWhole || selection.matches(entry)) entries.push(entry);
    if (limit > 0 && entries.length === limit) break;
  }
  return seen;
}

/** Tokens say "after this key" by a NUL, which the store does not have in keys; no name has a character below this one. */
const storeKey = (key: string): string => key.replaceAll('\0', '\u0001');
