// What the rules of a schema say of objects: types of fields, transitions, messages, reasons, places, ratcheting and budgets.
import { describe, expect, it } from 'vitest';
import type { JSONSchemaProps, ValidationRule } from '../../api/index.ts';
import { compileSchemaRules, type RuleOptions } from './schema-rules.ts';

type Rule = string | ValidationRule;

const withRules = (schema: JSONSchemaProps, rules: readonly Rule[]): JSONSchemaProps => ({
  ...schema,
  'x-kubernetes-validations': rules.map((rule) => (typeof rule === 'string' ? { rule } : rule)),
});
const objectOf = (properties: Record<string, JSONSchemaProps>, ...rules: readonly Rule[]): JSONSchemaProps =>
  withRules({ type: 'object', properties }, rules);
const listOf = (items: JSONSchemaProps, more: JSONSchemaProps = {}): JSONSchemaProps => ({ type: 'array', items, ...more });
const mapOf = (additionalProperties: JSONSchemaProps): JSONSchemaProps => ({ type: 'object', additionalProperties });
const STRING: JSONSchemaProps = { type: 'string' };
const INTEGER: JSONSchemaProps = { type: 'integer' };
const NUMBER: JSONSchemaProps = { type: 'number' };
const BOOLEAN: JSONSchemaProps = { type: 'boolean' };
const INT_OR_STRING: JSONSchemaProps = { 'x-kubernetes-int-or-string': true };
const formatted = (format: string): JSONSchemaProps => ({ type: 'string', format });

interface Options extends RuleOptions {
  readonly old?: unknown;
}

/** What the rules say, as `path: message`. */
function said(schema: JSONSchemaProps, value: unknown, { old, ...options }: Options = {}): readonly string[] {
  const errors = compileSchemaRules(schema, false)?.validate(value, old, { path: 'spec', ...options }) ?? [];
  return errors.map(({ field, body }) => `${field}: ${body}`);
}

type TypeCase = readonly [rule: string, schema: JSONSchemaProps, value: unknown];

