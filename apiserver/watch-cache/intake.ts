import type { KeyValue, Revision, StoreEvent } from '../../store/index.ts';
import type { Entry } from './entry.ts';

/** A pair of the store, as far as an entry is made of it. */
export type Pair = Pick<KeyValue, 'key' | 'value' | 'modRevision'>;

/** A change that waits to be taken in. */
interface Waiting {
  readonly event: StoreEvent;
  readonly revision: Revision;
}

interface IntakeParts {
  /** The entries of pairs that somebody else has to be asked about. */
  convert(kvs: readonly Pair[]): Promise<readonly Entry[]>;
  /** Takes in entries that were there before the changes that wait. */
  load(entries: readonly Entry[]): void;
  /** Takes one change in; `entry` is undefined for a deletion. */
  take(change: Waiting, entry: Entry | undefined): void;
  /** Calls a function after a while. */
  later(work: () => void): void;
}

/** Pairs converted with one question. */
const BATCH_MAX = 500;

/**
 * What a cache has yet to take in because somebody else converts it: what was there from the start, then the changes, in the order in which
 * they came.
 *
 *     hub ── change ──> [waiting …] ── as many as there are, in one question ──> cache
 *
 * 1. A change is never overtaken by a later one.
 * 2. What cannot be converted stays first in line. It is tried again after a while, and by whoever reads meanwhile, who is told why it
 *    failed.
 */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #initial: Pair[] = [];
  readonly #waiting: Waiting[] = [];
  #pass: Promise<void> | undefined;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#initial.length === 0;
  }

  /** The revision of the first change that waits. */
  get first(): Revision | undefined {
    return this.#waiting[0]?.revision;
  }

  /** Adds what was there from the start, or is to be looked at again; it is converted when somebody wants to read, or when something changes. */
  begin(kvs: readonly Pair[]): void {
    this.#initial.push(...kvs);
  }

  /** Goes on now, whether somebody wants to read or not. */
  resume(): void {
    if (!this.isEmpty && !this.#pass) this.#try();
  }

  push(event: StoreEvent, revision: Revision): void {
    this.#waiting.push({ event, revision });
    if (!this.#pass) this.#try();
  }

  /** Resolves once everything that has come so far is taken in; rejects with the converter's error. */
  async settle(): Promise<void> {
    const last = this.#waiting.at(-1);
    while (this.#initial.length > 0 || (last !== undefined && this.#waiting.includes(last))) {
      this.#pass ??= this.#takeSome().finally(() => {
        this.#pass = undefined;
      });
      await this.#pass;
    }
  }

  clear(): void {
    this.#initial.length = 0;
    this.#waiting.length = 0;
  }

  #try(): void {
    this.settle().then(
      () => {
        if (!this.isEmpty) this.#try();
      },
      () => this.#parts.later(() => this.#try()),
    );
  }

  async #takeSome(): Promise<void> {
    if (this.#initial.length > 0) return this.#takeInitial();
    const some = this.#waiting.slice(0, BATCH_MAX);
    const puts = some.flatMap(({ event }) => (event.type === 'put' ? [event.kv] : []));
    const entries = (puts.length === 0 ? [] : await this.#parts.convert(puts)).values();
    for (const change of some) {
      if (this.#waiting[0] !== change) return; // cleared meanwhile
      this.#waiting.shift();
      this.#parts.take(change, change.event.type === 'put' ? entries.next().value : undefined);
    }
  }

  async #takeInitial(): Promise<void> {
    const some = this.#initial.slice(0, BATCH_MAX);
    const entries = await this.#parts.convert(some);
    if (this.#initial[0] !== some[0]) return; // cleared meanwhile
    this.#initial.splice(0, some.length);
    this.#parts.load(entries);
  }
}
