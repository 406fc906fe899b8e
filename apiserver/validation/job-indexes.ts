// Lists of indexes, such as `1,3-5,7`: which of an indexed job's pods succeeded or failed. Upstream: `validateIndexesFormat`.

/** What does not fit into 64 bits is no number to upstream. */
const INT64_LIMIT = 2 ** 63;

/** What is wrong with a list of indexes. */
export class IndexesError extends Error {
  override readonly name = 'IndexesError';
}

interface Interval {
  readonly first: number;
  readonly last: number;
}

/** @returns how many there are. @throws IndexesError when it is not one of ascending indexes below `completions`. */
export function parseIndexes(text: string, completions: number): number {
  let total = 0;
  let last: number | undefined;
  for (const interval of text === '' ? [] : text.split(',')) {
    const parsed = parseInterval(interval, completions);
    if (last !== undefined && last >= parsed.first) throw notIncreasing(last, parsed.first);
    total += parsed.last - parsed.first + 1;
    ({ last } = parsed);
  }
  return total;
}

/** The first index that two lists share; intervals that cannot be read are passed over, since {@link parseIndexes} tells of them. */
export function sharedIndex(text: string, other: string, completions: number): number | undefined {
  const intervals = readable(text, completions);
  const others = readable(other, completions);
  for (const a of intervals) {
    const b = others.find(({ first, last }) => a.first <= last && first <= a.last);
    if (b) return Math.max(a.first, b.first);
  }
  return undefined;
}

function readable(text: string, completions: number): Interval[] {
  return text.split(',').flatMap((interval) => {
    try {
      return [parseInterval(interval, completions)];
    } catch (error) {
      if (error instanceof IndexesError) return [];
      throw error;
    }
  });
}

function parseInterval(text: string, completions: number): Interval {
  const [first = '', last, ...more] = text.split('-');
  if (more.length > 0) {
    throw new IndexesError(
      `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`,
    );
  }
  const x = parseIndex(first, completions);
  if (last === undefined) return { first: x, last: x };
  const y = parseIndex(last, completions);
  if (x >= y) throw notIncreasing(x, y);
  return { first: x, last: y };
}

function parseIndex(text: string, completions: number): number {
  const index = Number(text);
  if (!/^\+?[0-9]+$/.test(text) || index >= INT64_LIMIT) {
    throw new IndexesError(`cannot convert string to integer for index: ${JSON.stringify(text)}`);
  }
  if (index >= completions) throw new IndexesError(`too large index: ${JSON.stringify(text)}`);
  return index;
}

const notIncreasing = (previous: number, current: number): IndexesError =>
  new IndexesError(`non-increasing order, previous: ${previous}, current: ${current}`);
