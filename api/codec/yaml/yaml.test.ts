import { describe, expect, test } from 'vitest';
import { DecodeError } from '../decode-error.ts';
import { formatYaml } from './format.ts';
import { parseYaml, readYaml } from './parse.ts';
import { readPlainJson } from './plain-json.ts';

describe('reading YAML', () => {
  test('a manifest', () => {
    const text = '# a comment\napiVersion: v1\nmetadata:\n  name: ya\n  labels: {a: b}\ndata:\n  one: "1"\n  two: |\n    line\n    line\n';
    expect(parseYaml(text)).toEqual({
      apiVersion: 'v1',
      metadata: { name: 'ya', labels: { a: 'b' } },
      data: { one: '1', two: 'line\nline\n' },
    });
  });

  test.each([
    ['y', true],
    ['Off', false],
    ['yEs', 'yEs'],
    ['~', null],
    ['', null],
    ['0777', 511],
    ['0o17', 15],
    ['0x1F', 31],
    ['0b11', 3],
    ['-12', -12],
    ['1_000', 1000],
    ['08', 8],
    ['1.5e3', 1500],
    ['.5', 0.5],
    ['12:30:45', '12:30:45'],
    ['2024-01-01', '2024-01-01'],
    ['1.2.3', '1.2.3'],
    ['9223372036854775807', 9223372036854775807n],
    ['!!str 1', '1'],
    ['"1"', '1'],
    ["'y'", 'y'],
  ])('%s is what Go reads', (text, value) => {
    expect(parseYaml(`a: ${text}\n`)).toEqual({ a: value });
  });

  test('only the first document counts', () => {
    expect(parseYaml('a: 1\n---\nb: {\n')).toEqual({ a: 1 });
    expect(parseYaml('---\na: 1\n...\n')).toEqual({ a: 1 });
  });

  test('keys become texts; anchors and merge keys work', () => {
    expect(parseYaml('1: a\ntrue: b\nx: &x {k: 1}\nw: {<<: *x, l: 2}\nz: *x\n')).toEqual({
      '1': 'a',
      true: 'b',
      x: { k: 1 },
      w: { k: 1, l: 2 },
      z: { k: 1 },
    });
    expect(JSON.stringify(parseYaml('__proto__: {polluted: 1}'))).toBe('{"__proto__":{"polluted":1}}');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test.each([
    ['apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x\n', "yaml: line 3: did not find expected ',' or '}'"],
    ['{a: [}', 'yaml: did not find expected node content'],
    ['a: b: c\n', 'yaml: mapping values are not allowed in this context'],
    ['a:\n\t- b\n', 'yaml: line 2: found character that cannot start any token'],
    ['a: @b\n', 'yaml: found character that cannot start any token'],
    ['a: "x\n', 'yaml: line 2: found unexpected end of stream'],
    ['a: *b\n', "yaml: unknown anchor 'b' referenced"],
    ['a:\n  b: 1\n c: 2\n', 'yaml: line 2: did not find expected key'],
    ['a: {<<: 1}\n', 'yaml: map merge requires map or sequence of maps as the value'],
    ['a: .inf\n', 'error converting YAML to JSON: json: unsupported value: NaN'],
  ])('%j is refused', (text, message) => {
    expect(() => parseYaml(text)).toThrow(new DecodeError(message));
  });

  test('aliases that multiply are stopped', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...'bcdefgh'.split('').map((k, i) => `${k}: &${k} [${`*${'abcdefgh'[i]},`.repeat(10)}]`)];
    expect(() => parseYaml(bomb.join('\n'))).toThrow('yaml: document contains excessive aliasing');
  });

  test.each([
    ['sequences', '['.repeat(100_000)],
    ['maps', '{"a":'.repeat(1_000)],
    ['lists on one line', '- '.repeat(1_000)],
    ['maps under keys', '? '.repeat(1_000)],
    ['lines', Array.from({ length: 1_000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['aliases', Array.from({ length: 1_000 }, (_, i) => `k${i}: &a${i} [${i === 0 ? '' : `*a${i - 1}`}]`).join('\n')],
  ])('%s that nest too deep are refused, not read until the stack ends', (_, text) => {
    expect(() => parseYaml(text)).toThrow(new DecodeError('yaml: exceeded max depth of 400'));
    expect(parseYaml(`${'- '.repeat(300)}a`)).toHaveLength(1);
  });

  test('repeated keys are told with the line of the later value', () => {
    expect(readYaml('a: 1\nb:\n  c: 1\n  c: 2\na: 3\n').repeated()).toEqual([
      'yaml: unmarshal errors:\n  line 4: key "c" already set in map\n  line 5: key "a" already set in map',
    ]);
    expect(readYaml('a: {b: 1}\nc: {b: 1}\n').repeated()).toEqual([]);
    expect(parseYaml('a: 1\na: 2\n')).toEqual({ a: 2 });
  });
});

describe('JSON that comes as YAML', () => {
  /** The same text for the YAML parser: JSON has no comments. */
  const asYaml = (text: string) => `# YAML\n${text}`;

  test.each([
    '{"b":{"d":[1,-0,12,9007199254740991,"x",null,true,[],{}],"c":""},"a":"l1\\nl2 \\"q\\" \\\\ é 😀"}',
    '{\n  "a" : {\r\n    "10": "y", "9": "1_000", "on": false, "~": "null"\n  }\n}\n',
    '{"__proto__":{"a":1},"constructor":"","a b":"# no comment","x":"2001-01-01"}',
    '{}',
  ])('is read without the YAML parser, as it reads it: %s', (text) => {
    const json = readPlainJson(text, 400);
    expect(json).toBeDefined();
    expect(JSON.stringify(json)).toBe(JSON.stringify(parseYaml(asYaml(text))));
    expect([readYaml(text).repeated(), readYaml(asYaml(text)).repeated()]).toEqual([[], []]);
  });

  test.each([
    ['repeated keys', '{"a":1,"a":2}'],
    ['numbers that are none of ours', '{"a":9223372036854775807}'],
    ['numbers with a point', '{"a":1.5}'],
    ['tabs', '{\t"a":1}'],
    ['breaks of lines', '{"a":"x\u2028y"}'],
    ['escapes of characters', '{"a":"\\ud83d\\ude00"}'],
    ['the key of merges', '{"<<":{"a":1}}'],
    ['a colon on a line of its own', '{"a"\n:1}'],
    ['long keys', `{"${'k'.repeat(501)}":1}`],
    ['deep ones', `{"a":${'['.repeat(500)}${']'.repeat(500)}}`],
    ['what is deeper than the stack', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
    ['what is no JSON', '{a: 1}'],
    ['what is no object', '[{"a":1}]'],
  ])('is left to the YAML parser where that may read it otherwise: %s', (_, text) => {
    expect(readPlainJson(text, 400)).toBeUndefined();
  });
});

describe('writing YAML', () => {
  test('looks as Go writes it', () => {
    expect(
      formatYaml({
        kind: 'ConfigMap',
        data: { a: '1', colon: 'a: b', empty: '', multi: 'l1\nl2\n', num: '012', quoted: 'true', hash: '# x', y: 'y', tab: 'a\tb' },
        list: [{ name: 'x', args: ['a', 'b'] }, 'plain', [1, 2], {}, []],
        none: null,
        'f:x': { '.': {} },
      }),
    ).toBe(`data:
  a: "1"
  colon: 'a: b'
  empty: ""
  hash: '# x'
  multi: |
    l1
    l2
  num: "012"
  quoted: "true"
  tab: "a\\tb"
  "y": "y"
f:x:
  .: {}
kind: ConfigMap
list:
- args:
  - a
  - b
  name: x
- plain
- - 1
  - 2
- {}
- []
none: null
`);
  });

  test('reads back as it was', () => {
    const values = [
      '',
      'x',
      'a b',
      '- x',
      '?',
      ':',
      'a:',
      'a #b',
      '#',
      "it's",
      '"',
      'null',
      '1e3',
      '1:20',
      '0x1',
      '.inf',
      '2024-01-01',
      ' lead',
      'trail ',
    ];
    const texts = [
      ...values,
      'a\n',
      'a\nb',
      'a\n\n',
      '\na',
      ' a\nb',
      'a \nb',
      'a\n\nb\n',
      '\u0001',
      'é\u{1f600}',
      '---',
      '%x',
      '@',
      '`',
      '{',
      '*a',
      '&a',
      '!a',
      '|',
      '>',
      '<<',
    ];
    const keys = texts.filter((text) => text !== '<<'); // which Go does not quote, and reads as something else
    const value = { texts, nested: Object.fromEntries(keys.map((text) => [`k${text}`, { [text]: text }])), n: [1, -1.5, 1e21, true] };
    expect(parseYaml(formatYaml(value))).toEqual(value);
  });
});

test('a scalar that is marked as binary is the text that it carries', () => {
  expect(parseYaml('a: !!binary aGk=\nb: !!binary |\n  eHl6\n  eHl6\n')).toEqual({ a: 'hi', b: 'xyzxyz' });
});
