// What the parser says of texts that are no expressions: ANTLR's words and places, which cel-go gives as they are.
import { describe, expect, it } from 'vitest';
import { errorsOf, outcomeOf } from '../testing/outcomes.ts';

type Case = readonly [text: string, ...errors: readonly string[]];

const TERM = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

const CASES: readonly Case[] = [
  [
    '*@a | b',
    `1:1: Syntax error: extraneous input '*' expecting ${TERM}`,
    "1:2: Syntax error: token recognition error at: '@'",
    "1:5: Syntax error: token recognition error at: '| '",
    "1:7: Syntax error: extraneous input 'b' expecting <EOF>",
  ],
  ['1 + $', "1:5: Syntax error: token recognition error at: '$'", `1:6: Syntax error: mismatched input '<EOF>' expecting ${TERM}`],
  ['a | b', "1:3: Syntax error: token recognition error at: '| '", "1:5: Syntax error: extraneous input 'b' expecting <EOF>"],
  ['1 + +', `1:5: Syntax error: mismatched input '+' expecting ${TERM}`, `1:6: Syntax error: mismatched input '<EOF>' expecting ${TERM}`],
  [
    '"\\xFh"',
    `1:1: Syntax error: token recognition error at: '"\\xFh'`,
    `1:6: Syntax error: token recognition error at: '"'`,
    `1:7: Syntax error: mismatched input '<EOF>' expecting ${TERM}`,
  ],
  [
    '{',
    "1:2: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '}', '(', '.', ',', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
  ],
  [
    't{>C}',
    "1:3: Syntax error: extraneous input '>' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}",
    "1:5: Syntax error: mismatched input '}' expecting ':'",
  ],
  ['TestAllTypes(){single_int32: 1}', "1:15: Syntax error: mismatched input '{' expecting <EOF>"],
  ['[1, 2', "1:6: Syntax error: missing ']' at '<EOF>'"],
  ['x in [1, 2, ', "1:13: Syntax error: missing ']' at '<EOF>'"],
  ['{1: 2, ', "1:8: Syntax error: missing '}' at '<EOF>'"],
  ['t{a: 1, ', "1:9: Syntax error: missing '}' at '<EOF>'"],
  ['[1,, 2]', "1:4: Syntax error: mismatched input ',' expecting ']'"],
  ['x{?.', "1:4: Syntax error: mismatched input '.' expecting {IDENTIFIER, ESC_IDENTIFIER}"],
  [
    'foo(',
    "1:5: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', ')', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
  ],
  ['a.b.', "1:5: Syntax error: no viable alternative at input '.'"],
  ['?', `1:1: Syntax error: mismatched input '?' expecting ${TERM}`, `1:2: Syntax error: mismatched input '<EOF>' expecting ${TERM}`],
  ['.', "1:2: Syntax error: no viable alternative at input '.'"],
  [
    '1 +\n  2 +\n  ?',
    `3:3: Syntax error: mismatched input '?' expecting ${TERM}`,
    `3:4: Syntax error: mismatched input '<EOF>' expecting ${TERM}`,
  ],
  ['"a', `1:1: Syntax error: token recognition error at: '"a'`, `1:3: Syntax error: mismatched input '<EOF>' expecting ${TERM}`],
  ["'''\n\n", "1:3: Syntax error: token recognition error at: ''\\n'"],
  [
    'a ? b((?))',
    `1:8: Syntax error: mismatched input '?' expecting ${TERM}`,
    `1:9: Syntax error: mismatched input ')' expecting ${TERM}`,
    "1:11: Syntax error: mismatched input '<EOF>' expecting ')'",
  ],
  [
    "'\\u{61}'",
    "1:1: Syntax error: token recognition error at: ''\\u{'",
    "1:7: Syntax error: extraneous input '}' expecting <EOF>",
    "1:8: Syntax error: token recognition error at: '''",
  ],
  ['"\\ud800"', '1:1: invalid unicode code point'],
  ['9223372036854775808', '1:1: invalid int literal'],
  ['99999999999999999999u', '1:1: invalid uint literal'],
  ['1e400', '1:1: invalid double literal'],
  ['0xFFFFFFFFFFFFFFFFFF', '1:1: invalid int literal'],
  ['else', '1:1: reserved identifier: else'],
  ['namespace + 1', '1:1: reserved identifier: namespace'],
  ['1 2', "1:3: Syntax error: extraneous input '2' expecting <EOF>"],
  ['1.all(2, 3)', '1:7: argument must be a simple name'],
  ['has(m)', '1:5: invalid argument to has() macro'],
  ['has(m[0])', '1:6: invalid argument to has() macro'],
  ['m.map(a.b, 1)', '1:8: argument is not an identifier'],
  ['m.all(1, true)', '1:7: argument must be a simple name'],
  ['m.exists(__result__, true)', '1:10: iteration variable overwrites accumulator variable'],
  ['x.transformList(i, i, i)', '1:20: duplicate variable name: i'],
  ['x.transformMap(1, v, v)', '1:16: argument must be a simple name'],
  ['x.all(i, 2, true)', '1:10: argument must be a simple name'],
  ['x.exists_one(a.b, true)', '1:15: argument must be a simple name'],
  ['x.filter(1, true)', '1:10: argument is not an identifier'],
];

describe('texts that are no expressions', () => {
  it.each(CASES)('%j', (text, ...errors) => {
    expect(errorsOf(text)).toEqual(errors);
  });

  it.each([
    ['[', ']'],
    ['(', ')'],
    ['f(', ')'],
    ['{1: ', '}'],
    ['-(', ')'],
    ['a[', ']'],
    ['true ? 1 : (', ')'],
  ])('nest %s at most 250 deep, which must not overflow the stack', (open, close) => {
    expect(errorsOf(`${open.repeat(5000)}1${close.repeat(5000)}`)).toEqual(['-1:0: expression recursion limit exceeded: 250']);
  });

  it.each([
    ['[', ']'],
    ['{1: ', '}'],
    ['dyn(', ')'],
    ['[1].map(x, ', ')'],
    ['{"a": 1}.transformMap(k, v, ', ')'],
  ])('may nest %s 240 deep', (open, close) => {
    expect(outcomeOf(`size([${open.repeat(240)}1${close.repeat(240)}])`)).toBe('1');
  });

  it('are refused where operators make a tree of more than 250 levels', () => {
    expect(errorsOf(`1${' + 1'.repeat(251)}`)).toEqual(['-1:0: max recursion depth exceeded']);
    expect(outcomeOf(`true${' && true'.repeat(2000)}`)).toBe('true');
  });

  it('are refused beyond 100 000 characters', () => {
    expect(errorsOf(`'${'a'.repeat(100_000)}'`)).toEqual(['-1:0: expression code point size exceeds limit: size: 100002, limit 100000']);
  });
});
