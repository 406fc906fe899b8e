import { describe, expect, it } from 'vitest';
import type { JSONSchemaProps } from '../../../api/index.ts';
import { compileSchema } from './index.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

const schema: JSONSchemaProps = {
  type: 'object',
  description: 'A widget.',
  properties: {
    spec: {
      type: 'object',
      required: ['n', 's'],
      properties: {
        s: { type: 'string', default: '', maxLength: 0, 'x-kubernetes-validations': [{ rule: 'true' }] },
        n: { type: 'string', nullable: true },
        p: { 'x-kubernetes-int-or-string': true },
        q: { 'x-kubernetes-int-or-string': true, anyOf: [{ pattern: '^a' }] },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { a: { type: 'string' } } },
        either: { type: 'object', oneOf: [{ required: ['a'] }], properties: { a: { type: 'string' } } },
        tpl: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
        map: { type: 'object', additionalProperties: { type: 'integer' } },
      },
    },
  },
};

/** What is published of spec's fields. */
function fieldsOf(published: Record<string, unknown>): Record<string, unknown> {
  const { properties } = published as { properties: { spec: { properties: Record<string, unknown> } } };
  return properties.spec.properties;
}

describe('a published schema', () => {
  const compiled = compileSchema(schema);

  it('says all in v3', () => {
    const v3 = compiled.openApiV3();
    expect(v3).toMatchObject({
      type: 'object',
      description: 'A widget.',
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { allOf: [{ $ref: `#/components/schemas/${META}` }], description: expect.any(String) },
      },
    });
    expect(fieldsOf(v3)).toMatchObject({
      s: { type: 'string', default: '', maxLength: 0, 'x-kubernetes-validations': [{ rule: 'true' }] },
      n: { type: 'string', nullable: true },
      p: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      q: { allOf: [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }], anyOf: [{ pattern: '^a' }] },
      either: { oneOf: [{ required: ['a'] }] },
      tpl: { required: ['kind', 'apiVersion'], properties: { kind: { type: 'string' }, spec: { type: 'object' } } },
      map: { type: 'object', additionalProperties: { type: 'integer' } },
    });
  });

  it('leaves out of v2 what v2 and kubectl cannot cope with', () => {
    const v2 = compiled.openApiV2();
    expect(v2).toMatchObject({ properties: { metadata: { $ref: `#/definitions/${META}` }, spec: { required: ['s'] } } });
    const fields = fieldsOf(v2);
    expect(fields.n).toEqual({});
    expect(fields.p).toEqual({ 'x-kubernetes-int-or-string': true });
    expect(fields.free).toEqual({ 'x-kubernetes-preserve-unknown-fields': true });
    expect(fields.either).toEqual({ type: 'object', properties: { a: { type: 'string' } } });
  });

  it('is any object where there is none', () => {
    expect(compileSchema(undefined).openApiV3()).toEqual({ type: 'object' });
    expect(compileSchema({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }).openApiV2()).toEqual({ type: 'object' });
  });

  it('is a new one each time', () => {
    expect(compiled.openApiV3()).not.toBe(compiled.openApiV3());
  });
});
