// Functions on texts, each with what it gives (cel-go, `ext/strings.go`, version 2).
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [expression: string, outcome: string];

const INPUTS = { values: { text: 'a', object: { name: 'n', list: [1, 2.5, 'x', null], nested: { deep: true } } } };

const TEXTS: readonly Case[] = [
  ["'tacocat'.charAt(3)", '"o"'],
  ["'tacocat'.charAt(7)", '""'],
  ["'tacocat'.charAt(8)", 'error: index out of range: 8'],
  ["'😀b'.charAt(1)", '"b"'],
  ["'tacocat'.indexOf('')", '0'],
  ["'tacocat'.indexOf('ac')", '1'],
  ["'tacocat'.indexOf('none')", '-1'],
  ["'tacocat'.indexOf('a', 3)", '5'],
  ["'tacocat'.indexOf('t', 8)", '-1'],
  ["'😀a'.indexOf('a')", '1'],
  ["'tacocat'.lastIndexOf('at')", '5'],
  ["'tacocat'.lastIndexOf('none')", '-1'],
  ["'tacocat'.lastIndexOf('a', 3)", '1'],
  ["'tacocat'.lastIndexOf('a', -2)", 'error: index out of range: -2'],
  ["'TacoCÆt'.lowerAscii()", '"tacocÆt"'],
  ["'tacoCÆt'.upperAscii()", '"TACOCÆT"'],
  ["'hello hello'.replace('he', 'we')", '"wello wello"'],
  ["'hello hello'.replace('he', 'we', 1)", '"wello hello"'],
  ["'hello hello'.replace('he', 'we', 0)", '"hello hello"'],
  ["'abc'.replace('', '_')", '"_a_b_c_"'],
  ["'hello hello'.split(' ')", '["hello", "hello"]'],
  ["'a,b,c'.split(',', 0)", '[]'],
  ["'a,b,c'.split(',', 1)", '["a,b,c"]'],
  ["'a,b,c'.split(',', 2)", '["a", "b,c"]'],
  ["'a,b,c'.split(',', -1)", '["a", "b", "c"]'],
  ["'abc'.split('')", '["a", "b", "c"]'],
  ["'tacocat'.substring(4)", '"cat"'],
  ["'tacocat'.substring(0, 4)", '"taco"'],
  ["'tacocat'.substring(40)", 'error: index out of range: 40'],
  ["'tacocat'.substring(-1)", 'error: index out of range: -1'],
  ["'tacocat'.substring(3, 1)", 'error: invalid substring range. start: 3, end: 1'],
  ["'tacocat'.substring(3, 8)", 'error: index out of range: 8'],
  ["' \\u00a0\\t\\u200a text\\u2003 '.trim()", '"text"'],
  ["['x', 'y'].join()", '"xy"'],
  ["['x', 'y'].join('-')", '"x-y"'],
  ["[].join('-')", '""'],
  [`strings.quote('first\\tsecond "a" \\\\ \\x07')`, '"\\"first\\\\tsecond \\\\\\"a\\\\\\" \\\\\\\\ \\\\a\\""'],
  ["strings.quote('é😀')", '"\\"é😀\\""'],
];

const FORMATS: readonly Case[] = [
  ["'%s and %s'.format(['a', 1])", '"a and 1"'],
  ["'%s'.format([1.5])", '"1.5"'],
  ["'%s'.format([[1, 'a' == 'a' ? 2 : 3]])", '"[1, 2]"'],
  ["'%s'.format([{'b': 'x', 'a': 'y'}])", '"{\\"a\\":\\"y\\", \\"b\\":\\"x\\"}"'],
  ["'%s'.format([timestamp('2020-01-01T00:00:00Z')])", '"2020-01-01T00:00:00Z"'],
  ["'%s'.format([duration('90s')])", '"90s"'],
  ["'%s'.format([null])", '"null"'],
  ["'%s'.format([true])", '"true"'],
  ["'%s'.format([b'abc'])", '"abc"'],
  ["'%s'.format([type('a')])", '"string"'],
  ["'%s'.format([['a', 'b']])", '"[\\"a\\", \\"b\\"]"'],
  ["'%d'.format([-12])", '"-12"'],
  ["'%d'.format([7u])", '"7"'],
  ["'%x'.format([255])", '"ff"'],
  ["'%X'.format([b'\\xfe'])", '"FE"'],
  ["'%x'.format(['abc'])", '"616263"'],
  ["'%o'.format([8])", '"10"'],
  ["'%b'.format([5])", '"101"'],
  ["'%b'.format([true])", '"1"'],
  ["'%f'.format([1.5])", '"1.500000"'],
  ["'%.2f'.format([1234567.891])", '"1,234,567.89"'],
  ["'%.0f %.0f'.format([2.5, 3.5])", '"2 4"'],
  ["'%.1f'.format([0.25])", '"0.2"'],
  ["'%.3e'.format([1234.5])", '"1.234500×10⁰³"'],
  ["'%.20e'.format([1.5])", '"       1.500000×10⁰⁰"'],
  ["'%s'.format([1234567.0])", '"1.234567e+06"'],
  ["'%e'.format([0.00012])", '"1.200000×10⁻⁰⁴"'],
  ["'%f'.format(['NaN'])", '"NaN"'],
  ["'%f'.format(['Infinity'])", '"∞"'],
  ["size('%.110f'.format([1.0]))", '112'],
  ["'100%%'.format([])", '"100%"'],
  ['text.format([1])', '"a"'],
  ["'%d'.format([object.name])", 'error: error during formatting: decimal clause can only be used on integers, was given string'],
  ["'%s'.format([object.list])", '"[1, 2.500000, \\"x\\", null]"'],
  ["'%'.format([dyn(1)])", "ERROR: <input>:1:11: unexpected end of string\n | '%'.format([dyn(1)])\n | ..........^"],
  ["('%' + 'q').format([1])", 'error: could not parse formatting clause: unrecognized formatting clause "q"'],
  [
    "('%' + '.2000000f').format([1.0])",
    'error: could not parse formatting clause: error while parsing precision: 2000000 is more than 100000',
  ],
  ["'%s %s'.format(['a'])", "ERROR: <input>:1:15: index 1 out of range\n | '%s %s'.format(['a'])\n | ..............^"],
];

describe('functions on texts', () => {
  it.each(TEXTS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression, INPUTS)).toBe(outcome);
  });
});

describe('format', () => {
  it.each(FORMATS)('%s gives %s', (expression, outcome) => {
    expect(outcomeOf(expression, INPUTS)).toBe(outcome);
  });
});