/** Rules that hold of the value of a field named `v`; of none of them would hold the opposite. */
const HOLDING: readonly TypeCase[] = [
  ['self.v == 1', INTEGER, 1],
  ['type(self.v) == int', INTEGER, 1],
  ['self.v == 1.0', NUMBER, 1],
  ['type(self.v) == double', NUMBER, 1],
  ['self.v == 1.5', NUMBER, 1.5],
  ['self.v', BOOLEAN, true],
  ['self.v == "a"', STRING, 'a'],
  ['self.v == b"abc"', formatted('byte'), 'YWJj'],
  ['self.v == timestamp("2020-01-01T00:00:00Z")', formatted('date'), '2020-01-01'],
  ['self.v.getHours() == 23', formatted('date-time'), '2009-02-13T23:31:30Z'],
  ['self.v == duration("90s")', formatted('duration'), '1m30s'],
  ['self.v == "not a format that has a type"', formatted('ipv4'), 'not a format that has a type'],
  ['type(self.v) == int && self.v == 5', INT_OR_STRING, 5],
  ['type(self.v) == string && self.v == "50%"', INT_OR_STRING, '50%'],
  ['type(self.v) == int ? self.v < 10 : self.v.endsWith("%")', INT_OR_STRING, '50%'],
  ['!has(self.v)', { type: 'string', nullable: true }, null],
  ['self.v.?a.orValue("none") == "none"', objectOf({ a: STRING }), {}],
  ['has(self.v.a) && !has(self.v.b)', objectOf({ a: STRING, b: STRING }), { a: '' }],
  ['self.v == {"a": 1}', mapOf(INTEGER), { a: 1 }],
  ['self.v["a-b"] == 1', mapOf(INTEGER), { 'a-b': 1 }],
  ['"a" in self.v && size(self.v) == 1', mapOf(INTEGER), { a: 1 }],
  ['self.v.all(k, k == "a" && self.v[k] == 1)', mapOf(INTEGER), { a: 1 }],
  ['self.v.exists(k, v, k == "a" && v == 1)', mapOf(INTEGER), { a: 1 }],
  ['self.v == [1, 2]', listOf(INTEGER), [1, 2]],
  ['self.v + [3] == [1, 2, 3]', listOf(INTEGER), [1, 2]],
  ['self.v.map(x, x * 2) == [2, 4]', listOf(INTEGER), [1, 2]],
  ['self.v.all(o, o.a > 0)', listOf(objectOf({ a: INTEGER })), [{ a: 1 }]],
  ['self.v == self.v', objectOf({ a: listOf(STRING) }), { a: ['x'] }],
  ['[self.v] == [self.v]', objectOf({ a: INTEGER }), { a: 1 }],
  ['self.v == ["b", "a"]', listOf(STRING, { 'x-kubernetes-list-type': 'set' }), ['a', 'b']],
  ['self.v != ["a", "c"]', listOf(STRING, { 'x-kubernetes-list-type': 'set' }), ['a', 'b']],
  ['self.v + ["a", "c"] == ["a", "b", "c"]', listOf(STRING, { 'x-kubernetes-list-type': 'set' }), ['a', 'b']],
  ['self.v.d.?e.hasValue()', objectOf({ d: objectOf({ e: INTEGER }) }), { d: { e: 0 } }],
  ['self.v.__namespace__ == "x"', objectOf({ namespace: STRING }), { namespace: 'x' }],
  ['self.v.a__dash__b == self.v.c__dot__d', objectOf({ 'a-b': STRING, 'c.d': STRING }), { 'a-b': 'x', 'c.d': 'x' }],
  ['self.v.a__slash__b == "x" && self.v.c__underscores__d == "y"', objectOf({ 'a/b': STRING, c__d: STRING }), { 'a/b': 'x', c__d: 'y' }],
  ['self.v.__true__ == 1 && self.v.__in__ == 2', objectOf({ true: INTEGER, in: INTEGER }), { true: 1, in: 2 }],
  ['self.v.int == 1 && self.v.self == 2', objectOf({ int: INTEGER, self: INTEGER }), { int: 1, self: 2 }],
  [
    'has(self.v.metadata.name) && self.v.kind == "Pod"',
    { type: 'object', 'x-kubernetes-embedded-resource': true },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
    },
  ],
  [
    'self.v.metadata.generateName == "a-"',
    { type: 'object', 'x-kubernetes-embedded-resource': true },
    { metadata: { generateName: 'a-' } },
  ],
  ['quantity(self.v).isLessThan(quantity("1Gi"))', STRING, '100Mi'],
];

describe('values of a schema', () => {
  it.each(HOLDING)('%s', (rule, schema, v) => {
    expect(said(objectOf({ v: schema }, rule), { v })).toEqual([]);
    expect(said(objectOf({ v: schema }, `!(${rule})`), { v })).toEqual([`spec: Invalid value: "object": failed rule: !(${rule})`]);
  });

  it('are themselves self of a rule on any kind of schema', () => {
    const schema = objectOf({
      text: withRules(STRING, ['self.startsWith("a")']),
      list: withRules(listOf(withRules(INTEGER, ['self > 0'])), ['size(self) > 1']),
      map: withRules(mapOf(withRules(BOOLEAN, ['self'])), ['"k" in self']),
      any: withRules(INT_OR_STRING, ['self == 1']),
    });
    expect(said(schema, { text: 'a', list: [1, 2], map: { k: true }, any: 1 })).toEqual([]);
    expect(said(schema, { text: 'b', list: [0], map: { j: false }, any: 'x' })).toEqual([
      'spec.any: Invalid value: "": failed rule: self == 1',
      'spec.list: Invalid value: "array": failed rule: size(self) > 1',
      'spec.list[0]: Invalid value: "integer": failed rule: self > 0',
      'spec.map: Invalid value: "object": failed rule: "k" in self',
      'spec.map[j]: Invalid value: "boolean": failed rule: self',
      'spec.text: Invalid value: "string": failed rule: self.startsWith("a")',
    ]);
  });

  it('that are absent or null have no rules', () => {
    const schema = objectOf({ a: withRules({ type: 'string', nullable: true }, ['self == "never"']) });
    expect(said(schema, {})).toEqual([]);
    expect(said(schema, { a: null })).toEqual([]);
  });

  it('of a whole resource have kind, metadata.name and nothing else of metadata', () => {
    const schema = objectOf({}, "self.kind == 'A' && self.apiVersion == 'v1' && self.metadata.name == 'x'");
    const rules = compileSchemaRules(schema);
    const metadata = { name: 'x', labels: { a: 'b' } };
    expect(rules?.validate({ apiVersion: 'v1', kind: 'A', metadata })).toEqual([]);
    const wrong = compileSchemaRules(objectOf({}, 'has(self.metadata.labels)'))?.validate({ apiVersion: 'v1', kind: 'A', metadata });
    expect(wrong?.map(({ field, body }) => `${field}: ${body}`)[0]).toContain("undefined field 'labels'");
  });

  it('are not copied: a rule that looks at one item of a large list takes no time', () => {
    const list = Array.from({ length: 200_000 }, (_, i) => ({ name: `n${i}`, deep: { list: [i] } }));
    const rules = compileSchemaRules(
      objectOf(
        { list: listOf(objectOf({ name: STRING, deep: objectOf({ list: listOf(INTEGER) }) })) },
        'self.list[199999].name == "n199999"',
      ),
      false,
    );
    let reads = 0;
    const counting = new Proxy(list, {
      get(target, key, receiver) {
        reads++;
        return Reflect.get(target, key, receiver);
      },
    });
    expect(rules?.validate({ list: counting })).toEqual([]);
    expect(reads).toBeLessThan(100);
  });
});

