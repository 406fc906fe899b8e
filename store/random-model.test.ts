/** Random work on a store and on the plain model: every answer and every watch must be the same. The seed is in the test's name. */
import { describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../runtime/index.ts';
import { StoreModel } from '../test/support/store-model.ts';
import { type Recording, record } from '../test/support/store-recorder.ts';
import { ALL } from '../test/support/store-steps.ts';
import { tempDirectory } from '../test/support/temp-directory.ts';
import { violations } from '../test/support/watch-validators.ts';
import {
  type Compare,
  type KeyRange,
  type Operation,
  openLevelStore,
  openMemoryStore,
  type RangeOptions,
  type Store,
  type Transaction,
} from './index.ts';

const KEYS = ['/a', '/a/1', '/a/2', '/a/22', '/b', '/b/1', '/b/ü', '/c', '/c/1', '/d'];
const ROUNDS = 120;
/** More than a recent revision is, so that both ways to read the past are taken. */
const LONG_ROUNDS = 1200;
const WATCHES_MAX = 12;

class Chance {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  in(share: number): boolean {
    return this.#random.next() < share;
  }

  upTo(bound: number): number {
    return this.#random.integer(bound);
  }

  of<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    const choice = choices[this.upTo(choices.length)];
    if (choice === undefined) throw new Error('nothing to choose from');
    return choice;
  }

  range(): KeyRange {
    const key = this.of(KEYS);
    if (this.in(0.4)) return { key };
    return this.in(0.2) ? ALL : { key, end: this.of([...KEYS, '/a0', '/b0', '/z']) };
  }

  options(): RangeOptions {
    return { limit: this.of([0, 0, 1, 3]), keysOnly: this.in(0.2), countOnly: this.in(0.1) };
  }

  value(): Buffer {
    return Buffer.from(`value ${this.upTo(5)}`);
  }

  compare(revision: number): Compare {
    const is = this.of(['=', '!=', '<', '>'] as const);
    const key = this.of(KEYS);
    const target = this.of(['mod', 'create', 'version', 'value'] as const);
    if (target === 'value') return { key, target, is, than: this.value() };
    return { key, target, is, than: target === 'version' ? this.upTo(4) : Math.max(0, revision - this.upTo(12)) };
  }

  operations(): Operation[] {
    const puts = KEYS.filter(() => this.in(0.15));
    const operations: Operation[] = puts.map((key) => ({ op: 'put', key, value: this.value(), prevKv: this.in(0.3) }));
    const range = this.range();
    const clash = puts.some((key) => (range.end === undefined ? key === range.key : key >= range.key && key < range.end));
    if (this.in(0.3) && !clash) operations.push({ op: 'delete', range, prevKv: this.in(0.3) });
    if (this.in(0.3)) operations.splice(this.upTo(operations.length + 1), 0, { op: 'range', range: this.range(), options: this.options() });
    return operations;
  }

  transaction(revision: number): Transaction {
    const compare = this.in(0.5) ? [this.compare(revision)] : [];
    return { compare, success: this.operations(), failure: this.operations() };
  }
}

/** A store and its model, worked on alike. */
class Pair {
  readonly model = new StoreModel();
  readonly watches: Recording[] = [];
  readonly chance: Chance;
  store: Store;
  compacted = 0;

  constructor(store: Store, chance: Chance) {
    this.store = store;
    this.chance = chance;
  }

  /** Some transactions at once. */
  async write(): Promise<void> {
    const transactions = Array.from({ length: 1 + this.chance.upTo(6) }, () => this.chance.transaction(this.model.revision));
    const answers = Promise.all(transactions.map((transaction) => this.store.txn(transaction)));
    const expected = transactions.map((transaction) => this.model.txn(transaction));
    expect(await answers).toEqual(expected);
    expect(this.store.revision).toBe(this.model.revision);
  }

  async read(): Promise<void> {
    const oldest = Math.max(1, this.compacted);
    const revision = oldest + this.chance.upTo(this.model.revision - oldest + 1);
    const options = { ...this.chance.options(), ...(this.chance.in(0.7) ? { revision } : {}) };
    const range = this.chance.range();
    expect(await this.store.range(range, options)).toEqual(this.model.range(range, options));
  }

  watch(): void {
    const oldest = Math.max(1, this.compacted);
    const fromRevision = oldest + this.chance.upTo(this.model.revision - oldest + 4);
    const slow = this.chance.in(0.3) ? () => new Promise<void>((resolve) => setImmediate(resolve)) : undefined;
    const options = { fromRevision, prevKv: this.chance.in(0.5) };
    this.watches.push(record(this.store, this.chance.range(), options, slow));
    this.#prevKv.set(this.watches.at(-1), options.prevKv);
  }
  readonly #prevKv = new Map<Recording | undefined, boolean>();

  async compact(): Promise<void> {
    const span = this.model.revision - this.compacted;
    if (span < 2) return;
    const revision = this.compacted + 1 + this.chance.upTo(span);
    await this.settle();
    await this.store.compact(revision);
    this.compacted = revision;
  }

  /** Waits for every watch, and checks it whole. */
  async settle(): Promise<void> {
    for (const watch of this.watches) {
      await watch.caughtUp(this.model.revision);
      const truth = this.model.history(watch.range, watch.from, this.#prevKv.get(watch) ?? false);
      expect(violations({ from: watch.from, batches: watch.batches, truth })).toEqual([]);
      expect(watch.events()).toEqual(truth);
    }
    while (this.watches.length > WATCHES_MAX) this.watches.shift()?.[Symbol.dispose]();
  }

  async step(): Promise<void> {
    await this.write();
    if (this.chance.in(0.5)) await this.read();
    if (this.chance.in(0.1)) this.watch();
    if (this.chance.in(0.02)) await this.settle();
  }
}

async function closeAll(pair: Pair): Promise<void> {
  await pair.settle();
  await pair.store.close();
  for (const watch of pair.watches.splice(0)) expect(await watch.end()).toBeUndefined();
}

describe('random work', () => {
  test.each([1, 2, 3])('in memory, seed %i', async (seed) => {
    const pair = new Pair(await openMemoryStore(), new Chance(seed));
    for (let round = 0; round < ROUNDS; round++) {
      await pair.step();
      if (pair.chance.in(0.01)) await pair.compact();
    }
    await closeAll(pair);
  });

  test('in memory without compaction, seed 5', async () => {
    const pair = new Pair(await openMemoryStore(), new Chance(5));
    for (let round = 0; round < LONG_ROUNDS; round++) {
      await pair.write();
      if (pair.chance.in(0.3)) await pair.read();
    }
    expect(pair.model.revision).toBeGreaterThan(2500);
    for (let read = 0; read < 200; read++) await pair.read();
    await closeAll(pair);
  });

  test.each([6, 7])('on disk with restarts, seed %i', async (seed) => {
    await using directory = await tempDirectory();
    const open = () => openLevelStore({ directory: directory.path });
    const pair = new Pair(await open(), new Chance(seed));
    for (let round = 0; round < ROUNDS; round++) {
      await pair.step();
      if (pair.chance.in(0.02)) await pair.compact();
      if (!pair.chance.in(0.03)) continue;
      await closeAll(pair);
      pair.store = await open();
    }
    await closeAll(pair);
  });
});
