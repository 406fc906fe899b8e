/** The store as plainly as it can be written: every state kept whole. What the real one is compared with. */
import type {
  Compare,
  KeyRange,
  KeyValue,
  LeaseId,
  Operation,
  OperationResult,
  Put,
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
  readonly #leases = new Set<LeaseId>();

  get revision(): Revision {
    return this.#states.length - 1;
  }

  txn(transaction: Transaction): TransactionResult {
    const next = new Map(this.#states.at(-1));
    const before = this.#events.length;
    const { succeeded, results } = this.#do(transaction, this.#states.at(-1) ?? next, next);
    if (this.#events.length > before) this.#states.push(next);
    const { revision } = this;
    return { succeeded, revision, results: results.map((result) => stamped(result, revision)) };
  }

  /** @param before what is compared, by the transactions within too. */
  #do(transaction: Transaction, before: State, next: Map<string, KeyValue>): TransactionResult {
    const succeeded = transaction.compare.every((compare) => holds(compare, before.get(compare.key)));
    const operations = succeeded ? transaction.success : (transaction.failure ?? []);
    const results = operations.map(
      (operation): OperationResult =>
        operation.op === 'txn' ? { op: 'txn', ...this.#do(operation, before, next) } : this.#apply(operation, next),
    );
    return { succeeded, revision: 0, results };
  }

  /** Whether the id was free. */
  grant(id: LeaseId): boolean {
    if (this.#leases.has(id)) return false;
    this.#leases.add(id);
    return true;
  }

  /** Undefined when there is no such lease. */
  revoke(id: LeaseId): Revision | undefined {
    if (!this.#leases.delete(id)) return undefined;
    const next = new Map(this.#states.at(-1));
    const attached = this.attached(id);
    for (const kv of attached) this.#delete(kv, next);
    if (attached.length > 0) this.#states.push(next);
    return this.revision;
  }

  /** The leases there are, ascending. */
  get leases(): readonly LeaseId[] {
    return [...this.#leases].sort((a, b) => (a < b ? -1 : 1));
  }

  /** The keys attached to a lease, in order. */
  attached(id: LeaseId): KeyValue[] {
    return within(this.#states.at(-1) ?? new Map(), { key: '', end: '\uffff' }).filter((kv) => kv.lease === id);
  }

  #apply(operation: Exclude<Operation, { op: 'txn' }>, state: Map<string, KeyValue>): OperationResult {
    switch (operation.op) {
      case 'put': {
        const prev = state.get(operation.key);
        this.#put(operation, state);
        return operation.prevKv && prev ? { op: 'put', prev } : { op: 'put' };
      }
      case 'delete': {
        const prev = within(state, operation.range);
        for (const kv of prev) this.#delete(kv, state);
        return operation.prevKv ? { op: 'delete', deleted: prev.length, prev } : { op: 'delete', deleted: prev.length };
      }
      case 'range':
        return { op: 'range', ...this.#read(state, operation.range, operation.options) };
    }
  }

  #put({ key, value, lease }: Put, state: Map<string, KeyValue>): void {
    const prev = state.get(key);
    const modRevision = this.revision + 1;
    const kv = { key, value, modRevision, createRevision: prev?.createRevision ?? modRevision, version: (prev?.version ?? 0) + 1, lease };
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
    const { modRevisionMin: min = 0, modRevisionMax: max = Number.POSITIVE_INFINITY, sort } = options;
    const wanted = all.filter(({ modRevision }) => modRevision >= min && modRevision <= max);
    if (sort?.descending) wanted.reverse();
    const limited = options.limit ? wanted.slice(0, options.limit) : wanted;
    const kvs = options.countOnly ? [] : options.keysOnly ? limited.map((kv) => ({ ...kv, value: Buffer.alloc(0) })) : limited;
    return { revision: this.revision, kvs, count: all.length, more: !options.countOnly && limited.length < wanted.length };
  }

  /** What a watch from a revision is told of, in order. */
  history(range: KeyRange, from: Revision, prevKv: boolean): StoreEvent[] {
    const wanted = this.#events.filter(({ kv }) => kv.modRevision >= from && includes(range, kv.key));
    return prevKv ? wanted : wanted.map(({ type, kv }) => ({ type, kv }));
  }
}

function stamped(result: OperationResult, revision: Revision): OperationResult {
  if (result.op === 'range') return { ...result, revision };
  if (result.op === 'txn') return { ...result, revision, results: result.results.map((each) => stamped(each, revision)) };
  return result;
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
