import { describe, expect, test } from 'vitest';
import { deployment } from '../apps/v1/deployment.ts';
import { configMap } from '../core/v1/config-map.ts';
import { serviceAccount } from '../core/v1/service-account.ts';
import { parseJson } from '../json.ts';
import type { AnyMessage } from '../schema/message.ts';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, decodeJsonPatch, PatchError } from './index.ts';

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const member of Object.values(Object.freeze(value))) freeze(member);
  return value;
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof PatchError ? `${error.code} ${error.message}` : String(error);
  }
  return 'applied';
}

const REJECTED = '422 the server rejected our request due to an error in our request';

describe('JSON patch', () => {
  const doc = freeze({ metadata: { labels: { 'a/b': '1' } }, data: { x: '1', y: '2' }, list: ['a', 'b'] });

  test('every operation', () => {
    expect(
      applyJsonPatch(doc, [
        { op: 'test', path: '/data/x', value: '1' },
        { op: 'replace', path: '/data/x', value: '9' },
        { op: 'add', path: '/data/z', value: '3' },
        { op: 'remove', path: '/data/y' },
        { op: 'copy', from: '/data/x', path: '/data/c' },
        { op: 'move', from: '/data/z', path: '/data/m' },
        { op: 'remove', path: '/metadata/labels/a~1b' },
        { op: 'add', path: '/list/1', value: 'x' },
        { op: 'add', path: '/list/-', value: 'z' },
        { op: 'remove', path: '/list/-1' },
      ]),
    ).toEqual({ metadata: { labels: {} }, data: { x: '9', c: '9', m: '3' }, list: ['a', 'x', 'b'] });
  });

  test('the members of objects on the way come out sorted, others are left alone', () => {
    expect(JSON.stringify(applyJsonPatch({ z: { y: 1, b: 2 }, a: { d: 1, c: 2 } }, [{ op: 'add', path: '/z/a', value: 3 }]))).toBe(
      '{"a":{"d":1,"c":2},"z":{"a":3,"b":2,"y":1}}',
    );
    expect(JSON.stringify(applyMergePatch({ z: { y: 1, b: 2 }, a: { d: 1, c: 2 } }, { z: { a: 3 } }))).toBe(
      '{"a":{"d":1,"c":2},"z":{"a":3,"b":2,"y":1}}',
    );
  });

  test('a copy is independent of its source', () => {
    expect(
      applyJsonPatch(doc, [
        { op: 'add', path: '/data/own', value: 'x' },
        { op: 'copy', from: '/data', path: '/copy' },
        { op: 'replace', path: '/copy/x', value: 'changed' },
      ]),
    ).toMatchObject({ data: { x: '1' }, copy: { x: 'changed', own: 'x' } });
  });

  test('a missing member may be replaced, the whole document too', () => {
    expect(applyJsonPatch(doc, [{ op: 'replace', path: '/data/none', value: 1 }])).toMatchObject({ data: { none: 1 } });
    expect(applyJsonPatch(doc, [{ op: 'replace', path: '', value: { a: 1 } }])).toEqual({ a: 1 });
  });

  test.each([
    [[{ op: 'test', path: '/data/x', value: 'no' }]],
    [[{ op: 'remove', path: '/data/none' }]],
    [[{ op: 'replace', path: '/metadata/annotations/none', value: 'x' }]],
    [[{ op: 'frobnicate', path: '/data/x' }]],
    [[{ op: 'add', path: '/metadata/annotations/x', value: 'y' }]],
    [[{ op: 'add', path: '/list/7', value: 'y' }]],
    [[{ op: 'remove', path: '/list/2' }]],
    [[{ op: 'add', path: '/data/x/y', value: 'y' }]],
    [[{ op: 'remove', path: '/constructor' }]],
    [[{ path: '/data/x' }]],
    [[{ op: 'remove', path: '' }]],
  ])('%j is rejected', (patch) => {
    expect(refusal(() => applyJsonPatch(doc, patch))).toBe(REJECTED);
  });

  test.each<[string, unknown, string]>([
    [
      'add below nothing',
      { op: 'add', path: '/none/x', value: 1 },
      'add operation does not apply: doc is missing path: "/none/x": missing value',
    ],
    [
      'add far behind',
      { op: 'add', path: '/list/9', value: 1 },
      "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [
      'add at no place',
      { op: 'add', path: '/list/x', value: 1 },
      `error in add for path: '/list/x': value was not a proper array index: 'x': strconv.Atoi: parsing "x": invalid syntax`,
    ],
    [
      'remove nothing',
      { op: 'remove', path: '/none' },
      "error in remove for path: '/none': Unable to remove nonexistent key: none: missing value",
    ],
    [
      'replace below nothing',
      { op: 'replace', path: '/none/x', value: 1 },
      'replace operation does not apply: doc is missing path: /none/x: missing value',
    ],
    [
      'replace far behind',
      { op: 'replace', path: '/list/9', value: 1 },
      'replace operation does not apply: doc is missing key: /list/9: missing value',
    ],
    [
      'move nothing',
      { op: 'move', from: '/none', path: '/a' },
      "error in move for path: 'none': Unable to remove nonexistent key: none: missing value",
    ],
    [
      'copy from nowhere',
      { op: 'copy', from: '/none/x', path: '/a' },
      'copy operation does not apply: doc is missing from path: /none/x: missing value',
    ],
    ['pass a test', { op: 'test', path: '/list', value: [1] }, 'testing value /list failed: test failed'],
    ['do what is unknown', { op: 'swap', path: '/list' }, 'Unexpected kind: swap'],
  ])('it is known why a patch cannot %s', (_, operation, detail) => {
    const attempt = () => applyJsonPatch({ list: [] }, [operation]);
    expect(attempt).toThrow(PatchError);
    expect(attempt).toThrow(expect.objectContaining({ detail }));
  });

  test('what is no patch is told apart', () => {
    expect(refusal(() => applyJsonPatch(doc, { data: {} }))).toBe(
      '400 error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
    expect(refusal(() => applyJsonPatch(doc, [{ op: 1 }]))).toBe(
      '400 error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
    );
    expect(refusal(() => applyJsonPatch(doc, new Array(10_001).fill({ op: 'test' })))).toContain(
      '413 Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
    expect(decodeJsonPatch([{ op: 'test', path: '', bogus: 1 }]).unknown).toEqual(['json patch unknown field "[0].bogus"']);
  });

  test('copies of copies of copies are stopped', () => {
    const double = { op: 'copy', from: '/list', path: '/list/-' };
    expect(refusal(() => applyJsonPatch(doc, new Array(40).fill(double)))).toBe(REJECTED);
  });

  test('__proto__ is a name like others', () => {
    const patched = applyJsonPatch({}, parseJson('[{"op":"add","path":"/__proto__","value":{"polluted":1}}]'));
    expect(JSON.stringify(patched)).toBe('{"__proto__":{"polluted":1}}');
    expect(refusal(() => applyJsonPatch({}, [{ op: 'add', path: '/__proto__/polluted', value: 1 }]))).toBe(REJECTED);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('merge patch', () => {
  const doc = freeze({ a: { b: 1, c: { d: 2 } }, list: [1, 2] });

  test('objects are merged, lists replaced, nulls delete', () => {
    expect(applyMergePatch(doc, { a: { b: null, c: { e: 3 } }, list: [{ x: null, y: 1 }, null], none: null, n: { m: null } })).toEqual({
      a: { c: { d: 2, e: 3 } },
      list: [{ y: 1 }, null],
      n: {},
    });
  });

  test('only objects are patches', () => {
    expect(refusal(() => applyMergePatch(doc, [1]))).toBe(
      '400 error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
    expect(refusal(() => applyMergePatch(doc, null))).toBe('400 Invalid JSON Patch');
  });

  test('__proto__ is a name like others', () => {
    expect(JSON.stringify(applyMergePatch({}, parseJson('{"__proto__":{"polluted":1}}')))).toBe('{"__proto__":{"polluted":1}}');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('strategic merge patch', () => {
  const doc = freeze({
    metadata: { name: 'd', finalizers: ['a', 'b'], labels: { x: '1' } },
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      template: {
        spec: {
          containers: [
            {
              name: 'a',
              image: 'i',
              args: ['x', 'y'],
              env: [
                { name: 'A', value: '1' },
                { name: 'B', value: '2' },
              ],
            },
            { name: 'b', image: 'j' },
          ],
          tolerations: [{ key: 'k' }],
        },
      },
    },
  });
  const patched = (patch: unknown, message: AnyMessage = deployment): typeof doc =>
    applyStrategicMergePatch(message, doc, patch) as typeof doc;
  const containers = (...list: unknown[]): object => ({ spec: { template: { spec: { containers: list } } } });

  test('keyed lists are merged by key, other lists replaced', () => {
    const { spec } = patched(
      containers({ name: 'b', image: 'k' }, { name: 'a', env: [{ name: 'B', value: '3' }, { name: 'C' }], args: ['z'] }),
    ).spec.template;
    expect(spec.containers).toEqual([
      { name: 'b', image: 'k' },
      { name: 'a', image: 'i', args: ['z'], env: [{ name: 'A', value: '1' }, { name: 'B', value: '3' }, { name: 'C' }] },
    ]);
    expect(patched({ spec: { template: { spec: { tolerations: [{ key: 'l' }] } } } }).spec.template.spec.tolerations).toEqual([
      { key: 'l' },
    ]);
  });

  test('like upstream, a new item comes before those that the patch does not name', () => {
    expect(patched(containers({ name: 'c' })).spec.template.spec.containers.map(({ name }) => name)).toEqual(['c', 'a', 'b']);
  });

  test('$patch deletes and replaces', () => {
    expect(patched(containers({ name: 'a', $patch: 'delete' })).spec.template.spec.containers).toEqual([{ name: 'b', image: 'j' }]);
    expect(patched(containers({ $patch: 'replace' }, { name: 'z' })).spec.template.spec.containers).toEqual([{ name: 'z' }]);
    expect(patched({ spec: { strategy: { $patch: 'replace', type: 'Recreate' } } }).spec.strategy).toEqual({ type: 'Recreate' });
    expect(patched({ spec: { strategy: { $patch: 'delete' } } }).spec.strategy).toEqual({});
    expect(patched({ metadata: { annotations: { $patch: 'delete' } } }).metadata).not.toHaveProperty('annotations');
  });

  test('$retainKeys drops the others', () => {
    expect(patched({ spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }).spec.strategy).toEqual({ type: 'Recreate' });
    expect(refusal(() => patched({ spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } }))).toBe(
      '400 invalid patch format of retainKeys',
    );
  });

  test('lists of values are joined, and $deleteFromPrimitiveList takes out', () => {
    expect(patched({ metadata: { finalizers: ['c', 'a'] } }).metadata.finalizers).toEqual(['c', 'a', 'b']);
    expect(patched({ metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }).metadata.finalizers).toEqual(['b']);
    expect(refusal(() => patched({ metadata: { $deleteFromPrimitiveListX: ['a'] } }))).toBe('400 invalid patch format of primitive list');
  });

  test('$setElementOrder orders what the patch names', () => {
    const order = (...names: string[]): object => ({ '$setElementOrder/containers': names.map((name) => ({ name })) });
    const spec = (patch: object): string =>
      patched({ spec: { template: { spec: patch } } })
        .spec.template.spec.containers.map(({ name }) => name)
        .join('');
    expect(spec(order('b', 'a'))).toBe('ba');
    expect(spec({ ...order('c', 'a'), containers: [{ name: 'c' }] })).toBe('cab');
    expect(spec({ ...order('a'), containers: [{ name: 'b', $patch: 'delete' }] })).toBe('a');
    expect(spec({ ...order('c'), containers: [{ name: 'c' }, { name: 'a', $patch: 'delete' }] })).toBe('bc');
    expect(spec({ ...order('c', 'd'), containers: [{ name: 'c' }, { name: 'd' }, { name: 'b', $patch: 'delete' }] })).toBe('acd');
    expect(refusal(() => spec({ ...order('a'), containers: [{ name: 'c' }] }))).toContain(
      "500 The order in patch list:\n[map[name:c]]\n doesn't match $setElementOrder list:\n[map[name:a]]",
    );
    expect(patched({ metadata: { '$setElementOrder/finalizers': ['b', 'a'] } }).metadata.finalizers).toEqual(['b', 'a']);
  });

  test('null deletes a member', () => {
    expect(patched({ metadata: { labels: { x: null, y: null, z: '1' } } }).metadata.labels).toEqual({ z: '1' });
    expect(patched({ spec: { strategy: null } }).spec).not.toHaveProperty('strategy');
  });

  test('a null patch changes nothing', () => {
    expect(patched(null)).toEqual(doc);
  });

  test.each([
    [containers({ image: 'nameless:1' }), '500 map: map[image:nameless:1] does not contain declared merge key: name'],
    [containers({ name: 'a', $patch: 'explode' }), '500 unknown patch type: explode in map: map[$patch:explode name:a]'],
    [containers({ name: 'a', $patch: null }), '500 unknown patch type: %!s(<nil>) in map: map[$patch:<nil> name:a]'],
    [{ spec: { $patch: 1 } }, '500 unknown patch type: %!s(int64=1) in map: map[$patch:1]'],
    [{ spec: { $patch: [true] } }, '500 unknown patch type: [%!s(bool=true)] in map: map[$patch:[true]]'],
    [containers({ name: 'a', $patch: 'merge' }), '500 merging lists cannot yet be specified in the patch'],
    [
      containers('a'),
      '500 list element types are not identical: [[map[args:[x y] env:[map[name:A value:1] map[name:B value:2]] image:i name:a] map[image:j name:b]] [a]]',
    ],
    [{ spec: { '$setElementOrder/bogus': [] } }, '500 unable to find api field in struct DeploymentSpec for the json field "bogus"'],
    [{ spec: { '$setElementOrder/template': {} } }, '500 expected a []interface {}, but received a map[string]interface {}'],
    [[1], '400 json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ])('%j is refused', (patch, message) => {
    expect(refusal(() => patched(patch))).toBe(message);
  });

  test('maps and unknown members are merged without a schema', () => {
    expect(applyStrategicMergePatch(configMap, { data: { a: '1' } }, { data: { b: '2' }, bogus: { c: null, d: 1 } })).toEqual({
      data: { a: '1', b: '2' },
      bogus: { d: 1 },
    });
    expect(applyStrategicMergePatch(serviceAccount, { secrets: [{ name: 'a' }] }, { secrets: [{ name: 'b' }] })).toEqual({
      secrets: [{ name: 'b' }, { name: 'a' }],
    });
  });
});
