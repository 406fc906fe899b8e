/** Indexes from `first` to `last`, both among them. */
export interface Interval {
  readonly first: number;
  readonly last: number;
}

/**
 * Indexes as ordered intervals that neither overlap nor touch: the size of what they say does not grow with the number of indexes.
 * Upstream: `pkg/controller/job/indexed_job_utils.go`.
 */
export type Intervals = readonly Interval[];

/** `1,3-5,7` as intervals, without what lies beyond `completions`; what is no interval is passed over, as upstream does. */
export function parseIntervals(text: string | undefined, completions: number): Intervals {
  const parsed: Interval[] = [];
  for (const part of text ? text.split(',') : []) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) continue;
    const first = Number(match[1]);
    if (first >= completions) break;
    parsed.push({ first, last: Math.min(Number(match[2] ?? first), completions - 1) });
  }
  return mergeIntervals(parsed, []);
}

/** All indexes of both. */
export function mergeIntervals(a: Intervals, b: Intervals): Intervals {
  const merged: Interval[] = [];
  for (const interval of [...a, ...b].sort((x, y) => x.first - y.first)) {
    const previous = merged.at(-1);
    if (!previous || interval.first > previous.last + 1) merged.push(interval);
    else if (interval.last > previous.last) merged[merged.length - 1] = { first: previous.first, last: interval.last };
  }
  return merged;
}

/** The indexes, and these. */
export const withIndexes = (intervals: Intervals, indexes: Iterable<number>): Intervals =>
  mergeIntervals(
    intervals,
    [...indexes].map((index) => ({ first: index, last: index })),
  );

/** How many indexes there are. */
export const countIndexes = (intervals: Intervals): number => intervals.reduce((sum, { first, last }) => sum + last - first + 1, 0);

/** Whether the index is one of them. */
export function hasIndex(intervals: Intervals, index: number): boolean {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((intervals[middle]?.last ?? 0) >= index) high = middle;
    else low = middle + 1;
  }
  const found = intervals[low];
  return found !== undefined && found.first <= index;
}

/** As a status says it: a range of two is two numbers. */
export const formatIntervals = (intervals: Intervals): string =>
  intervals
    .map(({ first, last }) => (first === last ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`))
    .join(',');

/** The first `count` indexes below `completions` that are not `taken`. */
export function firstPending(taken: Intervals, count: number, completions: number): number[] {
  const pending: number[] = [];
  let candidate = 0;
  for (const { first, last } of [...taken, { first: completions, last: completions }]) {
    for (; candidate < Math.min(first, completions) && pending.length < count; candidate++) pending.push(candidate);
    candidate = Math.max(candidate, last + 1);
  }
  return pending;
}
