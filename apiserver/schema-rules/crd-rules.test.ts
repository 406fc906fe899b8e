// What is wrong with the rules of a CRD's schema: those that do not compile, and those that may cost too much.
import { describe, expect, it } from 'vitest';
import type { JSONSchemaProps, ValidationRule } from '../../api/index.ts';
import { evaluateDefaultRules, type SchemaPlace, validateSchemaRules } from './crd-rules.ts';

type Rule = string | ValidationRule;

const AT = 'openAPIV3Schema';
const ADVICE = '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';

const withRules = (schema: JSONSchemaProps, ...rules: readonly Rule[]): JSONSchemaProps => ({
  ...schema,
  'x-kubernetes-validations': rules.map((rule) => (typeof rule === 'string' ? { rule } : rule)),
});
const objectOf = (properties: Record<string, JSONSchemaProps>, ...rules: readonly Rule[]): JSONSchemaProps =>
  withRules({ type: 'object', properties }, ...rules);
const STRING: JSONSchemaProps = { type: 'string' };
const INTEGER: JSONSchemaProps = { type: 'integer' };
const listOf = (items: JSONSchemaProps, more: JSONSchemaProps = {}): JSONSchemaProps => ({ type: 'array', items, ...more });
const mapOf = (additionalProperties: JSONSchemaProps, more: JSONSchemaProps = {}): JSONSchemaProps => ({
  type: 'object',
  additionalProperties,
  ...more,
});

/** What is wrong, as `path: kind: message`, without the schema's path and what was given. */
function wrong(schema: JSONSchemaProps, place: Partial<SchemaPlace> = {}): readonly string[] {
  const errors = validateSchemaRules(schema, { path: AT, hasSchemaErrors: () => false, ignoresExpressionCost: false, ...place });
  return errors.map(({ field, body }) => {
    const message = body.replace(/^Invalid value: (\{.*?\}|"(\\.|[^"])*"|true|false): /, 'Invalid: ');
    return `${field.replace(AT, '').replace(/\.x-kubernetes-validations/, '!')}: ${message}`;
  });
}

type Case = readonly [what: string, schema: JSONSchemaProps, ...errors: readonly string[]];

const COMPILATION: readonly Case[] = [
  ['nothing', objectOf({ a: INTEGER }, 'self.a > 0')],
  [
    'a field that is not in the schema',
    objectOf({ a: INTEGER }, 'self.b > 0'),
    "![0].rule: Invalid: compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b > 0\n | ....^",
  ],
  [
    'one that expressions cannot name',
    objectOf({ a$b: INTEGER }, 'self.a_b > 0'),
    "![0].rule: Invalid: compilation failed: ERROR: <input>:1:5: undefined field 'a_b'\n | self.a_b > 0\n | ....^",
  ],
  [
    'types that do not fit',
    objectOf({ a: INTEGER }, "self.a == 'x'"),
    "![0].rule: Invalid: compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.a == 'x'\n | .......^",
  ],
  [
    'the type of self, which has no name',
    objectOf({ a: INTEGER }, 'self + 1 == 2'),
    "![0].rule: Invalid: compilation failed: ERROR: <input>:1:6: found no matching overload for '_+_' applied to '(selfType, int)'\n | self + 1 == 2\n | .....^",
  ],
  [
    'a part of the object that its schema leaves open',
    objectOf({ a: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }, 'self.a.b == 1'),
    "![0].rule: Invalid: compilation failed: ERROR: <input>:1:7: undefined field 'b'\n | self.a.b == 1\n | ......^",
  ],
  ['a rule that gives no bool', objectOf({ a: INTEGER }, 'self.a'), '![0].rule: Invalid: cel expression must evaluate to a bool'],
  [
    'a variable there is not',
    objectOf({ a: INTEGER }, 'object.a == 1'),
    "![0].rule: Invalid: compilation failed: ERROR: <input>:1:1: undeclared reference to 'object' (in container '')\n | object.a == 1\n | ^",
  ],
  [
    'a constant that fails',
    objectOf({ a: INTEGER }, "self.a == int(dyn('x'))"),
    "![0].rule: Invalid: program instantiation failed: type conversion error from 'string' to 'int'",
  ],
  [
    'a messageExpression',
    objectOf({ a: INTEGER }, { rule: 'self.a > 0', messageExpression: 'self.a' }, { rule: 'true', messageExpression: 'self.b' }),
    '![0].messageExpression: Invalid: messageExpression must evaluate to a string',
    "![1].messageExpression: Invalid: messageExpression compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b\n | ....^",
  ],
  [
    'rules below properties, items and values',
    objectOf({
      p: withRules(INTEGER, 'self.x'),
      l: listOf(withRules(STRING, 'self > 1'), { maxItems: 1 }),
      m: mapOf(withRules(STRING, 'self < 1'), { maxProperties: 1 }),
    }),
    ".properties[l].items![0].rule: Invalid: compilation failed: ERROR: <input>:1:6: found no matching overload for '_>_' applied to '(string, int)'\n | self > 1\n | .....^",
    ".properties[m].additionalProperties![0].rule: Invalid: compilation failed: ERROR: <input>:1:6: found no matching overload for '_<_' applied to '(string, int)'\n | self < 1\n | .....^",
    ".properties[p]![0].rule: Invalid: compilation failed: ERROR: <input>:1:5: type 'int' does not support field selection\n | self.x\n | ....^",
  ],
  [
    'oldSelf where items before and after cannot be told to be the same',
    objectOf({ l: listOf(withRules(INTEGER, 'self > oldSelf'), { maxItems: 3 }) }),
    '.properties[l].items![0].rule: Invalid: oldSelf cannot be used on the uncorrelatable portion of the schema within openAPIV3Schema.properties[l]',
  ],
  [
    'nor below it, whatever is there',
    objectOf({ l: listOf(objectOf({ a: withRules(INTEGER, 'self > oldSelf') }), { maxItems: 3 }) }),
    '.properties[l].items.properties[a]![0].rule: Invalid: oldSelf cannot be used on the uncorrelatable portion of the schema within openAPIV3Schema.properties[l]',
  ],
  [
    'nor below a map of a type that nobody knows',
    { ...objectOf({ a: withRules(INTEGER, 'self > oldSelf') }), 'x-kubernetes-map-type': 'future' },
    '.properties[a]![0].rule: Invalid: oldSelf cannot be used on the uncorrelatable portion of the schema within openAPIV3Schema',
  ],
  [
    'nothing of oldSelf in a map list',
    objectOf({
      l: listOf(objectOf({ k: STRING, a: withRules(INTEGER, 'self > oldSelf') }), {
        maxItems: 3,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
      }),
    }),
  ],
  [
    'optionalOldSelf without oldSelf',
    objectOf({ a: INTEGER }, { rule: 'self.a > 0', optionalOldSelf: true }),
    '![0].optionalOldSelf: Invalid: may not be set if oldSelf is not used in rule',
  ],
  [
    'an optional oldSelf, which is not the value itself',
    objectOf({ a: INTEGER }, { rule: 'self.a > oldSelf', optionalOldSelf: true }),
    "![0].rule: Invalid: compilation failed: ERROR: <input>:1:8: found no matching overload for '_>_' applied to '(int, optional_type(selfType))'\n | self.a > oldSelf\n | .......^",
    '![0].optionalOldSelf: Invalid: may not be set if oldSelf is not used in rule',
  ],
];

