import type { KubeObject } from '../../api/index.ts';
import { KeyIndex } from '../../runtime/index.ts';
import { type KeyValue, keyAfter, prefixRange, type Revision, StoreError, type StoreEvent } from '../../store/index.ts';
import { objectKey } from '../registry/keys.ts';
import { isSealed } from '../registry/stored-object.ts';
import { CacheEvent } from './cache-event.ts';
import { CacheStats } from './cache-stats.ts';
import type { CohortTraits } from './cohort.ts';
import { Entry, type Facts, factsOf, type Schema } from './entry.ts';
import { EventWindow } from './event-window.ts';
import { Intake, type Pair } from './intake.ts';
import { LabelIndexes } from './label-indexes.ts';
import type { Selection } from './selection.ts';
import { ValueIndex } from './value-index.ts';
import { WatchBoard } from './watch-board.ts';
import type { WatchClient } from './watch-client.ts';
import type { WatchStats } from './watch-stats.ts';

/** What this process wrote itself, so that the cache need not parse what comes back. */
interface Written extends WrittenBytes {
  readonly facts: Facts;
}

/** An object as it is stored, and as it was encoded: the same unless it is sealed. */
export interface WrittenBytes {
  readonly stored: Buffer;
  readonly encoded: Buffer;
}

/** Objects that are looked at to tell how big they are. */
const SAMPLE_ENTRIES = 10;

/** Selectable fields that every kind has, before its own: name and namespace. */
const COMMON_FIELDS = 2;

/** What share of a buffer is worth holding all of it. */
const MOST = 0.75;

export type ChangeListener = (event: CacheEvent) => void;

export interface KindCacheOptions {
  /** Changes remembered for watchers from the past. */
  readonly eventsMax?: number | undefined;
  /** Told why watchers were sent away. */
  readonly onUnreadable?: ((error: unknown, key: string) => void) | undefined;
}

/**
 * The watch cache of one kind: every object as its served bytes, in key order, with the recent changes and the watchers.
 *
 * 1. Entries are immutable and change only in {@link apply}, in revision order.
 * 2. Reading never parses: bytes are answered as they lie. Parsing happens for selectors, on first use, when this process did not write
 *    the object itself.
 */
export class KindCache {
  readonly schema: Schema;
  readonly stats = new CacheStats();
  readonly #entries = new KeyIndex<Entry>();
  readonly #fieldIndexes = new Map<number, ValueIndex>();
  readonly #labelIndexes = new LabelIndexes();
  readonly #written = new Map<string, Written>();
  readonly #listeners = new Set<ChangeListener>();
  readonly #board = new WatchBoard();
  readonly #intake: Intake;
  /** Keys of what could not be opened because somebody else did not say how: who reads next asks again. */
  readonly #locked = new Set<string>();
  readonly #eventsMax: number | undefined;
  readonly #onUnreadable: ((error: unknown, key: string) => void) | undefined;
  #window: EventWindow;
  #storedVersion: KindCache | undefined;
  #sealingChanges = 0;
  #isAskingLater = false;
  #ended = false;

