/** The store as plainly as it can be written: every state kept whole. What the real one is compared with. */
import type {
  Compare,
  KeyRange,
  KeyValue,
  Operation,
  OperationResult,
  RangeOptions,
  RangeResult,
  Revision,
  StoreEvent,
  Transaction,
  TransactionResult,
} from '../../store/index.ts';

type State = ReadonlyMap<string, KeyValue>;

const includes = ({ key, end }: KeyRange, candidate: string): boolean =>
  end === undefined ? candidate === key : candidate >= key && candidate < end;

export class StoreModel {
  /** By revision; nothing happened below 2. */
  readonly #states: State[] = [new Map(), new Map()];
  readonly #events: StoreEvent[] = [];

  get revision(): Revision {
    return this.#states.length - 1;
  }

  txn(transaction: Transaction): TransactionResult {
    const next = new Map(this.#states.at(-1));
    const succeeded = transaction.compare.every((compare) => holds(compare, next.get(compare.key)));
    const before = this.#events.length;
    const results = (succeeded ? transaction.success : (transaction.failure ?? [])).map((operation) => this.#apply(operation, next));
    if (this.#events.length > before) this.#states.push(next);
    const { revision } = this;
    return { succeeded, revision, results: results.map((result) => (result.op === 'range' ? { ...result, revision } : result)) };
  }

  #apply(operation: Operation, state: Map<string, KeyValue>): OperationResult {
    switch (operation.op) {
      case 'put': {
        const prev = state.get(operation.key);
        this.#put(operation.key, operation.value, state);
        return operation.prevKv && prev ? { op: 'put', prev } : { op: 'put' };
      }
      case 'delete': {
        const prev = within(state, operation.range);
        for (const kv of prev) this.#delete(kv, state);
        return operation.prevKv ? { op: 'delete', deleted: prev.length, prev } : { op: 'delete', deleted: prev.length };
      }
      case 'range':
        return { op: 'range', ...this.#read(state, operation.range, operation.options) };
      case 'txn':
        throw new Error('the model knows no nested transactions');
    }
  }

  #put(key: string, value: Buffer, state: Map<string, KeyValue>): void {
    const prev = state.get(key);
    const modRevision = this.revision + 1;
    const kv = { key, value, modRevision, createRevision: prev?.createRevision ?? modRevision, version: (prev?.version ?? 0) + 1 };
    state.set(key, kv);
    this.#events.push(prev ? { type: 'put', kv, prev } : { type: 'put', kv });
  }

  #delete(prev: KeyValue, state: Map<string, KeyValue>): void {
    state.delete(prev.key);
    const kv = { key: prev.key, value: Buffer.alloc(0), modRevision: this.revision + 1, createRevision: 0, version: 0 };
    this.#events.push({ type: 'delete', kv, prev });
  }

  range(range: KeyRange, options: RangeOptions = {}): RangeResult {
    return this.#read(this.#states[options.revision ?? this.revision] ?? new Map(), range, options);
  }

  #read(state: State, range: KeyRange, options: RangeOptions = {}): RangeResult {
    const all = within(state, range);
    const limited = options.limit ? all.slice(0, options.limit) : all;
    const kvs = options.countOnly ? [] : options.keysOnly ? limited.map((kv) => ({ ...kv, value: Buffer.alloc(0) })) : limited;
    return { revision: this.revision, kvs, count: all.length, more: !options.countOnly && limited.length < all.length };
  }

  /** What a watch from a revision is told of, in order. */
  history(range: KeyRange, from: Revision, prevKv: boolean): StoreEvent[] {
    const wanted = this.#events.filter(({ kv }) => kv.modRevision >= from && includes(range, kv.key));
    return prevKv ? wanted : wanted.map(({ type, kv }) => ({ type, kv }));
  }
}

function within(state: State, range: KeyRange): KeyValue[] {
  return [...state.values()].filter((kv) => includes(range, kv.key)).sort((a, b) => (a.key < b.key ? -1 : 1));
}

function holds(compare: Compare, kv: KeyValue | undefined): boolean {
  if (compare.target === 'value') return kv !== undefined && relate(Buffer.compare(kv.value, compare.than), compare.is);
  if (compare.target === 'lease') return relate(Number((kv?.lease ?? 0n) - compare.than), compare.is);
  const actual = { mod: kv?.modRevision, create: kv?.createRevision, version: kv?.version }[compare.target] ?? 0;
  return relate(actual - compare.than, compare.is);
}

function relate(difference: number, is: Compare['is']): boolean {
  return { '=': difference === 0, '!=': difference !== 0, '<': difference < 0, '>': difference > 0 }[is];
}
