import { expect, test } from 'vitest';
import { parseJson, stringifyJson } from './json.ts';

test('integers beyond 2^53 survive unchanged', () => {
  const text = '{"a":9223372036854775807,"b":[-9007199254740993],"c":1234567890123456}';
  expect(parseJson(text)).toEqual({ a: 9223372036854775807n, b: [-9007199254740993n], c: 1234567890123456 });
  expect(stringifyJson(parseJson(text))).toBe(text);
});

test('undefined is left out whether or not there are bigints', () => {
  expect(stringifyJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  expect(stringifyJson({ a: undefined, b: 1n, c: [undefined] })).toBe('{"b":1,"c":[null]}');
});

test('a member called __proto__ is a member like others', () => {
  for (const text of ['{"__proto__":{"x":1}}', '{"__proto__":{"x":1},"n":12345678901234567890}']) {
    const value = parseJson(text);
    expect(Object.keys(value as object)).toContain('__proto__');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(stringifyJson(value)).toBe(text);
  }
});

test.each([
  ['', 'unexpected end of JSON input'],
  ['{"apiVersion":', 'unexpected end of JSON input'],
  ['{} garbage', "invalid character 'g' after top-level value"],
  ['x', "invalid character 'x' looking for beginning of value"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
  ['[1 2]', "invalid character '2' after array element"],
  ["{'a':1}", "invalid character '\\'' looking for beginning of object key string"],
  ['tru', 'unexpected end of JSON input'],
  ['trux', "invalid character 'x' in literal true (expecting 'e')"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\q"', "invalid character 'q' in string escape code"],
  ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['1ex', "invalid character 'x' in exponent of numeric literal"],
  ['01', "invalid character '1' after top-level value"],
  ['é', "invalid character 'Ã' looking for beginning of value"],
])('%j is refused in the words of Go', (text, message) => {
  expect(() => parseJson(text)).toThrow(new SyntaxError(message));
});

test('a document that nests too deep is refused, one with many brackets in a string is not', () => {
  expect(() => parseJson('['.repeat(1_001) + ']'.repeat(1_001))).toThrow('exceeded max depth');
  expect(parseJson(`"${'['.repeat(30_000)}"`)).toHaveLength(30_000);
});

test.each([
  ['"\\ud800x"', '\ufffdx'],
  ['"\\udc00\\uD800\\ud800"', '\ufffd\ufffd\ufffd'],
  ['"\\uD83D\\ude00"', '😀'],
  ['"\\ud83d\\u0041"', '\ufffdA'],
  ['"\\\\ud800 \\\\\\ud800"', '\\ud800 \\\ufffd'],
])('halves of characters are read as Go reads them: %s', (text, value) => {
  expect(parseJson(text)).toBe(value);
});