  constructor(schema: Schema, options: KindCacheOptions = {}) {
    this.schema = schema;
    this.#eventsMax = options.eventsMax;
    this.#onUnreadable = options.onUnreadable;
    this.#window = new EventWindow(0, options.eventsMax);
    this.#intake = new Intake({
      convert: async (kvs) => this.entriesOf(kvs),
      load: (entries) => this.#setAll(entries),
      later: (work) => this.schema.form.converter?.later(work),
      take: ({ event, revision }, entry) => this.#take(event, revision, entry),
    });
  }

  /** Whether its entries are made of those of the cache of the version that is stored ({@link readFrom}). */
  get isView(): boolean {
    return this.schema.form.isView ?? false;
  }

  /** Has a view hold on to the entries of the version that is stored, which hears of each change first, instead of bytes of its own. */
  readFrom(storedVersion: KindCache): void {
    this.#storedVersion = storedVersion;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Of one object, from a few of them; 0 when there are none. */
  get averageBytes(): number {
    const { size } = this.#entries;
    const count = Math.min(size, SAMPLE_ENTRIES);
    let bytes = 0;
    for (let i = 0; i < count; i++) bytes += this.#entries.at(Math.floor((i * size) / count))?.sizeBytes ?? 0;
    return count === 0 ? 0 : bytes / count;
  }

  /** What watchers were sent. */
  get watchStats(): WatchStats {
    return this.#board.stats;
  }

  get watchers(): number {
    return this.#board.size;
  }

  /** The entries that stored pairs stand for; a promise when somebody else has to be asked. */
  entriesOf(kvs: readonly Pair[]): readonly Entry[] | Promise<readonly Entry[]> {
    const converter = this.schema.form.converter;
    if (!converter) return kvs.map((kv) => this.#entryOf(kv));
    const asked = kvs.filter((kv) => converter.isNeeded(kv));
    return asked.length === 0 ? kvs.map((kv) => this.#entryOf(kv)) : this.#convert(kvs, asked);
  }

  /** The entry of an object as it was encoded. */
  entryFrom(at: { readonly key: string; readonly revision: Revision }, encoded: Buffer): Entry {
    return new Entry(this.schema, at, { served: this.schema.wire.serve(encoded, at.revision) });
  }

  /** Fills the cache with the state at a revision; what changed on the way is not told to watchers. */
  load(kvs: readonly KeyValue[]): void {
    if (!this.isView) this.stats.storage.fetched += kvs.length;
    const { converter } = this.schema.form;
    const asked = converter ? kvs.filter((kv) => converter.isNeeded(kv)) : [];
    if (asked.length > 0) this.#intake.begin(asked);
    if (this.schema.form.sealing) this.#intake.resume();
    for (const kv of kvs) if (!converter?.isNeeded(kv)) this.#entries.set(this.#loadedEntryOf(kv));
  }

  /** The revision this cache is at when it was told of everything up to a revision: changes may wait to be converted. */
  reached(told: Revision): Revision {
    const { first } = this.#intake;
    return first === undefined ? told : Math.min(told, first - 1);
  }

  /** Resolves once all changes that have come are taken in; undefined when they already are. Rejects when they cannot be converted. */
  settled(): Promise<void> | undefined {
    if (this.schema.form.sealing) this.#askAgain();
    return this.#intake.isEmpty ? undefined : this.#intake.settle();
  }

  /** Resolves once somebody was asked for all that is sealed. What cannot be converted is told to who reads. */
  async opened(): Promise<void> {
    if (this.schema.form.sealing && !this.#intake.isEmpty) await this.#intake.settle().catch(() => undefined);
  }

  #keepLocked(key: string): void {
    this.#locked.add(key);
    if (this.#isAskingLater) return;
    this.#isAskingLater = true;
    this.schema.form.converter?.later(() => {
      this.#isAskingLater = false;
      if (this.#ended) return;
      this.#askAgain();
      this.#intake.resume();
    });
  }

  /** Has what is locked looked at again. */
  #askAgain(): void {
    const { sealing, converter } = this.schema.form;
    const changes = sealing?.changes ?? 0;
    if (changes !== this.#sealingChanges) {
      this.#sealingChanges = changes;
      for (const { key, unread } of this.#entries.values())
        if (unread && converter?.isNeeded({ key, value: unread })) this.#locked.add(key);
    }
    if (this.#locked.size === 0) return;
    const entries = [...this.#locked].flatMap((key) => this.#entries.get(key) ?? []);
    this.#locked.clear();
    this.#intake.begin(entries.flatMap(({ key, revision, unread }) => (unread ? [{ key, value: unread, modRevision: revision }] : [])));
  }

  /** Takes back what was loaded. */
  clear(): void {
    this.#locked.clear();
    this.#intake.clear();
    this.#entries.clear();
  }

  /** From now on, every change after this revision comes through {@link apply}. */
  begin(since: Revision): void {
    this.#window = new EventWindow(since, this.#eventsMax);
    this.stats.fills++;
  }

  /**
   * Becomes the state at a revision, when the changes up to it are not to be had one by one. Listeners are told of the differences; watchers,
   * who must be told of every change, are sent away.
   *
   * @param changed what is not as it was; @param present every key there is.
   */
  replace(changed: Iterable<KeyValue>, present: ReadonlySet<string>, revision: Revision): void {
    this.#board.end();
    this.#intake.clear();
    for (const { key, revision: createRevision } of [...this.#entries.values()]) {
      if (present.has(key)) continue;
      const kv = { key, value: NOTHING, createRevision, modRevision: revision, version: 0 };
      this.apply({ type: 'delete', kv }, revision);
    }
    for (const kv of changed) this.apply({ type: 'put', kv }, kv.modRevision);
    this.begin(revision);
  }

  /** The entry of a key as it is at a revision. */
  entryAt({ key, revision }: { readonly key: string; readonly revision: Revision }): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry?.revision === revision ? entry : undefined;
  }

  /** The revision of the entry of a key; undefined when there is none. */
  revisionOf(key: string): Revision | undefined {
    return this.#entries.get(key)?.revision;
  }

  /** Says what is about to be written, for {@link apply} to recognise. */
  expect(key: string, { stored, encoded }: WrittenBytes, object: KubeObject): void {
    if (this.#storedVersion) return;
    this.#written.set(key, { stored, encoded, facts: factsOf(this.schema, object) });
  }

  /** What was expected does not come: it was not written. */
  unexpect(key: string, stored: Buffer): void {
    if (this.#written.get(key)?.stored === stored) this.#written.delete(key);
  }

  /** Takes in one change. */
  apply(event: StoreEvent, revision: Revision): void {
    const { converter } = this.schema.form;
    const isAsked = converter !== undefined && event.type === 'put' && converter.isNeeded(event.kv);
    if (isAsked || !this.#intake.isEmpty) this.#intake.push(event, revision);
    else this.#take(event, revision, event.type === 'put' ? this.#arrivedEntryOf(event.kv) : undefined);
  }

  #take(event: StoreEvent, revision: Revision, entry: Entry | undefined): void {
    const { key } = event.kv;
    const previous = entry ? this.#entries.set(entry) : this.#entries.delete(key);
    if (!entry && !previous) return;
    this.stats.events++;
    const change = new CacheEvent(revision, entry, previous);
    this.#window.push(change);
    this.#tell(change);
    for (const listener of this.#listeners) listener(change);
  }

  /**
   * Tells watchers of a change. When an object in it cannot be read they are sent away: listing anew tells them why. Other kinds, which come
   * over the same watch of the store, are none the worse for it.
   */
  #tell(change: CacheEvent): void {
    try {
      for (const index of this.#fieldIndexes.values()) index.replace(change.previous, change.entry);
      this.#labelIndexes.replace(change.previous, change.entry);
      this.#board.offer(change);
    } catch (error) {
      this.stats.unreadable++;
      this.#onUnreadable?.(error, (change.entry ?? change.previous)?.key ?? '');
      this.#clearIndexes();
      this.#board.end();
    }
  }

  get(namespace: string, name: string): Entry | undefined {
    return this.#entries.get(objectKey(this.schema.prefix, namespace, name));
  }

  /** What a selection selects, in key order. */
  select(selection: Selection): Entry[] {
    const { namespace, trigger } = selection;
    if (trigger) return this.#triggered(selection, trigger.index, trigger.value);
    const prefix = namespace === '' ? this.schema.prefix : `${this.schema.prefix}${namespace}/`;
    const candidates = this.#labelIndexes.candidates(selection, this.#entries.count(prefixRange(prefix)), () => this.#entries.values());
    return candidates ? this.#selectedOf(candidates, selection) : this.#entries.collect(prefixRange(prefix), { keep: filterOf(selection) });
  }

  /**
   * A part of what a selection selects. There is more of it as long as there are objects that it has not looked at, selected or not, unless
   * it is of one name (apiserver, `Cacher.GetList`).
   */
  page(selection: Selection, { prefix, from, limit }: PageRange): { readonly entries: Entry[]; readonly hasMore: boolean } {
    const { end } = prefixRange(prefix);
    const keep = filterOf(selection);
    const entries = this.#entries.collect({ key: from, end }, limit === 0 ? { keep } : { keep, limit });
    const last = entries.at(-1);
    if (last === undefined || entries.length < limit || limit === 0 || this.#isOfOne(selection)) return { entries, hasMore: false };
    return { entries, hasMore: this.#entries.collect({ key: keyAfter(last.key), end }, { limit: 1 }).length > 0 };
  }

  /** Whether a selection names one object. */
  #isOfOne({ namespace, trigger }: Selection): boolean {
    return trigger?.index === 0 && (namespace !== '' || !this.schema.namespaced);
  }

  /** The name of a selectable field of the kind's own, by its index in selections. */
  fieldName(index: number): string | undefined {
    return this.schema.fields[index - COMMON_FIELDS]?.name;
  }

  /** How many changes are remembered. */
  get capacity(): number {
    return this.#window.eventsMax;
  }

  /** How many objects there are from a key on. */
  countFrom(prefix: string, from: string): number {
    return this.#entries.count({ key: from, end: prefixRange(prefix).end });
  }

  /** The changes after a revision that a selection sees; undefined when they are no longer known. */
  changesAfter(revision: Revision): CacheEvent[] | undefined {
    return this.#window.after(revision);
  }

  /** The oldest revision {@link changesAfter} knows everything after. */
  get since(): Revision {
    return this.#window.since;
  }

  watch(traits: CohortTraits, client: WatchClient): Disposable {
    return this.#board.join(traits, client);
  }

  listen(listener: ChangeListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  bookmark(revision: Revision): void {
    this.#board.bookmark(this.reached(revision));
  }

  /** Ends every watch, for good. */
  endWatches(): void {
    this.#ended = true;
    this.#intake.clear();
    this.#board.end();
  }

  /**
   * What is loaded is served later, if at all, and put into form then; unless it is a small part of a larger buffer, all of which would be
   * held for it.
   */
  #loadedEntryOf(kv: Pair): Entry {
    const { key, value, modRevision: revision } = kv;
    const isMost = value.length >= MOST * value.buffer.byteLength;
    if (isMost && this.schema.form.isEncoded(value)) return new Entry(this.schema, { key, revision }, { stored: value });
    return this.#arrivedEntryOf(kv);
  }

  /** What cannot be read, and somebody else wrote, is an error for those who ask for it, and does not keep others from what comes after it. */
  #arrivedEntryOf(kv: Pair): Entry {
    try {
      return this.#entryOf(kv, this.#recognise(kv));
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'Corrupt') throw error;
      this.stats.unreadable++;
      this.#onUnreadable?.(error, kv.key);
      return new Entry(this.schema, { key: kv.key, revision: kv.modRevision }, { stored: kv.value });
    }
  }

  /** What this process wrote itself is in form, and so is what the kind takes as it lies. */
  #entryOf(kv: Pair, written?: Written): Entry {
    const { wire, form } = this.schema;
    const at = { key: kv.key, revision: kv.modRevision };
    if (written) return new Entry(this.schema, at, { served: wire.serve(written.encoded, kv.modRevision) }, written.facts);
    const same = this.#storedVersion?.entryAt(at);
    if (same) return new Entry(this.schema, at, { stored: same });
    const asItLies = form.isEncoded(kv.value);
    if (!asItLies && (form.isReadLater || isSealed(kv.value))) return new Entry(this.schema, at, { stored: kv.value });
    return new Entry(this.schema, at, { served: wire.serve(asItLies ? kv.value : form.read(kv), kv.modRevision) });
  }

  async #convert(kvs: readonly Pair[], asked: readonly Pair[]): Promise<readonly Entry[]> {
    const { converter } = this.schema.form;
    const encoded = await converter?.convert(asked);
    const converted = new Map(asked.map((kv, index) => [kv, encoded?.[index]]));
    return kvs.map((kv) => {
      const bytes = converted.get(kv);
      if (!bytes && converted.has(kv) && converter?.isNeeded(kv)) this.#keepLocked(kv.key);
      return bytes ? this.entryFrom({ key: kv.key, revision: kv.modRevision }, bytes) : this.#entryOf(kv);
    });
  }

  #setAll(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const previous = this.#entries.set(entry);
      // What was there all the time, and can be read now.
      if (previous) for (const listener of this.#listeners) listener(new CacheEvent(entry.revision, entry, previous));
    }
    this.#clearIndexes();
  }

  #recognise(kv: Pair): Written | undefined {
    const written = this.#written.get(kv.key);
    if (!written) return undefined;
    this.#written.delete(kv.key);
    return written.stored === kv.value || written.stored.equals(kv.value) ? written : undefined;
  }

  #triggered(selection: Selection, field: number, value: string): Entry[] {
    if (this.#isOfOne(selection)) {
      const entry = this.get(selection.namespace, value);
      return entry && selection.matches(entry) ? [entry] : [];
    }
    return this.#selectedOf(this.#indexOf(field).keys(value), selection);
  }

  #selectedOf(keys: readonly string[], selection: Selection): Entry[] {
    const found: Entry[] = [];
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry && selection.matches(entry)) found.push(entry);
    }
    return found;
  }

  /** They are made anew by the next one who asks. */
  #clearIndexes(): void {
    this.#fieldIndexes.clear();
    this.#labelIndexes.clear();
  }

  #indexOf(field: number): ValueIndex {
    let index = this.#fieldIndexes.get(field);
    if (!index) {
      index = new ValueIndex((entry) => entry.field(field), this.#entries.values());
      this.#fieldIndexes.set(field, index);
    }
    return index;
  }
}

/** Where to look for a page: from a key on, for at most so many; 0 for all. */
export interface PageRange {
  readonly prefix: string;
  readonly from: string;
  readonly limit: number;
}

const NOTHING = Buffer.alloc(0);

/** What leaves out the others; undefined when everything under the prefix is selected. */
function filterOf(selection: Selection): ((entry: Entry) => boolean) | undefined {
  const { labels, fields } = selection;
  if (selection.isWhole) return undefined;
  // What is looked through is of one namespace, if one was asked for.
  return labels && fields.length === 0 ? (entry) => labels.matches(entry.labels) : (entry) => selection.matches(entry);
}
