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
  inRange,
  type KeyRange,
  type Operation,
  openLevelStore,
  openMemoryStore,
  type RangeOptions,
  type Store,
  StoreError,
  type Transaction,
} from './index.ts';

const KEYS = ['/a', '/a/1', '/a/2', '/a/22', '/b', '/b/1', '/b/ü', '/c', '/c/1', '/d'];
const LEASES = 4;
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
    const options = { limit: this.of([0, 0, 1, 3]), keysOnly: this.in(0.2), countOnly: this.in(0.1) };
    if (this.in(0.6)) return options;
    const bound = 1 + this.upTo(60);
    const bounds = this.in(0.5) ? { modRevisionMin: bound } : { modRevisionMax: bound };
    return this.in(0.5) ? { ...options, ...bounds } : { ...options, sort: { by: 'key', descending: true } };
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

  operations(model: StoreModel, keys: readonly string[] = KEYS): Operation[] {
    const puts = keys.filter(() => this.in(0.15));
    const operations: Operation[] = puts.map((key) => {
      const lease = model.leases.length > 0 && this.in(0.3) ? this.of(model.leases) : undefined;
      return { op: 'put', key, value: this.value(), prevKv: this.in(0.3), lease };
    });
    const range = this.range();
    const clash = puts.some((key) => inRange(key, range));
    if (this.in(0.3) && !clash && keys === KEYS) operations.push({ op: 'delete', range, prevKv: this.in(0.3) });
    if (this.in(0.3)) operations.splice(this.upTo(operations.length + 1), 0, { op: 'range', range: this.range(), options: this.options() });
    const free = KEYS.filter((key) => !puts.includes(key) && !operations.some((each) => each.op === 'delete' && inRange(key, each.range)));
    if (keys === KEYS && this.in(0.15)) operations.push({ op: 'txn', ...this.transaction(model, free) });
    return operations;
  }

  transaction(model: StoreModel, keys: readonly string[] = KEYS): Transaction {
    const compare = this.in(0.5) ? [this.compare(model.revision)] : [];
    return { compare, success: this.operations(model, keys), failure: this.operations(model, keys) };
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

  /** Some transactions, grants and revocations at once. */
  async write(): Promise<void> {
    const expected: unknown[] = [];
    const answers = Array.from({ length: 1 + this.chance.upTo(6) }, () => {
      const { answer, expects } = this.#work();
      expected.push(expects);
      return answer;
    });
    expect(await Promise.all(answers)).toEqual(expected);
    expect(this.store.revision).toBe(this.model.revision);
  }

  #work(): { answer: Promise<unknown>; expects: unknown } {
    const { store, model, chance } = this;
    const id = BigInt(1 + chance.upTo(LEASES));
    if (chance.in(0.04)) {
      const asked = { id, ttlSeconds: 1000 };
      return { answer: store.leases.grant(asked).catch(codeOf), expects: model.grant(id) ? asked : 'LeaseExists' };
    }
    if (chance.in(0.04)) return { answer: store.leases.revoke(id).catch(codeOf), expects: model.revoke(id) ?? 'LeaseNotFound' };
    const transaction = chance.transaction(model);
    return { answer: store.txn(transaction), expects: model.txn(transaction) };
  }

  async leases(): Promise<void> {
    expect(await this.store.leases.list()).toEqual(this.model.leases);
    for (const id of this.model.leases) {
      const keys = this.model.attached(id).map((kv) => kv.key);
      expect((await this.store.leases.timeToLive(id, { keys: true })).keys).toEqual(keys);
    }
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
    if (this.chance.in(0.05)) await this.leases();
    if (this.chance.in(0.02)) await this.settle();
  }
}

const codeOf = (error: unknown) => (error instanceof StoreError ? error.code : error);

async function closeAll(pair: Pair): Promise<void> {
  await pair.settle();
  await pair.leases();
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
