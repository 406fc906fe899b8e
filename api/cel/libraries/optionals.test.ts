// Optional values, and the chains that lead to them (cel-go, `cel/library.go`).
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, outcome: string];

const INPUTS = { values: { text: 'a', object: { name: 'n', list: [1, 2.5, 'x', null], nested: { deep: true } } } };

const OPTIONALS: readonly Case[] = [
  ['optional.of(1)', 'optional(1)'],
  ['optional.none()', 'none'],
  ['optional.ofNonZeroValue(0)', 'none'],
  ["optional.ofNonZeroValue('')", 'none'],
  ['optional.ofNonZeroValue([1])', 'optional([1])'],
  ['optional.of(1).hasValue()', 'true'],
  ['optional.none().hasValue()', 'false'],
  ['optional.of(1).value()', '1'],
  ['optional.none().value()', 'error: optional.none() dereference'],
  ['optional.none().orValue(2)', '2'],
  ['optional.of(1).orValue(2)', '1'],
  ['optional.none().or(optional.of(3))', 'optional(3)'],
  ['optional.of(1).or(optional.of(1 / 0))', 'optional(1)'],
  ['optional.of(1).optMap(x, x + 1)', 'optional(2)'],
  ['optional.none().optMap(x, x)', 'none'],
  ['optional.of(1).optFlatMap(x, optional.of(x + 1))', 'optional(2)'],
  ['optional.of(1).optFlatMap(x, optional.none())', 'none'],
  ["{'a': 1}.?a", 'optional(1)'],
  ["{'a': 1}.?b", 'none'],
  ["{'a': {'b': 2}}.?a.b", 'optional(2)'],
  ["{'a': {'b': 2}}.?a.?c", 'none'],
  ["{'a': 1}[?'a']", 'optional(1)'],
  ['[1, 2][?1]', 'optional(2)'],
  ['[1, 2][?2]', 'none'],
  ['object.?nested.deep', 'optional(true)'],
  ['object.?missing.deep.er', 'none'],
  ["object.?missing.deep.orValue('none')", '"none"'],
  ['has(object.?nested.deep)', 'true'],
  ['has(object.?missing.deep)', 'false'],
  ['[?optional.of(1), ?optional.none()]', '[1]'],
  ["{?'a': optional.of(1), ?'b': optional.none()}", '{"a": 1}'],
  ['optional.of(1) == optional.of(1)', 'true'],
  ['optional.of(1) == optional.none()', 'false'],
  ['type(optional.none()) == optional_type', 'true'],
  ['[?object.name]', 'error: cannot initialize optional list element from non-optional value n'],
  ["{?'a': object.name}", "error: cannot initialize optional entry 'a' from non-optional value n"],
];

describe('optional values', () => {
  it.each(OPTIONALS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression, INPUTS)).toBe(outcome);
  });
});
