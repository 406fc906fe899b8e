import { describe, expect, it } from 'vitest';
import type { FieldError, JSONSchemaProps } from '../../../api/index.ts';
import { ownership } from '../../../api/schema.ts';
import { compileSchema, rulesBlocked, SchemaCoercionError } from './index.ts';

const object = (properties: Record<string, JSONSchemaProps>, more: JSONSchemaProps = {}): JSONSchemaProps => ({
  type: 'object',
  properties,
  ...more,
});
/** A schema of objects with a spec of these fields. */
const specOf = (properties: Record<string, JSONSchemaProps>, more: JSONSchemaProps = {}): JSONSchemaProps =>
  object({ spec: object(properties, more) });
const string: JSONSchemaProps = { type: 'string' };
const integer: JSONSchemaProps = { type: 'integer' };

const head = () => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'x' } });
const widget = (spec: unknown, more: object = {}): Record<string, unknown> => ({ ...head(), spec, ...more });
const texts = (errors: readonly FieldError[]): string[] => errors.map(({ field, body }) => `${field}: ${body}`);

const check = (schema: JSONSchemaProps, spec: unknown): string[] => texts(compileSchema(schema).validate(widget(spec)));

describe('the values of a custom resource', () => {
  const schema = specOf(
    {
      s: { type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-z]+$' },
      e: { type: 'string', enum: ['on', 'off'] },
      i: { type: 'integer', minimum: 1, maximum: 10 },
      l: { type: 'array', minItems: 1, maxItems: 2, items: string },
      b: { type: 'boolean' },
      o: object({ r: string }, { required: ['r'] }),
    },
    { required: ['s'] },
  );

  it.each<[spec: unknown, ...errors: string[]]>([
    [{ s: 'ab', e: 'on', i: 1, l: ['a'], b: true, o: { r: '' } }],
    [{}, 'spec.s: Required value'],
    [{ s: 'a' }, 'spec.s: Invalid value: "a": spec.s in body should be at least 2 chars long'],
    [{ s: 'ABCDE' }, 'spec.s: Too long: may not be more than 4 bytes'],
    [{ s: 'AB' }, `spec.s: Invalid value: "AB": spec.s in body should match '^[a-z]+$'`],
    [{ s: 'ab', e: 'maybe' }, 'spec.e: Unsupported value: "maybe": supported values: "on", "off"'],
    [{ s: 'ab', i: 0 }, 'spec.i: Invalid value: 0: spec.i in body should be greater than or equal to 1'],
    [{ s: 'ab', i: 11 }, 'spec.i: Invalid value: 11: spec.i in body should be less than or equal to 10'],
    [{ s: 5 }, 'spec.s: Invalid value: "integer": spec.s in body must be of type string: "integer"'],
    [{ s: 'ab', i: 'x' }, 'spec.i: Invalid value: "string": spec.i in body must be of type integer: "string"'],
    [{ s: 'ab', i: 1.5 }, 'spec.i: Invalid value: "number": spec.i in body must be of type integer: "number"'],
    [{ s: 'ab', b: 'y' }, 'spec.b: Invalid value: "string": spec.b in body must be of type boolean: "string"'],
    [{ s: 'ab', l: 'z' }, 'spec.l: Invalid value: "string": spec.l in body must be of type array: "string"'],
    [{ s: 'ab', o: [] }, 'spec.o: Invalid value: "array": spec.o in body must be of type object: "array"'],
    [{ s: 'ab', l: [] }, 'spec.l: Invalid value: 0: spec.l in body should have at least 1 items'],
    [{ s: 'ab', l: ['a', 'b', 'c'] }, 'spec.l: Too many: 3: must have at most 2 items'],
    [{ s: 'ab', l: ['a', 1] }, 'spec.l[1]: Invalid value: "integer": spec.l[1] in body must be of type string: "integer"'],
    [{ s: 'ab', o: {} }, 'spec.o.r: Required value'],
    [{ s: null }, 'spec.s: Invalid value: "null": spec.s in body must be of type string: "null"'],
    [7, 'spec: Invalid value: "integer": spec in body must be of type object: "integer"'],
  ])('%j', (spec, ...errors) => {
    expect(check(schema, spec)).toEqual(errors);
  });

  it('counts characters, not bytes and not surrogates', () => {
    const short = specOf({ s: { type: 'string', maxLength: 2, minLength: 2 } });
    expect(check(short, { s: '😀é' })).toEqual([]);
    expect(check(short, { s: '😀' })).toEqual(['spec.s: Invalid value: "😀": spec.s in body should be at least 2 chars long']);
  });

  it('knows integers that are larger than a double can hold', () => {
    const big = specOf({ i: { type: 'integer', maximum: 100 } });
    expect(check(specOf({ i: integer }), { i: 9_007_199_254_740_993n })).toEqual([]);
    expect(check(big, { i: 9_007_199_254_740_993n })).toEqual([
      'spec.i: Invalid value: 9007199254740993: spec.i in body should be less than or equal to 100',
    ]);
  });

  it('takes integers beyond 64 bits for the floats that they are in Go', () => {
    expect(check(specOf({ i: integer }), { i: 12_345_678_910_111_213_141_516n })).toEqual([
      'spec.i: Invalid value: "number": spec.i in body must be of type integer: "number"',
    ]);
    expect(check(specOf({ i: { type: 'number' } }), { i: 12_345_678_910_111_213_141_516n })).toEqual([]);
  });

  it.each<[JSONSchemaProps, unknown, ...string[]]>([
    [{ type: 'number', minimum: 0.5, exclusiveMinimum: true }, 0.5, 'should be greater than 0.5'],
    [{ type: 'number', maximum: 1e21 }, 1e22, 'should be less than or equal to 1e+21'],
    [{ type: 'number', maximum: 0.00001 }, 0.5, 'should be less than or equal to 1e-05'],
    [{ type: 'integer', maximum: 10.9 }, 11, 'should be less than or equal to 10'],
    [{ type: 'number', multipleOf: 0.1 }, 0.3],
    [{ type: 'number', multipleOf: 0.25 }, 0.3, 'should be a multiple of 0.25'],
    [{ type: 'integer', multipleOf: 5 }, 7, 'should be a multiple of 5'],
  ])('%j of %j', (schema, value, ...details) => {
    const shown = String(value);
    expect(check(specOf({ n: schema }), { n: value })).toEqual(
      details.map((text) => `spec.n: Invalid value: ${shown}: spec.n in body ${text}`),
    );
  });

  it('takes an integer for a number, and 1.0 for an integer', () => {
    expect(check(specOf({ n: { type: 'number' }, i: integer }), { n: 1, i: 1.0 })).toEqual([]);
  });

  it('takes a rule for a float literally for integers: its whole part', () => {
    expect(check(specOf({ n: { type: 'integer', multipleOf: 0.5 } }), { n: 2 })).toEqual([
      'spec.n: Invalid value: 0: factor MultipleOf declared for spec.n must be positive: 0',
    ]);
  });

  it('allows integers and strings where both are', () => {
    const either = specOf({ p: { 'x-kubernetes-int-or-string': true } });
    expect(check(either, { p: 1 })).toEqual([]);
    expect(check(either, { p: '10%' })).toEqual([]);
    expect(check(either, { p: true })).toEqual([
      'spec.p: Invalid value: "boolean": spec.p in body must be of type integer,string: "boolean"',
    ]);
  });

  it('allows null where it may be', () => {
    expect(check(specOf({ s: { type: 'string', nullable: true } }), { s: null })).toEqual([]);
    expect(check(specOf({ s: { type: 'string', nullable: true, enum: ['a'] } }), { s: null })).toEqual([
      'spec.s: Unsupported value: null: supported values: "a"',
    ]);
  });

  it('counts the fields of a map', () => {
    const map = specOf({ m: { type: 'object', additionalProperties: integer, minProperties: 1, maxProperties: 2 } });
    expect(check(map, { m: {} })).toEqual(['spec.m: Invalid value: 0: spec.m in body should have at least 1 properties']);
    expect(check(map, { m: { a: 1, b: 2, c: 'x' } })).toEqual([
      'spec.m: Too many: 3: must have at most 2 items',
      'spec.m.c: Invalid value: "string": spec.m.c in body must be of type integer: "string"',
    ]);
  });

  it('tells enum values that are no strings as JSON', () => {
    expect(check(specOf({ n: { type: 'integer', enum: [1, 2] } }), { n: 3 })).toEqual([
      'spec.n: Unsupported value: 3: supported values: "1", "2"',
    ]);
  });
});

