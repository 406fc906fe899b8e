import { expect, it } from 'vitest';
import { DOCUMENT_YAML, formatYaml } from './format.ts';
import { parseYaml } from './parse.ts';

it.each([
  ['atomic', 'atomic\n'],
  ['', '""\n'],
  ['true', '"true"\n'],
  ['1.5e3', '"1.5e3"\n'],
  ['2001-01-01', '"2001-01-01"\n'],
  ['a: b', "'a: b'\n"],
  ["it's: x", "'it''s: x'\n"],
  ['self.x == "y"', 'self.x == "y"\n'],
  ['- a', "'- a'\n"],
  ['a\tb', '"a\\tb"\n'],
  ['a\nb', '|-\n    a\n    b\n'],
  ['😀', '"\\U0001F600"\n'],
  ['a\tb\nc', '|-\n    a\tb\n    c\n'],
  ['y', '"y"\n'],
  [' a\nb', '|4-\n     a\n    b\n'],
  [`${'word '.repeat(40)}end`, `${'word '.repeat(40)}end\n`],
  [5, '5\n'],
  [null, 'null\n'],
  [[], '[]\n'],
  [{}, '{}\n'],
  [{ group: '', kind: 'A', version: 'v1' }, 'group: ""\nkind: A\nversion: v1\n'],
  [[{ fieldPath: 'spec.color' }, { fieldPath: 'spec.size' }], '- fieldPath: spec.color\n- fieldPath: spec.size\n'],
  [
    { a: ['b', ['c', 'd']], e: { f: [{ g: 1, h: true }] } },
    'a:\n    - b\n    - - c\n      - d\ne:\n    f:\n        - g: 1\n          h: true\n',
  ],
  [[{ rule: 'a\n b\n', of: { x: [] } }], '- rule: |\n    a\n     b\n  of:\n    x: []\n'],
])('%j', (value, text) => {
  expect(formatYaml(value, DOCUMENT_YAML)).toBe(text);
  expect(parseYaml(text)).toEqual(value);
});
