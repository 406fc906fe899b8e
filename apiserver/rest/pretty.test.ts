import { describe, expect, test } from 'vitest';
import { plainStrategy, startTestServer } from '../testing/test-server.ts';
import { indented } from './pretty.ts';

const PATH = '/api/v1/namespaces/default/configmaps';

test.each([
  ['{}\n', '{}'],
  ['[]', '[]'],
  ['{"a":{},"b":[]}', '{\n  "a": {},\n  "b": []\n}'],
  [
    '{"a":[1,-2.50e+10,true,null],"b":{"c":"x, {y}: [\\"z\\"] \\\\"}}\n',
    '{\n  "a": [\n    1,\n    -2.50e+10,\n    true,\n    null\n  ],\n  "b": {\n    "c": "x, {y}: [\\"z\\"] \\\\"\n  }\n}',
  ],
  ['{"a":9007199254740993,"é":"ü\\u2028"}', '{\n  "a": 9007199254740993,\n  "é": "ü\\u2028"\n}'],
  ['{ "a" : [ ] }', '{\n  "a": []\n}'],
])('%s', (json, expected) => {
  expect(indented(Buffer.from(json)).toString()).toBe(expected);
});

describe('an answer', () => {
  test('is laid out for people: who ask for it, and who come with their browsers', async () => {
    await using api = await startTestServer({ strategies: { '/configmaps': plainStrategy() } });
    await api.request('POST', PATH, { body: { metadata: { name: 'a' } } });
    const starts = async (path: string, headers: Record<string, string> = {}) => {
      const { text } = await api.request('GET', path, { headers });
      const isPretty = text === JSON.stringify(JSON.parse(text), undefined, 2);
      expect(isPretty || text === `${JSON.stringify(JSON.parse(text))}\n`).toBe(true);
      return isPretty;
    };
    for (const path of [`${PATH}/a`, PATH, `${PATH}/none`]) {
      expect(await starts(path)).toBe(false);
      expect(await starts(`${path}?pretty=true`)).toBe(true);
      expect(await starts(`${path}?pretty=1`)).toBe(true);
      expect(await starts(path, { 'user-agent': 'curl/8.1' })).toBe(true);
      expect(await starts(path, { 'user-agent': 'Mozilla/5.0 (X11)' })).toBe(true);
      expect(await starts(`${path}?pretty=false`, { 'user-agent': 'curl/8.1' })).toBe(false);
      expect(await starts(path, { 'user-agent': 'kubectl/v1.34.0' })).toBe(false);
      expect(await starts(path, { accept: 'application/json;pretty=1' })).toBe(true);
    }
  });
});