describe('joined schemas', () => {
  const spec: JSONSchemaProps = object(
    { a: string, b: string },
    { oneOf: [{ required: ['a'] }, { required: ['b'] }], not: { properties: { a: { enum: ['bad'] } }, required: ['a'] } },
  );

  it('wants exactly one of oneOf', () => {
    const schema = object({ spec });
    expect(check(schema, { a: 'x' })).toEqual([]);
    expect(check(schema, {})).toEqual([
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
      'spec.a: Required value',
    ]);
    expect(check(schema, { a: 'x', b: 'y' })).toEqual([
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ]);
    expect(check(schema, { a: 'bad' })).toEqual(['<nil>: Invalid value: "": "spec" must not validate the schema (not)']);
  });

  it('tells of anyOf the alternative that came nearest', () => {
    const any = specOf({ s: { type: 'string', anyOf: [{ pattern: '^x' }, { maxLength: 1 }] } });
    expect(check(any, { s: 'xyz' })).toEqual([]);
    expect(check(any, { s: 'yz' })).toEqual([
      '<nil>: Invalid value: "": "spec.s" must validate at least one schema (anyOf)',
      `spec.s: Invalid value: "yz": spec.s in body should match '^x'`,
    ]);
  });

  it('wants all of allOf', () => {
    const all = specOf({ s: { type: 'string', allOf: [{ minLength: 3 }, { pattern: '^x' }] } });
    expect(check(all, { s: 'xyz' })).toEqual([]);
    expect(check(all, { s: 'yzz' })).toEqual([
      `spec.s: Invalid value: "yzz": spec.s in body should match '^x'`,
      '<nil>: Invalid value: "": "spec.s" must validate all the schemas (allOf)',
    ]);
    expect(check(all, { s: 'y' }).at(-1)).toBe('<nil>: Invalid value: "": "spec.s" must validate all the schemas (allOf). None validated');
  });
});