describe('errors of evaluation', () => {
  it.each([
    ['self.a == "x"', {}, 'no such key: a evaluating rule: self.a == "x"'],
    ['self.list[3] == 1', { list: [1] }, 'index out of bounds: 3 evaluating rule: self.list[3] == 1'],
    ['1 / self.zero == 1', { zero: 0 }, 'division by zero evaluating rule: 1 / self.zero == 1'],
    [
      'self.any + 1 == 2',
      { any: 'a' },
      "'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self.any + 1 == 2",
    ],
    ['self.at == timestamp("2020-01-01T00:00:00Z")', { at: 'never' }, 'Invalid value'],
  ])('%s', (rule, value, message) => {
    const schema = objectOf({ a: STRING, list: listOf(INTEGER), zero: INTEGER, any: INT_OR_STRING, at: formatted('date-time') }, rule);
    const [error, ...more] = said(schema, value);
    expect(more).toEqual([]);
    expect(error).toContain(message);
    expect(error).toMatch(/^spec: Invalid value: "object": /);
  });

  it('of compilation are said of each value', () => {
    const rule = "self.x == 'a'";
    expect(said(objectOf({ y: STRING }, rule), {})).toEqual([
      `spec: Invalid value: "object": rule compile error: compilation failed: ERROR: <input>:1:5: undefined field 'x'\n | ${rule}\n | ....^`,
    ]);
  });
});

describe('messages', () => {
  const value = { a: 'x' };
  it.each<readonly [string, ValidationRule, string]>([
    ['the rule', { rule: 'self.a == "y"' }, 'failed rule: self.a == "y"'],
    ['the message', { rule: 'false', message: ' must be y ' }, 'must be y'],
    ['the messageExpression', { rule: 'false', messageExpression: '"not " + self.a' }, 'not x'],
    ['the messageExpression before the message', { rule: 'false', message: 'm', messageExpression: '"e"' }, 'e'],
    ['the message for a messageExpression that fails', { rule: 'false', message: 'm', messageExpression: 'self.b' }, 'm'],
    ['the rule for one that fails', { rule: 'false', messageExpression: 'self.b' }, 'failed rule: false'],
    ['the message for one that gives nothing', { rule: 'false', message: 'm', messageExpression: '"  "' }, 'm'],
    ['the message for one of two lines', { rule: 'false', message: 'm', messageExpression: '"a\\nb"' }, 'm'],
    ['the message for one that is too long', { rule: 'false', message: 'm', messageExpression: `'${'x'.repeat(5121)}'` }, 'm'],
  ])('are %s', (_, rule, message) => {
    expect(said(objectOf({ a: STRING, b: STRING }, rule), value)).toEqual([`spec: Invalid value: "object": ${message}`]);
  });

  it('know what was before only where a rule beside them asks for it', () => {
    const told = { rule: 'self > 5', messageExpression: '"was " + string(oldSelf)' };
    const was = (...others: string[]) => said(withRules(INTEGER, [told, ...others]), 1, { old: 3 });
    expect(was()).toEqual(['spec: Invalid value: "integer": failed rule: self > 5']);
    expect(was('self != oldSelf')).toEqual(['spec: Invalid value: "integer": was 3']);
  });

  it.each([
    [undefined, 'Invalid value: "object": m'],
    ['FieldValueInvalid', 'Invalid value: "object": m'],
    ['FieldValueForbidden', 'Forbidden: m'],
    ['FieldValueRequired', 'Required value: m'],
    ['FieldValueDuplicate', 'Duplicate value: "object"'],
  ])('of reason %s', (reason, body) => {
    expect(said(objectOf({}, { rule: 'false', message: 'm', reason }), {})).toEqual([`spec: ${body}`]);
  });

  it.each([
    ['.a', 'spec.a'],
    ['.a.b', 'spec.a.b'],
    [".map['a-b']", 'spec.map[a-b]'],
    [".a['b.c']", 'spec.a.b.c'],
  ])('of the fieldPath %s', (fieldPath, path) => {
    const schema = objectOf({ a: objectOf({ b: STRING, 'b.c': STRING }), map: mapOf(STRING) }, { rule: 'false', message: 'm', fieldPath });
    expect(said(schema, {})).toEqual([`${path}: Invalid value: "object": m`]);
  });
});

