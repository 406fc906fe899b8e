import { describe, expect, it } from 'vitest';
import { JsonPathError, parseJsonPath } from './json-path.ts';

const OBJECT = {
  metadata: { name: 'a', labels: { 'app.kubernetes.io/name': 'web', plain: 'p' } },
  spec: {
    n: 3,
    list: ['x', 'y', 'z'],
    containers: [
      { name: 'one', image: 'i1' },
      { name: 'two', image: 'i2', n: 2 },
    ],
    odd: { 'a,b': 1 },
  },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Synced', status: 'False' },
    ],
  },
};

describe('a JSONPath', () => {
  it.each<[string, readonly unknown[]]>([
    ['.metadata.name', ['a']],
    ['$.metadata.name', ['a']],
    ['.spec.list[0]', ['x']],
    ['.spec.list[-1]', ['z']],
    ['.spec.list[3]', []],
    ['.spec.list[1:]', ['y', 'z']],
    ['.spec.list[0:3:2]', ['x', 'z']],
    ['.spec.list[0,2]', ['x', 'z']],
    ['.spec.containers[*].name', ['one', 'two']],
    ['.spec.containers[?(@.name=="two")].image', ['i2']],
    ['.spec.containers[?(@.name != "two")].image', ['i1']],
    ['.spec.containers[?(@.n>1)].name', ['two']],
    ['.spec.containers[?(@.n)].name', ['two']],
    ['.status.conditions[?(@.type == "Ready")].status', ['True']],
    [String.raw`.metadata.labels.app\.kubernetes\.io/name`, ['web']],
    ["['metadata'].name", ['a']],
    ["['metadata.name']", ['a']],
    [".metadata.labels['app.kubernetes.io/name']", []],
    [String.raw`.metadata.labels['app\.kubernetes\.io/name']`, ['web']],
    ['.spec.list[]', ['x']],
    ['.spec.list[2:9]', []],
    ['.spec.list[::0]', []],
    ['.spec.n[0]', []],
    ['.metadata.name ', ['a']],
    ['.metadata.', []],
    ['spec', []],
    ['.spec.containers[?(@.n>1.5)].name', []],
    ['.spec.containers[?(@.n[0])].name', ['two']],
    ['..image', ['i1', 'i2']],
    ['.spec.nothing.at.all', []],
    ['.metadata.name.more', []],
    ['.metadata.labels.*', ['web', 'p']],
  ])('%s', (path, found) => {
    expect(parseJsonPath(path)(OBJECT)).toEqual(found);
  });

  it.each([
    '.spec.list[',
    '.spec.list[x]',
    '.spec.list[ 0 ]',
    '.metadata.labels["plain"]',
    ".spec.odd['a,b']",
    '....image',
    '.a[?(@.b]',
    '.a!?b[%]',
  ])('that cannot be read: %s', (path) => {
    expect(() => parseJsonPath(path)).toThrow(JsonPathError);
  });

  it('finds nothing that an object only inherits', () => {
    expect(parseJsonPath('.constructor')(OBJECT)).toEqual([]);
  });
});