describe('pruning', () => {
  const pruned = (schema: JSONSchemaProps | undefined, from: Record<string, unknown>) => {
    const object = structuredClone(from);
    const unknown = compileSchema(schema).prune(object);
    return { object, unknown };
  };

  it('takes out what the schema does not know, and names it in order', () => {
    const schema = specOf({ o: object({ y: string }), l: { type: 'array', items: object({ name: string }) } });
    const from = widget({ o: { y: '1', zz: 1 }, l: [{ name: 'i' }, { name: 'j', q: 1 }], unknown: { deep: 1 } }, { extra: 1 });
    expect(pruned(schema, from)).toEqual({
      object: widget({ o: { y: '1' }, l: [{ name: 'i' }, { name: 'j' }] }),
      unknown: ['extra', 'spec.l[1].q', 'spec.o.zz', 'spec.unknown'],
    });
    expect(compileSchema(schema).unknownFields(from)).toEqual([
      'unknown field "extra"',
      'unknown field "spec.l[1].q"',
      'unknown field "spec.o.zz"',
      'unknown field "spec.unknown"',
    ]);
    expect(from).toHaveProperty('extra', 1);
  });

  it('keeps what is to be kept, and prunes again below what is known', () => {
    const schema = specOf({
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { known: object({ a: string }) } },
    });
    expect(pruned(schema, widget({ free: { any: { b: 1 }, known: { a: '', b: 1 } } }))).toEqual({
      object: widget({ free: { any: { b: 1 }, known: { a: '' } } }),
      unknown: ['spec.free.known.b'],
    });
  });

  it('keeps the keys of a map of anything, but not what its values have inside', () => {
    const schema = specOf({
      m: { type: 'object', additionalProperties: true },
      n: { type: 'object', additionalProperties: object({ a: string }) },
    });
    expect(pruned(schema, widget({ m: { k: { a: 1 } }, n: { k: { a: '', b: 1 } } })).object).toEqual(
      widget({ m: { k: {} }, n: { k: { a: '' } } }),
    );
  });

  it('drops everything where there is no schema, and nothing where all is kept', () => {
    expect(pruned(undefined, widget({ a: 1 }))).toEqual({ object: head(), unknown: ['spec'] });
    const kept = widget({ a: 1 });
    expect(compileSchema(undefined, { preserveUnknownFields: true }).prune(kept)).toEqual([]);
    expect(kept).toEqual(widget({ a: 1 }));
  });

  it('drops nulls that may not be, unless there is a default for them', () => {
    const schema = specOf({
      a: string,
      d: { type: 'string', default: 'D' },
      n: { type: 'string', nullable: true },
      o: object({ x: string }),
    });
    expect(pruned(schema, widget({ a: null, d: null, n: null, o: { x: null } })).object).toEqual(widget({ d: null, n: null, o: {} }));
  });
});

