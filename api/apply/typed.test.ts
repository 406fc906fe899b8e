import { describe, expect, it } from 'vitest';
import { BUILT_IN_KINDS } from '../kinds/served.ts';
import { applyTypeOf, trackedTypeOf, UNTYPED } from './apply-type.ts';
import { compare } from './compare.ts';
import type { FieldSet } from './field-set.ts';
import { merge } from './merge.ts';
import { removeFields } from './remove.ts';
import { fieldSetOf } from './to-field-set.ts';
import { validate } from './validate.ts';

function typeOf(resource: string) {
  const kind = BUILT_IN_KINDS.find(({ info }) => info.resource === resource);
  if (!kind) throw new Error(resource);
  return applyTypeOf(kind.message);
}

const POD = typeOf('pods');
const MAP = typeOf('configmaps');
const L = {};
const inSpec = (spec: unknown) => ({ spec });
const containers = (...list: unknown[]) => inSpec({ containers: list });
const named = (...names: string[]) => containers(...names.map((name) => ({ name })));

describe('comparison', () => {
  const cases: readonly [name: string, objects: readonly [before: unknown, after: unknown], changed: FieldSet, removed: FieldSet][] = [
    ['a value', [{ data: { a: '1', b: '1' } }, { data: { a: '2', b: '1' } }], { 'f:data': { 'f:a': L } }, L],
    ['a map that is new', [{}, { data: { a: '1' } }], { 'f:data': { '.': L, 'f:a': L } }, L],
    ['a map that goes', [{ data: { a: '1' } }, {}], L, { 'f:data': { '.': L, 'f:a': L } }],
    ['a map that was empty', [{ data: null }, { data: { a: '1' } }], { 'f:data': { 'f:a': L } }, L],
    ['null and an empty map', [{ data: null }, { data: {} }], { 'f:data': L }, L],
  ];
  it.each(cases)('of maps: %s', (_, [before, after], changed, removed) => {
    expect(compare(MAP, before, after)).toEqual({ changed, removed });
  });

  const lists: typeof cases = [
    ['an item', [named('a'), named('a', 'b')], { 'f:containers': { 'k:{"name":"b"}': { '.': L, 'f:name': L } } }, L],
    ['another order is no difference', [named('a', 'b'), named('b', 'a')], L, L],
    [
      'a field of an item',
      [containers({ name: 'a', image: 'x' }), containers({ name: 'a' })],
      L,
      { 'f:containers': { 'k:{"name":"a"}': { 'f:image': L } } },
    ],
    [
      'an atomic list, as a whole',
      [containers({ name: 'a', args: ['1'] }), containers({ name: 'a', args: ['1', '2'] })],
      { 'f:containers': { 'k:{"name":"a"}': { 'f:args': L } } },
      L,
    ],
    [
      'an item that comes twice, as a whole',
      [named('a'), named('a', 'a')],
      { 'f:containers': { 'k:{"name":"a"}': L } },
      { 'f:containers': { 'k:{"name":"a"}': { '.': L, 'f:name': L } } },
    ],
  ];
  it.each(lists)('of lists: %s', (_, [before, after], changed, removed) => {
    const spec = (set: FieldSet) => (Object.keys(set).length === 0 ? set : { 'f:spec': set });
    expect(compare(POD, before, after)).toEqual({ changed: spec(changed), removed: spec(removed) });
  });

  it('leaves out what nobody owns', () => {
    const before = { metadata: { name: 'a' } };
    const after = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', uid: 'u', resourceVersion: '1', labels: { l: '1' } } };
    const labels = { 'f:metadata': { 'f:labels': { '.': L, 'f:l': L } } };
    expect(compare(trackedTypeOf(MAP), before, after).changed).toEqual(labels);
    expect(fieldSetOf(trackedTypeOf(MAP), after)).toEqual({ 'f:metadata': { 'f:labels': { 'f:l': L } } });
  });

  it('leaves it out as well where unknown fields are kept', () => {
    const open = trackedTypeOf({
      map: { fields: new Map(), ordered: [], values: UNTYPED, atomic: false },
      scalar: undefined,
      list: undefined,
    });
    const after = { apiVersion: 'v1', kind: 'Thing', spec: { n: 1 } };
    const spec = { 'f:spec': { '.': L, 'f:n': L } };
    expect(compare(open, {}, after).changed).toEqual(spec);
    expect(fieldSetOf(open, after)).toEqual(spec);
  });
});