describe('transition rules', () => {
  const GROWS = 'self >= oldSelf';

  it('run only with an old value', () => {
    const schema = objectOf({ a: withRules(INTEGER, [GROWS]) });
    expect(said(schema, { a: 1 })).toEqual([]);
    expect(said(schema, { a: 1 }, { old: {} })).toEqual([]);
    expect(said(schema, { a: 2 }, { old: { a: 1 } })).toEqual([]);
    expect(said(schema, { a: 1 }, { old: { a: 2 } })).toEqual([`spec.a: Invalid value: "integer": failed rule: ${GROWS}`]);
  });

  it('run also without one where oldSelf is optional', () => {
    const rule = { rule: 'oldSelf.hasValue() || self == 1', optionalOldSelf: true, message: 'must begin at 1' };
    const schema = objectOf({ a: withRules(INTEGER, [rule]) });
    expect(said(schema, { a: 1 })).toEqual([]);
    expect(said(schema, { a: 2 })).toEqual(['spec.a: Invalid value: "integer": must begin at 1']);
    expect(said(schema, { a: 2 }, { old: { a: 1 } })).toEqual([]);
  });

  it('find the items of a map list by their keys', () => {
    const item = withRules(objectOf({ k: STRING, l: INTEGER, v: INTEGER }), ['self.v >= oldSelf.v']);
    const schema = objectOf({ list: listOf(item, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k', 'l'] }) });
    const old = {
      list: [
        { k: 'a', l: 1, v: 5 },
        { k: 'b', l: 1, v: 1 },
      ],
    };
    expect(
      said(
        schema,
        {
          list: [
            { k: 'b', l: 1, v: 1 },
            { k: 'a', l: 1, v: 4 },
            { k: 'a', l: 2, v: 0 },
          ],
        },
        { old },
      ),
    ).toEqual(['spec.list[1]: Invalid value: "object": failed rule: self.v >= oldSelf.v']);
  });

  it('do not run on items of other lists', () => {
    const schema = objectOf({ list: listOf(withRules(INTEGER, [GROWS])) });
    expect(said(schema, { list: [1] }, { old: { list: [2] } })).toEqual([]);
  });

  it('find the values of maps', () => {
    const schema = objectOf({ map: mapOf(withRules(INTEGER, [GROWS])) });
    expect(said(schema, { map: { a: 1, b: 1 } }, { old: { map: { a: 2 } } })).toEqual([
      `spec.map[a]: Invalid value: "integer": failed rule: ${GROWS}`,
    ]);
  });

  it('see whole lists: those of a set in any order, those of a map by their keys', () => {
    const set = withRules(listOf(STRING, { 'x-kubernetes-list-type': 'set' }), ['self == oldSelf']);
    expect(said(objectOf({ set }), { set: ['a', 'b'] }, { old: { set: ['b', 'a'] } })).toEqual([]);
    const list = withRules(
      listOf(objectOf({ k: STRING, v: INTEGER }), { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] }),
      ['self == oldSelf'],
    );
    const items = [
      { k: 'a', v: 1 },
      { k: 'b', v: 2 },
    ];
    expect(said(objectOf({ list }), { list: items }, { old: { list: [...items].reverse() } })).toEqual([]);
    expect(said(objectOf({ list }), { list: items }, { old: { list: [items[0]] } })).toHaveLength(1);
  });
});

describe('ratcheting', () => {
  const schema = objectOf({
    a: withRules(INTEGER, ['self > 0']),
    b: withRules(INTEGER, ['self > 0']),
    list: listOf(withRules(objectOf({ k: STRING, v: INTEGER }), ['self.v > 0']), {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    }),
  });

  it('lets what the update did not change pass, with a warning', () => {
    const warnings: string[] = [];
    const warn = (text: string): void => {
      warnings.push(text);
    };
    const old = { a: 0, b: 1, list: [{ k: 'x', v: 0 }] };
    const changed = {
      a: 0,
      b: 0,
      list: [
        { k: 'y', v: 0 },
        { k: 'x', v: 0 },
      ],
    };
    expect(said(schema, changed, { old, ratchet: true, warn })).toEqual([
      'spec.b: Invalid value: "integer": failed rule: self > 0',
      'spec.list[0]: Invalid value: "object": failed rule: self.v > 0',
    ]);
    expect(warnings).toEqual([
      'spec.a: Invalid value: "integer": failed rule: self > 0',
      'spec.list[1]: Invalid value: "object": failed rule: self.v > 0',
    ]);
  });

  it('is not done unless asked for, nor for transition rules', () => {
    expect(said(schema, { a: 0 }, { old: { a: 0 } })).toHaveLength(1);
    const transition = objectOf({ a: withRules(INTEGER, ['self > oldSelf']) });
    expect(said(transition, { a: 1 }, { old: { a: 1 }, ratchet: true })).toHaveLength(1);
  });
});

describe('rules in allOf', () => {
  it('run beside those of the structure', () => {
    const schema: JSONSchemaProps = {
      ...objectOf({ a: INTEGER }, 'self.a > 0'),
      allOf: [
        { 'x-kubernetes-validations': [{ rule: 'self.a > 1' }] },
        { properties: { a: { 'x-kubernetes-validations': [{ rule: 'self > 2' }] } } },
      ],
    };
    expect(said(schema, { a: 0 })).toEqual([
      'spec: Invalid value: "object": failed rule: self.a > 0',
      'spec: Invalid value: "object": failed rule: self.a > 1',
      'spec.a: Invalid value: "integer": failed rule: self > 2',
    ]);
  });

  it('do not run alone', () => {
    expect(
      compileSchemaRules({ ...objectOf({ a: INTEGER }), 'x-kubernetes-validations': [], allOf: [withRules({}, ['false'])] }),
    ).toBeUndefined();
  });
});

describe('budgets', () => {
  const NESTED = 'self.list.all(x, self.list.all(y, self.list.all(z, x + y + z > 0)))';

  it('of one rule', () => {
    const schema = objectOf({ list: listOf(INTEGER), after: withRules(INTEGER, ['false']) }, NESTED, 'false');
    const list = Array.from({ length: 200 }, () => 1);
    expect(said(schema, { list, after: 1 })).toEqual([
      `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${NESTED}`,
    ]);
  });

  it('of all rules of an object', () => {
    const rule = 'self.list.all(x, self.list.all(y, x + y > 0))';
    const schema = objectOf({ list: listOf(INTEGER) }, ...Array.from({ length: 20 }, () => rule), 'false');
    const list = Array.from({ length: 350 }, () => 1);
    expect(said(schema, { list })).toEqual([
      'spec: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run',
    ]);
  });

  it('of a messageExpression', () => {
    const messageExpression = `self.list.all(x, self.list.all(y, self.list.all(z, x + y + z > 0))) ? "a" : "b"`;
    const schema = objectOf({ list: listOf(INTEGER) }, { rule: 'false', messageExpression }, 'false');
    const list = Array.from({ length: 200 }, () => 1);
    expect(said(schema, { list })).toEqual([
      `spec: Invalid value: "object": no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(messageExpression)}`,
    ]);
  });
});