describe('defaults', () => {
  const schema = specOf({
    a: { type: 'string', default: 'A' },
    o: object({ x: { type: 'boolean', default: true } }),
    p: object({ x: { type: 'boolean', default: true } }, { default: {} }),
    l: { type: 'array', items: object({ v: { type: 'integer', default: 1 } }) },
    m: { type: 'object', additionalProperties: object({ v: { type: 'integer', default: 2 } }) },
    nul: { type: 'string', nullable: true, default: 'D' },
    non: { type: 'string', default: 'E' },
  });
  const defaulted = (from: Record<string, unknown>) => {
    const object = structuredClone(from);
    compileSchema(schema).prune(object);
    compileSchema(schema).setDefaults(object);
    return object;
  };

  it('are set where something is missing, but not under what is missing', () => {
    expect(defaulted(widget({}))).toEqual(widget({ a: 'A', p: { x: true }, nul: 'D', non: 'E' }));
    expect(defaulted(head())).toEqual(head());
  });

  it('go into items and values', () => {
    expect(defaulted(widget({ o: {}, l: [{}, { v: 5 }], m: { k: {} } }))).toMatchObject({
      spec: { o: { x: true }, l: [{ v: 1 }, { v: 5 }], m: { k: { v: 2 } } },
    });
  });

  it('take the place of a null only where it may not be', () => {
    expect(defaulted(widget({ a: null, nul: null, non: null }))).toEqual(widget({ a: 'A', p: { x: true }, nul: null, non: 'E' }));
  });

  it('are pruned, and never shared between objects', () => {
    const odd = compileSchema(specOf({ o: object({ a: string }, { default: { a: 'x', b: 'y' } }) }));
    const [first, second] = [widget({}), widget({})];
    odd.setDefaults(first);
    odd.setDefaults(second);
    expect(first).toEqual(widget({ o: { a: 'x' } }));
    expect((first.spec as { o: unknown }).o).not.toBe((second.spec as { o: unknown }).o);
  });
});