const COSTS: readonly Case[] = [
  ['nothing of a list with a limit', objectOf({ l: listOf(INTEGER, { maxItems: 100 }) }, 'self.l.all(x, x > 0)')],
  [
    'a list in a list without one',
    objectOf({ l: listOf(INTEGER) }, 'self.l.all(x, self.l.all(y, x != y))'),
    `![0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${ADVICE}`,
    '![0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
    `: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${ADVICE}`,
  ],
  [
    'a little too much',
    objectOf({ l: listOf(INTEGER, { maxItems: 1450 }) }, 'self.l.all(x, self.l.all(y, x != y))'),
    `![0].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.052120x ${ADVICE}`,
  ],
  [
    'a rule of each item',
    objectOf({ l: listOf(withRules({ type: 'string', maxLength: 10_000 }, "self.matches('^a+$')"), { maxItems: 10_000 }) }),
    `.properties[l].items![0].rule: Forbidden: estimated rule cost exceeds budget by factor of 4.0x ${ADVICE}`,
  ],
  [
    'a messageExpression',
    objectOf(
      { l: listOf(INTEGER, { maxItems: 1000 }) },
      { rule: 'true', messageExpression: "self.l.all(x, self.l.all(y, self.l.all(z, x + y == z))) ? 'a' : 'b'" },
    ),
    `![0].messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x ${ADVICE}`,
    '![0].messageExpression: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
    `: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 70.1x ${ADVICE}`,
  ],
];

const named = (cases: readonly Case[]) => cases.map(([what, schema, ...errors]) => ({ what, schema, errors }));

describe('rules that cannot be used', () => {
  it.each(named(COMPILATION))('$what', ({ schema, errors }) => {
    expect(wrong(schema)).toEqual(errors);
  });
});

describe('rules that may cost too much', () => {
  it.each(named(COSTS))('$what', ({ schema, errors }) => {
    expect(wrong(schema)).toEqual(errors);
  });
});

describe('rules', () => {
  const expensive = objectOf({ l: listOf(INTEGER, { maxItems: 1450 }) }, 'self.l.all(x, self.l.all(y, x != y))');

  it('that were there before may cost too much', () => {
    expect(wrong(expensive, { ignoresExpressionCost: true })).toEqual([]);
  });

  it('are not looked at where the schema is wrong', () => {
    const schema = objectOf({ a: withRules(INTEGER, 'self.x') }, 'self.y');
    const errors = wrong(schema, { hasSchemaErrors: (path) => path === AT });
    expect(errors).toEqual([expect.stringContaining('.properties[a]![0].rule')]);
  });

  it('are shown as upstream prints them, with all their fields', () => {
    const [error] = validateSchemaRules(objectOf({ a: INTEGER }, { rule: 'self.a', message: 'm' }), {
      path: AT,
      hasSchemaErrors: () => false,
      ignoresExpressionCost: false,
    });
    expect(error?.body).toBe(
      'Invalid value: {"Rule":"self.a","Message":"m","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool',
    );
  });
});

describe('defaults', () => {
  it('must keep the rules', () => {
    const schema = objectOf({ a: INTEGER }, 'self.a > 0');
    expect(evaluateDefaultRules(schema, { a: 1 }, 'x.default')).toEqual([]);
    expect(evaluateDefaultRules(schema, { a: 0 }, 'x.default')).toMatchObject([
      { field: 'x.default', body: 'Invalid value: "object": failed rule: self.a > 0' },
    ]);
  });

  it('are taken to have been there before, and as new', () => {
    const grows = withRules(INTEGER, 'self > oldSelf');
    expect(evaluateDefaultRules(grows, 1, 'x.default')).toHaveLength(1);
    const begins = withRules(INTEGER, { rule: 'oldSelf.hasValue() || self == 1', optionalOldSelf: true });
    expect(evaluateDefaultRules(begins, 1, 'x.default')).toEqual([]);
    expect(evaluateDefaultRules(begins, 2, 'x.default')).toHaveLength(1);
  });
});
