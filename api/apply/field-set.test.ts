import { describe, expect, it } from 'vitest';
import {
  difference,
  EMPTY,
  equalSets,
  type FieldSet,
  has,
  intersection,
  isEmpty,
  parseFieldSet,
  pathsOf,
  recursiveDifference,
  setOfNames,
  showPath,
  union,
} from './field-set.ts';
import { compareElements, showElement } from './path-element.ts';

const L = {};
/** .a, .b, .b.c, .b.d.e */
const SET: FieldSet = { 'f:a': L, 'f:b': { '.': L, 'f:c': L, 'f:d': { 'f:e': L } } };

describe('operations on field sets', () => {
  const cases: readonly [name: string, result: FieldSet, wanted: FieldSet][] = [
    ['a union has the fields of both', union({ 'f:b': { 'f:c': L } }, { 'f:a': L, 'f:b': L }), { 'f:a': L, 'f:b': { '.': L, 'f:c': L } }],
    ['a difference leaves what is below a field', difference(SET, { 'f:b': L }), { 'f:a': L, 'f:b': { 'f:c': L, 'f:d': { 'f:e': L } } }],
    [
      'a difference drops a path that leads nowhere',
      difference(SET, { 'f:b': { 'f:d': { 'f:e': L } } }),
      { 'f:a': L, 'f:b': { '.': L, 'f:c': L } },
    ],
    ['a recursive difference takes what is below along', recursiveDifference(SET, { 'f:b': { '.': L, 'f:c': L } }), { 'f:a': L }],
    [
      'a recursive difference goes only below fields',
      recursiveDifference(SET, { 'f:b': { 'f:d': L } }),
      { 'f:a': L, 'f:b': { '.': L, 'f:c': L } },
    ],
    ['an intersection has the fields of both', intersection(SET, { 'f:b': { 'f:c': L, 'f:x': L } }), { 'f:b': { 'f:c': L } }],
    ['an intersection of strangers is empty', intersection(SET, { 'f:z': L }), EMPTY],
    ['a field alone and one with more below it meet', intersection({ 'f:b': L }, SET), { 'f:b': L }],
    ['names make a set', setOfNames(['spec', 'metadata.labels']), { 'f:metadata': { 'f:labels': L }, 'f:spec': L }],
  ];
  it.each(cases)('%s', (_, result, wanted) => {
    expect(result).toEqual(wanted);
    expect(equalSets(result, wanted)).toBe(true);
  });

  it('answer the operand itself when nothing changes, leaves that came from JSON included', () => {
    const parsed: FieldSet = JSON.parse(JSON.stringify(SET));
    expect(difference(parsed, { 'f:z': L })).toBe(parsed);
    expect(intersection(parsed, SET)).toBe(parsed);
    expect(union(parsed, SET)).toBe(parsed);
    expect(recursiveDifference(parsed, { 'f:b': { 'f:z': L } })).toBe(parsed);
  });

  it('keep the order of elements', () => {
    expect(Object.keys(union({ 'f:b': L, 'k:{"p":9}': L }, { 'f:a': L, 'f:c': L, 'k:{"p":80}': L, 'v:1': L }))).toEqual([
      'f:a',
      'f:b',
      'f:c',
      'k:{"p":9}',
      'k:{"p":80}',
      'v:1',
    ]);
  });

  it('list the fields of a level before those below it', () => {
    expect(pathsOf(SET).map(showPath)).toEqual(['.a', '.b', '.b.c', '.b.d.e']);
    expect(has(SET, ['f:b', 'f:d'])).toBe(false);
    expect(has(SET, ['f:b', 'f:d', 'f:e'])).toBe(true);
  });
});

describe('elements', () => {
  it.each([
    ['k:{"name":"a"}', 'k:{"name":"a-b"}'],
    ['k:{"name":"a"}', 'k:{"name":"b"}'],
    ['k:{"port":443,"protocol":"TCP"}', 'k:{"port":8080,"protocol":"TCP"}'],
    ['k:{"port":80,"protocol":"TCP"}', 'k:{"port":80,"protocol":"UDP"}'],
    ['f:z', 'k:{"a":"a"}'],
    ['v:"a"', 'v:"b"'],
    ['v:9', 'v:10'],
    ['v:1', 'v:"1"'],
    ['i:9', 'i:10'],
  ])('%s comes before %s', (first, second) => {
    expect(compareElements(first, second)).toBeLessThan(0);
    expect(compareElements(second, first)).toBeGreaterThan(0);
  });

  it.each([
    ['f:spec', '.spec'],
    ['k:{"containerPort":80,"protocol":"TCP"}', '[containerPort=80,protocol="TCP"]'],
    ['v:"a\\"b"', '[="a\\"b"]'],
    ['i:3', '[3]'],
  ])('%s is shown as %s', (element, shown) => {
    expect(showElement(element)).toBe(shown);
  });
});

describe('FieldsV1 of clients', () => {
  it('are brought into their normal form', () => {
    const sent = { 'f:b': { '.': {} }, 'f:a': null, 'k:{ "b":1, "a":"x" }': { 'f:c': {} }, 'x:later': {}, 'v:"<"': {} };
    expect(parseFieldSet(sent)).toEqual({ 'f:a': L, 'f:b': L, 'k:{"a":"x","b":1}': { 'f:c': L }, 'v:"\\u003c"': L });
    expect(Object.keys(parseFieldSet(sent))[0]).toBe('f:a');
    expect(isEmpty(parseFieldSet(null))).toBe(true);
  });

  it.each([[{ a: {} }], [{ 'f:a': 1 }], [{ 'k:x': {} }], [{ 'i:x': {} }], [[]]])('that are none are refused: %j', (sent) => {
    expect(() => parseFieldSet(sent)).toThrow();
  });
});
