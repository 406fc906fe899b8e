// Paths of fields through a schema (upstream: `TestValidateFieldPath`, apiextensions-apiserver, `pkg/apiserver/schema/cel/validation_test.go`).
import { describe, expect, it } from 'vitest';
import type { JSONSchemaProps } from '../../../api/index.ts';
import { followFieldPath } from './field-path.ts';

const NUMBER: JSONSchemaProps = { type: 'number' };
const objectOf = (properties: Record<string, JSONSchemaProps>): JSONSchemaProps => ({ type: 'object', properties });
const SCHEMA = objectOf({
  a: objectOf({ "foo's": NUMBER, 'test\u0007': NUMBER, 'b.c': NUMBER, é: NUMBER }),
  m: { type: 'object', additionalProperties: NUMBER },
  list: { type: 'array', items: objectOf({ a: NUMBER }) },
});

describe('a path of fields', () => {
  it.each([
    ['.a', 'a'],
    [".a['b.c']", 'a.b.c'],
    [".a['foo\\'s']", "a.foo's"],
    [".a['test\\a']", 'a.test\u0007'],
    [".a['test\\x07']", 'a.test\u0007'],
    [".a['\\u00e9']", 'a.é'],
    [".m['x y']", 'm[x y]'],
    ['.m.x', 'm[x]'],
  ])('%s leads to %s', (path, shown) => {
    expect(followFieldPath(path, SCHEMA).path).toBe(shown);
  });

  it.each([
    ['a', 'expected [ or . but got: a'],
    ['.', 'unexpected end of JSON path'],
    ['.a.', 'unexpected end of JSON path'],
    [".a['b.c'", 'unexpected end of JSON path'],
    [".a['b.c'.", 'expected ] but got .'],
    [".a['nope'", 'does not refer to a valid field'],
    [".a['b.c", "expected single quoted string but got 'b.c"],
    ['.a[0]', 'expected single quoted string but got 0'],
    [".a['\\q']", 'invalid string literal: invalid syntax'],
    [".a['\"']", 'invalid string literal: invalid syntax'],
    ['.list.a', 'does not refer to a valid field'],
    ['.a.nope', 'does not refer to a valid field'],
  ])('%s leads nowhere: %s', (path, problem) => {
    expect(() => followFieldPath(path, SCHEMA)).toThrow(problem);
  });

  it('may be kept from brackets', () => {
    expect(() => followFieldPath(".a['b.c']", SCHEMA, false)).toThrow('array notation is not allowed');
  });
});
