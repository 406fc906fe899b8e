import { describe, expect, it } from 'vitest';
import { compileGoPattern } from './go-regexp.ts';

const errorOf = (pattern: string): string | undefined => compileGoPattern(pattern).error;
const matches = (pattern: string, text: string): boolean => {
  const compiled = compileGoPattern(pattern);
  expect(compiled.error).toBeUndefined();
  return compiled.matches(text);
};

describe('patterns of Go', () => {
  it.each<[pattern: string, good: string[], bad: string[]]>([
    ['^[a-z]+$', ['abc'], ['', 'Abc', 'abc\n']],
    ['b', ['abc', 'b'], ['', 'ac']],
    ['^(a|bc)*$', ['', 'a', 'bca'], ['b', 'abcb']],
    ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
    ['^a{2,}$', ['aa', 'aaaaa'], ['a']],
    ['^a{,3}$', ['a{,3}'], ['aa']],
    ['^x{0}y$', ['y'], ['xy']],
    ['^a?b+?c*$', ['ab', 'bbcc'], ['a']],
    ['^.$', ['a', '😀'], ['', '\n', 'ab']],
    ['(?s)^.$', ['\n'], []],
    ['(?i)^straSSe$', ['STRASSE', 'strasse'], ['strase']],
    ['^a(?i)b$', ['ab', 'aB'], ['Ab']],
    ['^(?i:a)b$', ['Ab'], ['aB']],
    ['(?m)^b$', ['a\nb\nc'], ['ab']],
    ['^b$', ['b'], ['a\nb', 'b\n']],
    ['\\Ab\\z', ['b'], ['ab']],
    ['\\bfoo\\b', ['a foo b', 'foo'], ['food', 'foo_']],
    ['\\Boo', ['foo'], ['oo']],
    ['^\\d\\D\\w\\W\\s\\S$', ['1a_- x'], ['1a_- ']],
    ['^[[:alpha:]][[:^digit:]]$', ['ab', 'a-'], ['a1', '1b']],
    ['^[^a-c]$', ['d', '\n'], ['b']],
    ['^[]a]$', [']', 'a'], ['b']],
    ['^[a-]$', ['-', 'a'], ['b']],
    ['^\\p{Greek}\\pL\\PN$', ['αbc'], ['abc', 'αb1']],
    ['^[\\p{Lu}\\d]+$', ['A1É'], ['a']],
    ['^\\x41\\x{1F600}\\101\\.$', ['A😀A.'], ['AAAA']],
    ['^\\Qa.b*\\E+$', ['a.b*', 'a.b**'], ['axb*']],
    ['^(?P<year>\\d{4})-(?<month>\\d\\d)$', ['2024-01'], ['2024-1']],
    ['^$', [''], ['a']],
    ['', ['', 'a'], []],
    ['(|a)+$', ['b'], []],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$', ['a.b-c.d', 'a1'], ['-a', 'a..b', 'a.']],
  ])('%s', (pattern, good, bad) => {
    for (const text of good) expect(matches(pattern, text), text).toBe(true);
    for (const text of bad) expect(matches(pattern, text), text).toBe(false);
  });

  it('takes no more time for a pattern that would make others backtrack', () => {
    expect(matches('^(a+)+$', `${'a'.repeat(50_000)}!`)).toBe(false);
    expect(matches('(x+x+)+y', 'x'.repeat(50_000))).toBe(false);
  });

  it('copes with patterns of more states than are kept', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => ((i * 7919) % 13 < 6 ? 'a' : 'b')).join('');
    expect(matches('(a|b)*a(a|b){14}c', text)).toBe(false);
    expect(matches('(a|b)*a(a|b){14}c', `${text}a${'b'.repeat(14)}c`)).toBe(true);
  });

  it.each([
    ['[a-z', 'missing closing ]: `[a-z`'],
    ['x[', 'missing closing ]: `[`'],
    ['(a', 'missing closing ): `(a`'],
    ['a)', 'unexpected ): `a)`'],
    ['*a', 'missing argument to repetition operator: `*`'],
    ['(+?)', 'missing argument to repetition operator: `+?`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{2}{3}', 'invalid nested repetition operator: `{2}{3}`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['a{3,2}', 'invalid repeat count: `{3,2}`'],
    ['(a{100}){100}', 'invalid repeat count: `{100}`'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(?!a)', 'invalid or unsupported Perl syntax: `(?!`'],
    ['(?<=a)', 'invalid named capture: `(?<=a)`'],
    ['(?P<a-b>c)', 'invalid named capture: `(?P<a-b>`'],
    ['\\1', 'invalid escape sequence: `\\1`'],
    ['\\y', 'invalid escape sequence: `\\y`'],
    ['a\\', 'trailing backslash at end of expression: ``'],
    ['[z-a]', 'invalid character class range: `z-a`'],
    ['[[:foo:]]', 'invalid character class range: `[:foo:]`'],
    ['\\p{Klingon}', 'invalid character class range: `\\p{Klingon}`'],
    ['\\p{Grek}', 'invalid character class range: `\\p{Grek}`'],
  ])('refuses %s', (pattern, error) => {
    expect(errorOf(pattern)).toBe(`error parsing regexp: ${error}`);
    expect(compileGoPattern(pattern).matches('a')).toBe(false);
  });
});