describe('list types', () => {
  const schema = specOf({
    set: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
    map: { type: 'array', items: object({ k: string, n: integer }), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
    two: {
      type: 'array',
      items: object({ k: string, n: integer }),
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['n', 'k'],
    },
  });

  it('want each item once', () => {
    expect(
      check(schema, {
        set: ['a', 'b'],
        map: [{ k: 'a' }, { k: 'b' }],
        two: [
          { k: 'a', n: 1 },
          { k: 'a', n: 2 },
        ],
      }),
    ).toEqual([]);
    expect(check(schema, { set: ['a', 'b', 'a', 'a'] })).toEqual(['spec.set[2]: Duplicate value: "a"']);
    expect(check(schema, { map: [{ k: 'a' }, { k: 'a', n: 1 }, {}, {}] })).toEqual([
      'spec.map[1]: Duplicate value: {"k":"a"}',
      'spec.map[3]: Duplicate value: {}',
    ]);
    expect(
      check(schema, {
        two: [
          { k: 'a', n: 1 },
          { n: 1, k: 'a' },
        ],
      }),
    ).toEqual(['spec.two[1]: Duplicate value: {"k":"a","n":1}']);
  });

  it('are not complained of when they were wrong before', () => {
    const compiled = compileSchema(schema);
    const old = widget({ set: ['a', 'a'] });
    expect(compiled.validate(widget({ set: ['a', 'a', 'b', 'b'] }), old)).toEqual([]);
    expect(texts(compiled.validate(widget({ set: ['b', 'b'] }), widget({ set: ['b'] })))).toEqual(['spec.set[1]: Duplicate value: "b"']);
  });
});

describe('embedded objects', () => {
  const schema = specOf({ tpl: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true } });
  const compiled = compileSchema(schema);

  it('are read like objects', () => {
    const from = widget({ tpl: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels: { a: 'b' }, foo: 1 }, spec: { any: 1 } } });
    expect(compiled.prune(from)).toEqual(['spec.tpl.metadata.foo']);
    expect(from.spec).toEqual({ tpl: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels: { a: 'b' } }, spec: { any: 1 } } });
  });

  it('are refused, or cut down, when they do not fit', () => {
    const wrong = () => widget({ tpl: { apiVersion: 5, kind: 'Pod', metadata: { name: 'a', labels: 'x' } } });
    expect(() => compiled.prune(wrong())).toThrow(
      new SchemaCoercionError({ type: 'FieldValueInvalid', field: 'spec.tpl.apiVersion', body: 'Invalid value: 5: must be a string' }),
    );
    const cut = wrong();
    compiled.prune(cut, { dropInvalid: true });
    expect(cut.spec).toEqual({ tpl: { kind: 'Pod', metadata: { name: 'a' } } });
    // What is shown of them has its members by name.
    expect(() => compiled.prune(widget({ tpl: { metadata: { name: 'a', creationTimestamp: 'x' } } }))).toThrow(
      'Invalid value: {"creationTimestamp":"x","name":"a"}: parsing time "x"',
    );
    expect(() => compiled.prune(widget({ tpl: { metadata: { labels: 'x' } } }))).toThrow(
      /^spec\.tpl\.metadata: Invalid value: .*json: cannot unmarshal string/,
    );
  });

  it('are checked', () => {
    expect(check(schema, { tpl: {} })).toEqual(['spec.tpl.apiVersion: Required value', 'spec.tpl.kind: Required value']);
    expect(check(schema, { tpl: { apiVersion: 'a/b/c', kind: 'pod_', metadata: { name: 'a', labels: { '-': 'v' } } } })).toEqual([
      'spec.tpl.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      expect.stringMatching(/^spec\.tpl\.kind: Invalid value: "pod_": may have mixed case, but should otherwise match: a DNS-1035 label/),
      expect.stringMatching(/^spec\.tpl\.metadata\.labels: Invalid value: "-": name part must consist of/),
    ]);
    expect(check(schema, { tpl: { apiVersion: 'v1', kind: 'Pod', metadata: {} } })).toEqual([]);
  });
});

