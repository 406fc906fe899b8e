// What 1.34.9 answers as YAML, to the byte.
import { describe, expect, test } from 'vitest';
import { formatYaml } from './format.ts';
import { parseYaml } from './parse.ts';

const WORDS = 'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau';

describe('lines are folded at the first space behind their 80th character', () => {
  test.each([
    [
      'plain text',
      { text: WORDS },
      'text: alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron\n  pi rho sigma tau\n',
    ],
    [
      'single quotes',
      { text: `it's: ${WORDS}` },
      "text: 'it''s: alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu\n  xi omicron pi rho sigma tau'\n",
    ],
    [
      'double quotes',
      { text: `\t${WORDS}` },
      'text: "\\talpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi\n  omicron pi rho sigma tau"\n',
    ],
    ['not before further spaces', { text: `${'x'.repeat(90)}  y z` }, `text: ${'x'.repeat(90)}  y\n  z\n`],
    ['where quotes allow it, with a sign', { text: `\t${'x'.repeat(90)}  y` }, `text: "\\t${'x'.repeat(90)}\n  \\ y"\n`],
    ['items of a list', { a: [`${'x'.repeat(80)} y`] }, `a:\n- ${'x'.repeat(80)}\n  y\n`],
    ['what is deeper', { a: { b: `${'x'.repeat(80)} y` } }, `a:\n  b: ${'x'.repeat(80)}\n    y\n`],
    ['characters count, not bytes', { a: `${'é'.repeat(70)} y z` }, `a: ${'é'.repeat(70)} y z\n`],
    ['keys are not', { [`${'x'.repeat(90)} y`]: 1 }, `${'x'.repeat(90)} y: 1\n`],
    ['keys that do not stand on one line with their value are', { [`${'x'.repeat(130)} y`]: 1 }, `? ${'x'.repeat(130)}\n  y\n: 1\n`],
  ])('%s', (_, value, text) => {
    expect(formatYaml(value)).toBe(text);
    expect(parseYaml(text)).toEqual(value);
  });
});

test.each([
  ['a\n b', '|-\n  a\n   b'],
  [' a\nb\n\n', '|2+\n   a\n  b\n'],
  ['\na', '|2-\n\n  a'],
  ['a \nb', '"a \\nb"'],
  ['a\tb\nc', '"a\\tb\\nc"'],
  ['a\n\n', '|+\n  a\n'],
  ['\u0001\u001b\u007f\u0085\ufeff😀', '"\\x01\\e\\x7F\\N\\uFEFF\\U0001F600"'],
  ['a\u00a0b', 'a\u00a0b'],
  ['2024-02-30', '2024-02-30'],
  ['2024-02-29', '"2024-02-29"'],
  ['2023-02-29', '2023-02-29'],
  ['2024-01-01-x', '2024-01-01-x'],
  ['2024-01-01T00:00:00', '2024-01-01T00:00:00'],
  ['2024-01-01 00:00:00', '"2024-01-01 00:00:00"'],
  ['1e999', '1e999'],
  ['12:30', '"12:30"'],
  ['<<', '<<'],
  [1234567.5, '1.2345675e+06'],
  [123456.5, '123456.5'],
  [0.00001, '1e-05'],
  [1e20, '1e+20'],
  [1000000, '1000000'],
])('%j', (value, text) => {
  expect(formatYaml({ a: value })).toBe(`a: ${text}\n`);
});

test('keys are sorted by letters and numbers, those of several lines stand alone', () => {
  const keys = ['a10', 'a2', 'a', 'B', 'b', '.', '_', '1', 'f:x', 'z\ny', 'é'];
  expect(formatYaml(Object.fromEntries(keys.map((key) => [key, {}])))).toBe(
    '.: {}\n_: {}\n"1": {}\nB: {}\na: {}\na2: {}\na10: {}\nb: {}\nf:x: {}\n? |-\n  z\n  y\n: {}\né: {}\n',
  );
});

test('a map of which nothing is set is empty', () => {
  expect(formatYaml({ metadata: { resourceVersion: undefined }, items: [{ a: undefined }, 1] })).toBe('items:\n- {}\n- 1\nmetadata: {}\n');
});