describe('the fields that a configuration names', () => {
  const cases: readonly [name: string, config: unknown, wanted: FieldSet][] = [
    ['structs are only on the way', inSpec({ hostname: 'h' }), { 'f:spec': { 'f:hostname': L } }],
    ['an empty struct is a field', inSpec({ securityContext: {} }), { 'f:spec': { 'f:securityContext': L } }],
    ['a null is a field', inSpec({ containers: null }), { 'f:spec': { 'f:containers': L } }],
    ['an empty list is none', inSpec({ containers: [] }), L],
    [
      'keys have their defaults',
      containers({ name: 'a', ports: [{ containerPort: 80 }] }),
      {
        'f:spec': {
          'f:containers': {
            'k:{"name":"a"}': {
              '.': L,
              'f:name': L,
              'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': L, 'f:containerPort': L } },
            },
          },
        },
      },
    ],
    [
      'a key that is null has no default',
      containers({ name: 'a', ports: [{ containerPort: 80, protocol: null }] }),
      {
        'f:spec': {
          'f:containers': {
            'k:{"name":"a"}': {
              '.': L,
              'f:name': L,
              'f:ports': { 'k:{"containerPort":80,"protocol":null}': { '.': L, 'f:containerPort': L, 'f:protocol': L } },
            },
          },
        },
      },
    ],
  ];
  it.each(cases)('%s', (_, config, wanted) => {
    expect(fieldSetOf(POD, config)).toEqual(wanted);
  });
});

describe('merging', () => {
  it.each([
    ['abcd', 'dxb', 'acdxb'],
    ['ab', 'ba', 'ba'],
    ['', 'ab', 'ab'],
    ['ab', '', 'ab'],
    ['abc', 'c', 'abc'],
    ['abc', 'xa', 'xabc'],
    ['abc', 'bx', 'abcx'],
  ])('of the lists %s and %s is %s', (live, config, wanted) => {
    const merged = merge(POD, named(...live), named(...config));
    expect(merged).toEqual(named(...wanted));
  });

  it('keeps what the configuration does not name, and takes nulls as they are', () => {
    const live = { data: { a: '1', b: '1' }, binaryData: { x: 'AA==' } };
    expect(merge(MAP, live, { data: { b: '2', c: null } })).toEqual({ data: { a: '1', b: '2', c: null }, binaryData: { x: 'AA==' } });
    expect(live.data).toEqual({ a: '1', b: '1' });
  });

  it('is safe with names that objects have by nature', () => {
    const config: unknown = JSON.parse('{"data":{"__proto__":"x","constructor":"y"}}');
    expect(JSON.stringify(merge(MAP, { data: { a: '1' } }, config))).toBe('{"data":{"__proto__":"x","a":"1","constructor":"y"}}');
    expect(compare(MAP, {}, config).changed).toEqual({ 'f:data': { '.': L, 'f:__proto__': L, 'f:constructor': L } });
  });
});

it('removes fields, and what holds nothing any more', () => {
  const pod = containers({ name: 'a', image: 'x', args: ['1'] }, { name: 'b' });
  const fields = { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { 'f:image': L }, 'k:{"name":"b"}': L } } };
  expect(removeFields(POD, pod, fields)).toEqual(containers({ name: 'a', args: ['1'] }));
  expect(removeFields(MAP, { data: { a: '1' } }, { 'f:data': { 'f:a': L } })).toEqual({ data: null });
});

it('takes any shape for what is a number or a text: only decoding refuses it', () => {
  const budget = typeOf('poddisruptionbudgets');
  for (const minAvailable of [{}, [1], 1, '10%']) expect(() => validate(budget, inSpec({ minAvailable }))).not.toThrow();
});

describe('validation of a configuration', () => {
  it.each([
    [{ data: 'x' }, '.data: expected map, got &{x}'],
    [{ data: { a: 1 } }, '.data.a: expected string, got &value.valueUnstructured{Value:1}'],
    [{ dta: {} }, '.dta: field not declared in schema'],
    [{ immutable: 'yes' }, '.immutable: expected boolean, got &{yes}'],
    [{ metadata: { finalizers: ['a', 'a'] } }, '.metadata.finalizers: duplicate entries for key [="a"]'],
    [
      { metadata: { ownerReferences: [null] } },
      '.metadata.ownerReferences: element 0: associative list with keys may not have a null element',
    ],
    [
      { data: { a: 1 }, immutable: 1 },
      'errors:\n  .data.a: expected string, got &value.valueUnstructured{Value:1}\n  .immutable: expected boolean, got &{1}',
    ],
  ])('%j', (config, message) => {
    expect(() => validate(MAP, config)).toThrow(message);
  });
});
