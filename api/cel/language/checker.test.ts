// What the checker says of expressions whose types do not fit (cel-go, `checker/errors.go`), and where.
import { describe, expect, it } from 'vitest';
import { errorsOf, outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, ...errors: readonly string[]];

const CASES: readonly Case[] = [
  ['else1 == 1', "1:1: undeclared reference to 'else1' (in container '')"],
  ['self.x', "1:1: undeclared reference to 'self' (in container '')"],
  ['f(1)', "1:2: undeclared reference to 'f' (in container '')"],
  ['self.size2()', "1:1: undeclared reference to 'self' (in container '')", "1:11: undeclared reference to 'size2' (in container '')"],
  ["1 + 'a'", "1:3: found no matching overload for '_+_' applied to '(int, string)'"],
  ["'a'.foo()", "1:8: undeclared reference to 'foo' (in container '')"],
  ['size(1)', "1:5: found no matching overload for 'size' applied to '(int)'"],
  ['size()', "1:5: found no matching overload for 'size' applied to '()'"],
  ["'a'.size(1)", "1:9: found no matching overload for 'size' applied to 'string.(int)'"],
  ["[1, 'a']", "1:5: expected type 'int' but found 'string'"],
  ["[dyn(1), 'a']", "1:10: expected type 'dyn' but found 'string'"],
  ["{'a': 1, 'b': 'c'}", "1:15: expected type 'int' but found 'string'"],
  ["{'a': 1, 2: 3}", "1:10: expected type 'string' but found 'int'"],
  ["true ? 1 : 'a'", "1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'"],
  ['1 ? 2 : 3', "1:3: found no matching overload for '_?_:_' applied to '(int, int, int)'"],
  ['1 && true', "1:1: expected type 'bool' but found 'int'"],
  ["1 in 'a'", "1:3: found no matching overload for '@in' applied to '(int, string)'"],
  ["1 == 'a'", "1:3: found no matching overload for '_==_' applied to '(int, string)'"],
  ['1 == 1.0', "1:3: found no matching overload for '_==_' applied to '(int, double)'"],
  ['1.0 % 2.0', "1:5: found no matching overload for '_%_' applied to '(double, double)'"],
  ['!1', "1:1: found no matching overload for '!_' applied to '(int)'"],
  ["-'a'", "1:1: found no matching overload for '-_' applied to '(string)'"],
  ['1[0]', "1:2: found no matching overload for '_[_]' applied to '(int, int)'"],
  ["'a'.b", "1:4: type 'string' does not support field selection"],
  ['timestamp(0).year', "1:13: type 'timestamp' does not support field selection"],
  ["[1]['a']", "1:4: found no matching overload for '_[_]' applied to '(list(int), string)'"],
  ["{'a':1}[1]", "1:8: found no matching overload for '_[_]' applied to '(map(string, int), int)'"],
  ['undefined.Type{a: 1}', "1:15: undeclared reference to 'undefined.Type' (in container '')"],
  ['google.protobuf.Value{a: 1}', "1:22: undeclared reference to 'google.protobuf.Value' (in container '')"],
  ["quantity('1') + 1", "1:15: found no matching overload for '_+_' applied to '(kubernetes.Quantity, int)'"],
  ["quantity('1').foo", "1:14: unexpected failed resolution of 'kubernetes.Quantity'"],
  ["ip('1.1.1.1') == 'a'", "1:15: found no matching overload for '_==_' applied to '(net.IP, string)'"],
  ["timestamp('x')", '1:11: invalid timestamp argument'],
  ["timestamp('2020-01-01')", '1:11: invalid timestamp argument'],
  ["duration('x')", '1:10: invalid duration argument'],
  ['duration(5)', '1:10: invalid duration argument'],
  ["'a'.matches('(')", '1:13: invalid matches argument'],
  ["'%d'.format(['a'])", '1:14: error during formatting: decimal clause can only be used on integers, was given string'],
  ["'%q'.format([1])", '1:12: could not parse formatting clause: unrecognized formatting clause "q"'],
  ["'%d'.format([1, 2])", '1:12: too many arguments supplied to string.format (expected 1, got 2)'],
  ["'%d %d'.format([1])", '1:15: index 1 out of range'],
  [
    "'%s'.format([[quantity('1')]])",
    '1:23: error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given kubernetes.Quantity',
  ],
  ["'%'.format([1])", '1:11: unexpected end of string'],
  ['optional.of(1) + 1', "1:16: found no matching overload for '_+_' applied to '(optional_type(int), int)'"],
  ['[?1]', "1:3: expected type 'optional_type(int)' but found 'int'"],
  ["{?'a': 1}", "1:8: expected type 'optional_type(int)' but found 'int'"],
  ["optional.of(1).orValue('a')", "1:23: found no matching overload for 'orValue' applied to 'optional_type(int).(string)'"],
  ['[1].map(x, y)', "1:12: undeclared reference to 'y' (in container '')"],
  ['[1].all(x, x)', "1:12: expected type 'bool' but found 'int'"],
  ["[1].exists(x, x == 'a')", "1:17: found no matching overload for '_==_' applied to '(int, string)'"],
  ['1.all(x, true)', "1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"],
  ["'é' + 1", "1:5: found no matching overload for '_+_' applied to '(string, int)'"],
  ["[1].map(x, x +\n 'a')", "1:14: found no matching overload for '_+_' applied to '(int, string)'"],
];

describe('expressions that do not check', () => {
  it.each(CASES)('%s', (expression, ...errors) => {
    expect(errorsOf(expression)).toEqual(errors);
  });

  it('are shown with the line and a caret, under wide dots where the characters are wide', () => {
    expect(outcomeOf("'é' + 1 +\n'世界' + 2")).toBe(
      [
        "ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(string, int)'",
        " | 'é' + 1 +",
        ' | .．..^',
        "ERROR: <input>:2:6: found no matching overload for '_+_' applied to '(string, int)'",
        " | '世界' + 2",
        ' | .．．..^',
      ].join('\n'),
    );
  });
});
