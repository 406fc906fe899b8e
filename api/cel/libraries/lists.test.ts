// Functions on lists and sets, each with what it gives (apiserver, `pkg/cel/library/lists.go`; cel-go, `ext/sets.go`).
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, outcome: string];

const INPUTS = { values: { text: 'a', object: { name: 'n', list: [1, 2.5, 'x', null], nested: { deep: true } } } };

const LISTS: readonly Case[] = [
  ['[1, 2, 3].isSorted()', 'true'],
  ['[1, 3, 2].isSorted()', 'false'],
  ["['a', 'b'].isSorted()", 'true'],
  ['[].isSorted()', 'true'],
  ['[2.0, 1.0].isSorted()', 'false'],
  ['[false, true].isSorted()', 'true'],
  ["[b'a', b'b'].isSorted()", 'true'],
  ["[duration('1s'), duration('2s')].isSorted()", 'true'],
  ['[timestamp(2), timestamp(1)].isSorted()', 'false'],
  ['[1, 2, 3].sum()', '6'],
  ['[1u, 2u].sum()', '3u'],
  ['[1.5, 2.5].sum()', '4.0'],
  ["[duration('1m'), duration('1s')].sum()", 'duration(61s)'],
  ['[9223372036854775807, 1].sum()', 'error: integer overflow'],
  ['[1].filter(x, x > 1).sum()', '0'],
  ["[''].sum()", "ERROR: <input>:1:9: found no matching overload for 'sum' applied to 'list(string).()'\n | [''].sum()\n | ........^"],
  ['[3, 1, 2].min()', '1'],
  ['[3, 1, 2].max()', '3'],
  ["['b', 'a'].min()", '"a"'],
  ['[1.5, 0.5].max()', '1.5'],
  ['[1].filter(x, x > 1).min()', 'error: min called on empty list'],
  ['[1].filter(x, x > 1).max()', 'error: max called on empty list'],
  ['[1, 2, 2].indexOf(2)', '1'],
  ['[1, 2, 2].lastIndexOf(2)', '2'],
  ['[1, 2].indexOf(3)', '-1'],
  ["['a'].lastIndexOf('b')", '-1'],
  ["object.list.indexOf('x')", '2'],
  ['object.list.isSorted()', 'error: no such overload'],
  ['object.list.filter(x, x != null).isSorted()', 'true'],
  ['object.list.filter(x, x != null).max()', '2.5'],
  ['object.list.min()', 'error: no such overload'],
];

const SETS: readonly Case[] = [
  ['sets.contains([1, 2, 3], [2])', 'true'],
  ['sets.contains([1, 2], [3])', 'false'],
  ['sets.contains([1], [])', 'true'],
  ['sets.contains([dyn(1)], [dyn(1.0)])', 'true'],
  ['sets.equivalent([1, 2, 2], [2, 1])', 'true'],
  ['sets.equivalent([1], [1, 2])', 'false'],
  ['sets.intersects([1, 2], [2, 3])', 'true'],
  ['sets.intersects([1], [2])', 'false'],
  ['sets.intersects([], [1])', 'false'],
  [
    "sets.contains([1], ['a'])",
    "ERROR: <input>:1:14: found no matching overload for 'sets.contains' applied to '(list(int), list(string))'\n | sets.contains([1], ['a'])\n | .............^",
  ],
];

const LATER: readonly Case[] = [
  [
    '[1, [2]].flatten()',
    "ERROR: <input>:1:17: undeclared reference to 'flatten' (in container '')\n | [1, [2]].flatten()\n | ................^",
  ],
  ['[1, 2].slice(0, 1)', "ERROR: <input>:1:13: undeclared reference to 'slice' (in container '')\n | [1, 2].slice(0, 1)\n | ............^"],
  [
    '[1, 1].distinct()',
    "ERROR: <input>:1:16: undeclared reference to 'distinct' (in container '')\n | [1, 1].distinct()\n | ...............^",
  ],
  ['[2, 1].sort()', "ERROR: <input>:1:12: undeclared reference to 'sort' (in container '')\n | [2, 1].sort()\n | ...........^"],
  ["'abc'.reverse()", "ERROR: <input>:1:14: undeclared reference to 'reverse' (in container '')\n | 'abc'.reverse()\n | .............^"],
  [
    'lists.range(3)',
    "ERROR: <input>:1:1: undeclared reference to 'lists' (in container '')\n | lists.range(3)\n | ^\nERROR: <input>:1:12: undeclared reference to 'range' (in container '')\n | lists.range(3)\n | ...........^",
  ],
];

describe('functions on lists', () => {
  it.each(LISTS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression, INPUTS)).toBe(outcome);
  });
});

describe('functions on sets', () => {
  it.each(SETS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression, INPUTS)).toBe(outcome);
  });
});

describe('functions that new expressions may use from 1.35 on', () => {
  it.each(LATER)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression, INPUTS)).toBe(outcome);
  });
});
