/**
 * Random work on a store and on the plain model: every answer and every watch must be the same.
 */
import { expect } from 'vitest';
import { type Random, seededRandom } from '../../runtime/index.ts';
import {
  type Compare,
  inRange,
  type KeyRange,
  type Operation,
  type RangeOptions,
  type Store,
  StoreError,
  type Transaction,
} from '../../store/index.ts';
import { StoreModel } from './store-model.ts';
import { type Recording, record } from './store-recorder.ts';
import { ALL } from './store-steps.ts';
import { violations } from './watch-validators.ts';

const KEYS = ['/a', '/a/1', '/a/2', '/a/22', '/b', '/b/1', '/b/ü', '/c', '/c/1', '/d'];
const LEASES = 4;
const WATCHES_MAX = 12;

export class Chance {
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

/** What a store on the other side of a network does not promise. */
export interface PairTraits {
  /** What is asked at the same time is done in any order: so nothing is. */
  readonly remote?: boolean | undefined;
}

/** A store and its model, worked on alike. */
export class Pair {
  readonly model = new StoreModel();
  readonly watches: Recording[] = [];
  readonly chance: Chance;
  store: Store;
  compacted = 0;

  readonly #remote: boolean;

  constructor(store: Store, chance: Chance, { remote = false }: PairTraits = {}) {
    this.store = store;
    this.chance = chance;
    this.#remote = remote;
  }

  /** Some transactions, grants and revocations at once. */
  async write(): Promise<void> {
    const expected: unknown[] = [];
    const answers: unknown[] = [];
    for (let left = 1 + this.chance.upTo(6); left > 0; left--) {
      const { answer, expects } = this.#work();
      expected.push(expects);
      answers.push(this.#remote ? await answer : answer);
    }
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
    // Of what the compacted revision changed, etcd does not tell everything.
    const oldest = Math.max(1, this.#remote ? this.compacted + 1 : this.compacted);
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

export async function closeAll(pair: Pair): Promise<void> {
  await pair.settle();
  await pair.leases();
  await pair.store.close();
  for (const watch of pair.watches.splice(0)) expect(await watch.end()).toBeUndefined();
}
