import { describe, expect, it } from 'vitest';
import { countIndexes, firstPending, formatIntervals, hasIndex, mergeIntervals, parseIntervals, withIndexes } from './indexes.ts';
import { matchSuccessPolicy } from './success-policy.ts';

describe('intervals', () => {
  it.each([
    { text: '', completions: 10, is: '' },
    { text: undefined, completions: 10, is: '' },
    { text: '3', completions: 10, is: '3' },
    { text: '1,2', completions: 10, is: '1,2' },
    { text: '1,2,3', completions: 10, is: '1-3' },
    { text: '0-2,4,6-9', completions: 10, is: '0-2,4,6-9' },
    { text: '0-5,8', completions: 4, is: '0-3' },
    { text: '7,8', completions: 4, is: '' },
    { text: 'x,2,3-y,5', completions: 10, is: '2,5' },
  ])('reads $text of $completions as $is', ({ text, completions, is }) => {
    expect(formatIntervals(parseIntervals(text, completions))).toBe(is);
  });

  it.each([
    { a: '', add: [], is: '' },
    { a: '', add: [5, 3, 4], is: '3-5' },
    { a: '1,3', add: [2], is: '1-3' },
    { a: '0-3', add: [1, 2], is: '0-3' },
    { a: '4-6', add: [0, 8], is: '0,4-6,8' },
  ])('adds $add to $a', ({ a, add, is }) => {
    expect(formatIntervals(withIndexes(parseIntervals(a, 100), add))).toBe(is);
  });

  it('merges, counts and finds', () => {
    const merged = mergeIntervals(parseIntervals('0-3,10-12', 100), parseIntervals('2-5,7,11-20', 100));
    expect(formatIntervals(merged)).toBe('0-5,7,10-20');
    expect(countIndexes(merged)).toBe(18);
    expect([0, 5, 6, 7, 8, 10, 20, 21].map((index) => hasIndex(merged, index))).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
      true,
      false,
    ]);
    expect(hasIndex([], 0)).toBe(false);
  });

  it.each([
    { taken: '', count: 3, completions: 5, is: [0, 1, 2] },
    { taken: '0,2-3', count: 3, completions: 6, is: [1, 4, 5] },
    { taken: '0-5', count: 3, completions: 6, is: [] },
    { taken: '', count: 0, completions: 6, is: [] },
    { taken: '1', count: 9, completions: 3, is: [0, 2] },
  ])('finds $count pending of $completions beside $taken', ({ taken, count, completions, is }) => {
    expect(firstPending(parseIntervals(taken, 100), count, completions)).toEqual(is);
  });
});

describe('matchSuccessPolicy', () => {
  const met = (index: number) => `Matched rules at index ${index}`;
  it.each([
    { why: 'no policy', rules: undefined, succeeded: '0-9', is: undefined },
    { why: 'nothing has succeeded', rules: [{ succeededCount: 0 }], succeeded: '', is: undefined },
    { why: 'the count is reached', rules: [{ succeededCount: 2 }], succeeded: '1,7', is: met(0) },
    { why: 'the count is not reached', rules: [{ succeededCount: 3 }], succeeded: '1,7', is: undefined },
    { why: 'all the indexes are there', rules: [{ succeededIndexes: '0-1,5' }], succeeded: '0-5', is: met(0) },
    { why: 'one is missing', rules: [{ succeededIndexes: '0-1,5' }], succeeded: '0-4', is: undefined },
    { why: 'enough of the indexes', rules: [{ succeededIndexes: '0-4', succeededCount: 2 }], succeeded: '3-4,8', is: met(0) },
    { why: 'too few of the indexes', rules: [{ succeededIndexes: '0-4', succeededCount: 3 }], succeeded: '3-4,8', is: undefined },
    { why: 'the second rule', rules: [{ succeededIndexes: '0' }, { succeededCount: 1 }], succeeded: '4', is: met(1) },
    { why: 'a rule of nonsense', rules: [{ succeededIndexes: 'x' }, { succeededIndexes: '4' }], succeeded: '4', is: met(1) },
    { why: 'indexes the job no longer has', rules: [{ succeededIndexes: '4,20' }], succeeded: '4', is: met(0) },
  ])('$why', ({ rules, succeeded, is }) => {
    expect(matchSuccessPolicy(rules && { rules }, 10, parseIntervals(succeeded, 10))).toBe(is);
  });
});
