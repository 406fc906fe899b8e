import type { Revision } from '../../store/index.ts';
import type { CacheEvent } from './cache-event.ts';
import { Cohort, type CohortTraits, cohortId } from './cohort.ts';
import type { WatchClient } from './watch-client.ts';
import { WatchStats } from './watch-stats.ts';

/** Watchers that are written to before who wrote is answered; writing to one takes some ten microseconds. */
const MEMBERS_AT_ONCE_MAX = 16;

/**
 * The watchers of one kind. Cohorts are filed by what they can be found by: a field that must have one value (a kubelet's
 * `spec.nodeName=n1`), else a namespace, else nothing; a change meets only those it may concern.
 *
 * A commit goes out as soon as all of it has been offered, so that watchers hear of a write no later than who wrote hears of its
 * success, as with upstream; whatever else comes in the same turn of the event loop is gathered until that ends. Many watchers hear of it then
 * only: who wrote is not kept waiting for all of them.
 *
 *     commit ── offered ── microtask: written        commit ── offered ┐   commit ── offered ┐
 *     └──────────────────────────── one turn ─────────────────────────────────────────────────┴ setImmediate: written
 */
export class WatchBoard {
  readonly stats = new WatchStats();
  readonly #cohorts = new Map<string, Cohort>();
  readonly #byField = new Map<number, Map<string, Set<Cohort>>>();
  readonly #byNamespace = new Map<string, Set<Cohort>>();
  readonly #others = new Set<Cohort>();
  readonly #ready = new Set<Cohort>();
  #scheduled = false;
  /** Whether something was written in this turn already. */
  #wrote = false;

  /** How many watchers there are. */
  get size(): number {
    let size = 0;
    for (const cohort of this.#cohorts.values()) size += cohort.size;
    return size;
  }

  /** Adds a watcher; it is sent every change from now on. Disposing takes it off. */
  join(traits: CohortTraits, client: WatchClient): Disposable {
    const id = cohortId(traits);
    let cohort = this.#cohorts.get(id);
    if (!cohort) {
      cohort = new Cohort(traits, this.stats);
      this.#cohorts.set(id, cohort);
      this.#shelf(cohort).add(cohort);
    }
    const joined = cohort;
    joined.join(client);
    return {
      [Symbol.dispose]: () => {
        joined.leave(client);
        if (joined.size === 0 && this.#cohorts.get(id) === joined) this.#remove(id, joined);
      },
    };
  }

  /** Tells every watcher it concerns of a change. */
  offer(event: CacheEvent): void {
    if (this.#cohorts.size === 0) return;
    this.#offerAll(this.#others, event);
    this.#offerAll(this.#byNamespace.get((event.entry ?? event.previous)?.namespace ?? ''), event);
    for (const [index, cohorts] of this.#byField) {
      const now = event.entry?.field(index);
      const before = event.previous?.field(index);
      if (now !== undefined) this.#offerAll(cohorts.get(now), event);
      if (before !== undefined && before !== now) this.#offerAll(cohorts.get(before), event);
    }
    event.forgetFrames();
  }

  bookmark(revision: Revision): void {
    for (const cohort of this.#cohorts.values()) if (cohort.bookmark(revision)) this.#schedule(cohort);
  }

  /** Ends every watch. */
  end(): void {
    for (const cohort of this.#cohorts.values()) cohort.end();
    this.#cohorts.clear();
    this.#byField.clear();
    this.#byNamespace.clear();
    this.#others.clear();
    this.#ready.clear();
  }

  #offerAll(cohorts: ReadonlySet<Cohort> | undefined, event: CacheEvent): void {
    if (cohorts) for (const cohort of cohorts) if (cohort.offer(event)) this.#schedule(cohort);
  }

  #schedule(cohort: Cohort): void {
    this.#ready.add(cohort);
    if (this.#scheduled) return;
    this.#scheduled = true;
    if (this.#wrote) return;
    this.#wrote = true;
    queueMicrotask(() => {
      if (this.#waitingMembers() <= MEMBERS_AT_ONCE_MAX) this.#flush();
    });
    setImmediate(() => {
      this.#wrote = false;
      this.#flush();
    });
  }

  /** How many would be written to now. */
  #waitingMembers(): number {
    let count = 0;
    for (const cohort of this.#ready) count += cohort.size;
    return count;
  }

  #flush(): void {
    this.#scheduled = false;
    for (const ready of this.#ready) ready.flush();
    this.#ready.clear();
  }

  #shelf({ traits: { selection } }: Cohort): Set<Cohort> {
    const { trigger, namespace } = selection;
    if (trigger) return setOf(mapOf(this.#byField, trigger.index), trigger.value);
    return namespace === '' ? this.#others : setOf(this.#byNamespace, namespace);
  }

  #remove(id: string, cohort: Cohort): void {
    this.#cohorts.delete(id);
    const shelf = this.#shelf(cohort);
    shelf.delete(cohort);
    this.#ready.delete(cohort);
    if (shelf.size > 0 || shelf === this.#others) return;
    const { trigger, namespace } = cohort.traits.selection;
    if (!trigger) {
      this.#byNamespace.delete(namespace);
      return;
    }
    const values = this.#byField.get(trigger.index);
    values?.delete(trigger.value);
    if (values?.size === 0) this.#byField.delete(trigger.index);
  }
}

function setOf<K>(map: Map<K, Set<Cohort>>, key: K): Set<Cohort> {
  const known = map.get(key);
  if (known) return known;
  const made = new Set<Cohort>();
  map.set(key, made);
  return made;
}

function mapOf<K>(map: Map<K, Map<string, Set<Cohort>>>, key: K): Map<string, Set<Cohort>> {
  const known = map.get(key);
  if (known) return known;
  const made = new Map<string, Set<Cohort>>();
  map.set(key, made);
  return made;
}
