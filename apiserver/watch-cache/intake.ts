import type { KeyValue, Revision, StoreEvent } from '../../store/index.ts';
import type { Entry } from './entry.ts';

/** A change that waits to be taken in. */
interface Waiting {
  readonly event: StoreEvent;
  readonly revision: Revision;
}

interface IntakeParts {
  /** The entries of pairs that somebody else has to be asked about. */
  convert(kvs: readonly KeyValue[]): Promise<readonly Entry[]>;
  /** Takes one change in; `entry` is undefined for a deletion. */
  take(change: Waiting, entry: Entry | undefined): void;
}

/** Changes converted with one question. */
const BATCH_MAX = 100;

/**
 * The changes of a cache whose entries somebody else converts, in the order in which they came.
 *
 *     hub ── change ──> [waiting …] ── as many as there are, in one question ──> cache
 *
 * 1. A change is never overtaken by a later one.
 * 2. What cannot be converted stays first in line; whoever reads meanwhile asks again, and is told why it failed.
 */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #waiting: Waiting[] = [];
  #pass: Promise<void> | undefined;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** The revision of the first change that waits. */
  get first(): Revision | undefined {
    return this.#waiting[0]?.revision;
  }

  push(event: StoreEvent, revision: Revision): void {
    this.#waiting.push({ event, revision });
    this.settle().catch(() => undefined); // the next reader asks again, and hears of it
  }

  /** Resolves once everything that has come so far is taken in; rejects with the converter's error. */
  async settle(): Promise<void> {
    let left = this.#waiting.length;
    while (left > 0 && this.#waiting.length > 0) {
      const before = this.#waiting.length;
      this.#pass ??= this.#takeSome().finally(() => {
        this.#pass = undefined;
      });
      await this.#pass;
      left -= Math.max(1, before - this.#waiting.length);
    }
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  async #takeSome(): Promise<void> {
    const some = this.#waiting.slice(0, BATCH_MAX);
    const puts = some.flatMap(({ event }) => (event.type === 'put' ? [event.kv] : []));
    const entries = (puts.length === 0 ? [] : await this.#parts.convert(puts)).values();
    for (const change of some) {
      if (this.#waiting[0] !== change) return; // cleared meanwhile
      this.#waiting.shift();
      this.#parts.take(change, change.event.type === 'put' ? entries.next().value : undefined);
    }
  }
}
