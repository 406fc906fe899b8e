/** What the options of a range make of its states: which are wanted, in what order, with or without their values. */
import type { KeyValue, RangeOptions, RangeSort } from '../store.ts';
import type { KeyState } from './log-codec.ts';

const NO_VALUE: Buffer = Buffer.alloc(0);

export interface Shaped {
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
}

type Load = (states: readonly KeyState[]) => Promise<readonly KeyValue[]>;

/** Whether a limit can be applied before anything else: nothing is left out, and the order is that of the keys. */
export const isPlain = (options: RangeOptions): boolean =>
  options.sort === undefined &&
  options.modRevisionMin === undefined &&
  options.modRevisionMax === undefined &&
  options.createRevisionMin === undefined &&
  options.createRevisionMax === undefined;

/** @param all the states of the range, in the order of their keys. */
export async function shape(all: readonly KeyState[], options: RangeOptions, load: Load): Promise<Shaped> {
  if (options.countOnly) return { kvs: [], more: false };
  const matching = isPlain(options) ? all : all.filter((state) => isWithin(state, options));
  const { sort } = options;
  if (sort?.by === 'value') return shapeByValue(matching, options, load);
  const sorted = sort ? inOrder(matching, sort.descending, comparators[sort.by]) : matching;
  const wanted = cut(sorted, options.limit);
  const kvs = options.keysOnly ? wanted.map((state) => toKeyValue(state, NO_VALUE)) : await load(wanted);
  return { kvs, more: wanted.length < sorted.length };
}

async function shapeByValue(matching: readonly KeyState[], options: RangeOptions, load: Load): Promise<Shaped> {
  const sorted = inOrder(await load(matching), options.sort?.descending, (a, b) => Buffer.compare(a.value, b.value));
  const wanted = cut(sorted, options.limit);
  return { kvs: options.keysOnly ? wanted.map((kv) => ({ ...kv, value: NO_VALUE })) : wanted, more: wanted.length < sorted.length };
}

const comparators: Readonly<Record<Exclude<RangeSort['by'], 'value'>, (a: KeyState, b: KeyState) => number>> = {
  key: () => 0,
  version: (a, b) => a.version - b.version,
  create: (a, b) => a.createRevision - b.createRevision,
  mod: (a, b) => a.modRevision - b.modRevision,
};

function inOrder<T>(items: readonly T[], descending: boolean | undefined, compare: (a: T, b: T) => number): readonly T[] {
  const sorted = [...items].sort(compare);
  return descending ? sorted.reverse() : sorted;
}

const cut = <T>(items: readonly T[], limit: number | undefined): readonly T[] => (limit ? items.slice(0, limit) : items);

function isWithin({ modRevision, createRevision }: KeyState, options: RangeOptions): boolean {
  const { modRevisionMin = 0, modRevisionMax = Number.POSITIVE_INFINITY } = options;
  const { createRevisionMin = 0, createRevisionMax = Number.POSITIVE_INFINITY } = options;
  return (
    modRevision >= modRevisionMin &&
    modRevision <= modRevisionMax &&
    createRevision >= createRevisionMin &&
    createRevision <= createRevisionMax
  );
}

/** A state with its value, as the store's users see it. */
export function toKeyValue(state: KeyState, value: Buffer): KeyValue {
  return {
    key: state.key,
    value,
    createRevision: state.createRevision,
    modRevision: state.modRevision,
    version: state.version,
    lease: state.lease,
  };
}