describe('an update', () => {
  const compiled = compileSchema(
    object({
      spec: object({
        a: { type: 'string', maxLength: 1 },
        b: { type: 'string', maxLength: 1 },
        o: object({ x: string, y: string }, { required: ['x'] }),
        l: {
          type: 'array',
          items: object({ k: string, v: { type: 'integer', maximum: 1 } }),
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
        },
        atomic: { type: 'array', items: { type: 'integer', maximum: 1 } },
      }),
      status: object({ phase: { type: 'string', enum: ['A'] } }),
    }),
  );
  const update = (spec: object, old: object) => texts(compiled.validate(widget(spec), widget(old)));

  it('is not told of what was wrong before and stays as it is', () => {
    expect(update({ a: 'long', b: 'ok' }, { a: 'long', b: 'x' })).toEqual([
      'spec.b: Too long: may not be more than 1 bytes'.replace('bytes', 'byte'),
    ]);
    expect(update({ a: 'long' }, { a: 'long' })).toEqual([]);
    expect(update({ a: 'longer' }, { a: 'long' })).toHaveLength(1);
    expect(update({ o: { y: '1' } }, { o: { y: '1' } })).toEqual([]);
    expect(update({ o: { y: '2' } }, { o: { y: '1' } })).toEqual(['spec.o.x: Required value']);
  });

  it('finds the items of a map again by their keys, and those of other lists not at all', () => {
    expect(
      update(
        {
          l: [
            { k: 'b', v: 1 },
            { k: 'a', v: 5 },
          ],
        },
        { l: [{ k: 'a', v: 5 }] },
      ),
    ).toEqual([]);
    expect(update({ l: [{ k: 'b', v: 5 }] }, { l: [{ k: 'a', v: 5 }] })).toHaveLength(1);
    expect(update({ atomic: [5, 1] }, { atomic: [5] })).toHaveLength(1);
    expect(update({ atomic: [5], a: 'b' }, { atomic: [5] })).toEqual([]);
  });

  it('of long lists is looked at in time that is no square of their length', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ({ k: `k${i}`, v: 5 }));
    expect(update({ l: [...many, { k: 'new', v: 5 }] }, { l: many })).toEqual([
      'spec.l[20000].v: Invalid value: 5: spec.l[20000].v in body should be less than or equal to 1',
    ]);
    expect(compiled.validate(widget({ l: many })).length).toBe(many.length);
  });

  it('of the status tells its paths from there', () => {
    const errors = compiled.validateStatusValues({ ...head(), status: { phase: 1 } }, head());
    expect(texts(errors)).toEqual([
      'status.phase: Invalid value: "integer": phase in body must be of type string: "integer"',
      'status.phase: Unsupported value: 1: supported values: "A"',
    ]);
    expect(compiled.validateStatusValues({ ...head(), status: { phase: 'B' } }, { ...head(), status: { phase: 'B' } })).toEqual([]);
    expect(compiled.validateStatusValues(head(), head())).toEqual([]);
  });
});

describe('rules', () => {
  it('are known of, and blocked by errors of shape', () => {
    expect(compileSchema(specOf({ a: { ...string, 'x-kubernetes-validations': [{ rule: 'true' }] } })).hasRules).toBe(true);
    expect(compileSchema(specOf({ a: string })).hasRules).toBe(false);
    const schema = specOf({ a: { type: 'string', pattern: '^a' } });
    expect(rulesBlocked(compileSchema(schema).validate(widget({ a: 'b' })))).toBeUndefined();
    expect(texts([rulesBlocked(compileSchema(schema).validate(widget({ a: 1 })))].flatMap((error) => error ?? []))).toEqual([
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    ]);
  });
});

describe('what server-side apply sees', () => {
  const { applyType } = compileSchema(
    specOf({
      map: { type: 'array', items: object({ k: string }), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
      atomic: object({ a: string }, { 'x-kubernetes-map-type': 'atomic' }),
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    }),
  );

  it('accepts what fits and refuses what does not', () => {
    expect(() => ownership.validate(applyType, widget({ map: [{ k: 'a' }], atomic: { a: 'x' }, free: { any: [1] } }))).not.toThrow();
    expect(() => ownership.validate(applyType, widget({ nope: 1 }))).toThrow('.spec.nope: field not declared in schema');
    expect(() => ownership.validate(applyType, widget({ map: [{ k: 'a' }, { k: 'a' }] }))).toThrow('duplicate entries for key [k="a"]');
  });

  it('is anything beside what is declared where all unknown fields are kept, and nothing of a schema that is not structural', () => {
    const kept = compileSchema(specOf({ n: { type: 'integer' } }), { preserveUnknownFields: true });
    expect(() => ownership.validate(kept.applyType, widget({ nope: { a: [1] } }))).not.toThrow();
    expect(() => ownership.validate(kept.applyType, widget({ n: {} }))).toThrow('.spec.n: expected numeric');
    const loose = compileSchema({ properties: { list: { type: 'array' } } }, { preserveUnknownFields: true });
    expect(() => ownership.validate(loose.applyType, widget({ nope: 1 }))).not.toThrow();
    expect(loose.openApiV3()).toEqual({ type: 'object' });
  });
});
