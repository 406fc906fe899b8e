import { describe, expect, it } from 'vitest';
import { type FieldError, fieldError, type JSONSchemaProps } from '../../../api/index.ts';
import { AT, crd, harness, OBJECT, SPEC, version, withSchema, withSpec } from './testing/definitions.ts';
import type { RuleContext } from './validation-options.ts';

const crds = harness();
const errorsOf = (body: object): readonly string[] => crds.create(body).errors;

describe('a schema', () => {
  it.each<[string, object, ...string[]]>([
    [
      'no type',
      withSchema({ properties: { a: {} } }),
      `${AT}.properties[a].type: Required value: must not be empty for specified object fields`,
      `${AT}.type: Required value: must not be empty at the root`,
    ],
    [
      'field without type',
      withSpec({ a: { description: 'x' } }),
      `${SPEC}.properties[a].type: Required value: must not be empty for specified object fields`,
    ],
    ['items missing', withSpec({ l: { type: 'array' } }), `${SPEC}.properties[l].items: Required value: must be specified`],
    ['$ref', withSpec({ a: { type: 'object', $ref: '#/x' } }), `${SPEC}.properties[a].$ref: Forbidden: $ref is not supported`],
    [
      'uniqueItems',
      withSpec({ l: { type: 'array', uniqueItems: true, items: { type: 'string' } } }),
      `${SPEC}.properties[l].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
    ],
    ['additionalProperties false', withSpec({ m: { type: 'object', additionalProperties: false } })],
    [
      'fields and values',
      withSpec({ m: { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } } }),
      `${SPEC}.properties[m].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
    ],
    [
      'structure in anyOf',
      withSpec({ a: { type: 'string', anyOf: [{ type: 'string', default: 'x' }] } }),
      `${SPEC}.properties[a].anyOf[0].default: Forbidden: must be undefined to be structural`,
      `${SPEC}.properties[a].anyOf[0].type: Forbidden: must be empty to be structural`,
    ],
    [
      'root is a list',
      withSchema({ type: 'array', items: { type: 'string' } }),
      `${AT}.type: Invalid value: "array": must be object at the root`,
    ],
    [
      'unknown type',
      withSpec({ a: { type: 'text' } }),
      `${SPEC}.properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"`,
    ],
    ['nullable root', withSchema({ ...OBJECT, nullable: true }), `${AT}.nullable: Forbidden: nullable cannot be true at the root`],
    [
      'bad pattern',
      withSpec({ a: { type: 'string', pattern: '[a-z' } }),
      `${SPEC}.properties[a].pattern: Invalid value: "[a-z": must be a valid regular expression, but isn't: error parsing regexp: missing closing ]: \`[a-z\``,
    ],
    [
      'check of nothing',
      withSchema({ ...OBJECT, allOf: [{ properties: { y: { maxLength: 1 } } }] }),
      `${AT}.properties[y]: Required value: because it is defined in ${AT}.allOf[0].properties[y]`,
    ],
    [
      'metadata',
      withSchema({ type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } }),
      `${AT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ],
    [
      'metadata with names',
      withSchema({ type: 'object', properties: { metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 5 } } } } }),
    ],
    ['int or string', withSpec({ p: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } })],
    [
      'embedded',
      withSpec({ e: { type: 'object', 'x-kubernetes-embedded-resource': true } }),
      `${SPEC}.properties[e].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields`,
    ],
    [
      'preserve false',
      withSpec({ e: { type: 'object', 'x-kubernetes-preserve-unknown-fields': false } }),
      `${SPEC}.properties[e].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined`,
    ],
    [
      'map type of a string',
      withSpec({ e: { type: 'string', 'x-kubernetes-map-type': 'atomic' } }),
      `${SPEC}.properties[e].type: Invalid value: "string": must be object if x-kubernetes-map-type is specified`,
    ],
    [
      'list type',
      withSpec({ l: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'bag' } }),
      `${SPEC}.properties[l].x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"`,
    ],
    [
      'set of objects',
      withSpec({ l: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'set' } }),
      `${SPEC}.properties[l].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set`,
    ],
    [
      'map without keys',
      withSpec({ l: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' } }),
      `${SPEC}.properties[l].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
    ],
    [
      'map keys',
      withSpec({
        l: {
          type: 'array',
          items: { type: 'object', properties: { k: { type: 'string', nullable: true } } },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k', 'k', 'n'],
        },
      }),
      `${SPEC}.properties[l].x-kubernetes-list-map-keys: Invalid value: ["k","k","n"]: must not contain duplicate entries`,
      `${SPEC}.properties[l].x-kubernetes-list-map-keys: Invalid value: ["k","k","n"]: entries must all be names of item properties`,
      ...['k', 'k'].flatMap(() => [
        `${SPEC}.properties[l].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
        `${SPEC}.properties[l].items.properties[k].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable`,
      ]),
    ],
    [
      'rules',
      withSpec({
        a: {
          type: 'string',
          'x-kubernetes-validations': [
            { rule: ' ' },
            { rule: 'a\nb' },
            { rule: 'true', message: 'a\nb' },
            { rule: 'true', reason: 'Why' },
            { rule: 'true', fieldPath: '.x' },
          ],
        },
      }),
      `${SPEC}.properties[a].x-kubernetes-validations[0].rule: Required value: rule is not specified`,
      `${SPEC}.properties[a].x-kubernetes-validations[1].message: Required value: message must be specified if rule contains line breaks`,
      `${SPEC}.properties[a].x-kubernetes-validations[2].message: Invalid value: "a\\nb": must not contain line breaks`,
      `${SPEC}.properties[a].x-kubernetes-validations[3].reason: Unsupported value: "Why": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
      `${SPEC}.properties[a].x-kubernetes-validations[4].fieldPath: Invalid value: ".x": must be a valid path`,
    ],
  ])('%s', (_name, body, ...errors) => {
    expect(errorsOf(body)).toEqual(errors);
  });

  it('of versions that differ is told by version', () => {
    const body = crd([version('v1'), version('v2', { type: 'object', properties: { a: {} } }, { storage: false })]);
    expect(errorsOf(body)).toEqual([
      'spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields',
    ]);
  });
});

describe('a default', () => {
  it.each<[string, object, ...string[]]>([
    ['of the right type', withSpec({ a: { type: 'string', default: 'x' } })],
    [
      'of a wrong type',
      withSpec({ a: { type: 'integer', default: 'x' } }),
      `${SPEC}.properties[a].default: Invalid value: "string": ${SPEC}.properties[a].default in body must be of type integer: "string"`.replace(
        `${SPEC}.properties[a].default in body`,
        ' in body',
      ),
    ],
    [
      'with unknown fields',
      withSpec({ a: { type: 'object', properties: { x: { type: 'string' } }, default: { x: '', y: 1 } } }),
      `${SPEC}.properties[a].default: Invalid value: {"x":"","y":1}: must not have unknown fields`,
    ],
    [
      'with a wrong field',
      withSpec({ a: { type: 'object', properties: { x: { type: 'string', maxLength: 1 } }, default: { x: 'ab' } } }),
      `${SPEC}.properties[a].default.x: Too long: may not be more than 1 byte`,
    ],
    [
      'at the top',
      withSchema({ type: 'object', properties: { kind: { type: 'string', default: 'Widget' } } }),
      `${AT}.properties[kind].default: Forbidden: must not be set in top-level kind`,
    ],
    [
      'of an embedded object',
      withSpec({
        e: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
          default: { kind: 'Pod' },
        },
      }),
      `${SPEC}.properties[e].default.apiVersion: Required value`,
    ],
    [
      'inside metadata',
      withSpec({
        e: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: {
            kind: { type: 'string', default: 'Pod' },
            metadata: {
              type: 'object',
              properties: { name: { type: 'string', default: '..' }, namespace: { type: 'string', default: 'a' } },
            },
          },
        },
      }),
      `${SPEC}.properties[e].properties[metadata].properties[name].default: Invalid value: "..": must result in valid metadata: metadata.name: Invalid value: "..": may not be '..'`,
    ],
    [
      'of values in metadata',
      withSpec({
        e: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: {
            metadata: {
              type: 'object',
              properties: { labels: { type: 'object', additionalProperties: { type: 'string', default: 'x' } } },
            },
          },
        },
      }),
      `${SPEC}.properties[e].properties[metadata].properties[labels].additionalProperties.default: Forbidden: must not be set inside additionalProperties applying to object metadata`,
    ],
  ])('%s', (_name, body, ...errors) => {
    expect(errorsOf(body)).toEqual(errors);
  });
});

describe('rules in a schema', () => {
  const rule = [{ rule: 'self' }];
  const asked: { schema: JSONSchemaProps; context: RuleContext }[] = [];
  const failing = harness({
    validateRules: (schema, context) => {
      asked.push({ schema, context });
      return [fieldError.invalid(`${context.path}.x`, 'self', 'compilation failed')];
    },
    evaluateDefault: (_schema, value, path): FieldError[] => (value === 'bad' ? [fieldError.invalid(path, value, 'failed rule')] : []),
  });

  it("are asked about after the schema's own errors, and not if its structure is wrong", () => {
    expect(
      failing.create(withSpec({ a: { type: 'array', uniqueItems: true, items: { type: 'string' }, 'x-kubernetes-validations': rule } }))
        .errors,
    ).toEqual([
      `${SPEC}.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
      `${AT}.x: Invalid value: "self": compilation failed`,
    ]);
    const context = asked.at(-1)?.context;
    expect(context?.path).toBe(AT);
    expect(context?.hasSchemaErrors(`${SPEC}.properties[a]`)).toBe(true);
    expect(context?.hasSchemaErrors(`${SPEC}.properties[b]`)).toBe(false);
    expect(failing.create(withSpec({ a: { 'x-kubernetes-validations': rule } })).errors).toHaveLength(1);
    expect(failing.create(withSpec({ a: { type: 'string', default: 'bad' } })).errors).toEqual([
      `${SPEC}.properties[a].default: Invalid value: "bad": failed rule`,
    ]);
  });

  it('that were there before are known, and so is that a schema did not change', () => {
    const old = crds.stored(withSpec({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'true', messageExpression: '"m"' }] } }));
    failing.patch(old, { metadata: { labels: { a: 'b' } } });
    expect(asked.at(-1)?.context).toMatchObject({
      ignoresExpressionCost: true,
      existing: { rules: new Set(['true']), messageExpressions: new Set(['"m"']) },
    });
    failing.patch(old, { spec: { versions: [version('v1')] } });
    expect(asked.at(-1)?.context.ignoresExpressionCost).toBe(false);
  });
});
