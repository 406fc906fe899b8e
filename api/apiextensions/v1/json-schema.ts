import { bool, double, field, int64, item, lazyOf, list, map, of, ref, string } from '../../schema/fields.ts';
import { type Message, message, type Of } from '../../schema/message.ts';

export const externalDocumentation = message('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation', '', () => ({
  description: string(1, ''),
  url: string(2, ''),
}));
export interface ExternalDocumentation extends Of<typeof externalDocumentation> {}

export const validationRule = message('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ValidationRule', '', () => ({
  rule: string(1, '', { required: true }),
  message: string(2, ''),
  messageExpression: string(3, ''),
  reason: string(4, '', { pointer: true, enum: ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'] }),
  fieldPath: string(5, ''),
  optionalOldSelf: bool(6, '', { pointer: true }),
}));
export interface ValidationRule extends Of<typeof validationRule> {}

export const jsonSchemaProps: Message = message('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps', '', () => ({
  id: string(1, ''),
  $schema: string(2, ''),
  $ref: string(3, '', { pointer: true }),
  description: string(4, ''),
  type: string(5, ''),
  format: string(6, ''),
  title: string(7, ''),
  default: field(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON'), 8, '', { pointer: true }),
  maximum: double(9, '', { pointer: true }),
  exclusiveMaximum: bool(10, ''),
  minimum: double(11, '', { pointer: true }),
  exclusiveMinimum: bool(12, ''),
  maxLength: int64(13, '', { pointer: true }),
  minLength: int64(14, '', { pointer: true }),
  pattern: string(15, ''),
  maxItems: int64(16, '', { pointer: true }),
  minItems: int64(17, '', { pointer: true }),
  uniqueItems: bool(18, ''),
  multipleOf: double(19, '', { pointer: true }),
  enum: list(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON'), 20, '', { listType: 'atomic' }),
  maxProperties: int64(21, '', { pointer: true }),
  minProperties: int64(22, '', { pointer: true }),
  required: list(item.string(), 23, '', { listType: 'atomic' }),
  items: field(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray'), 24, '', { pointer: true }),
  allOf: list(
    lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
    25,
    '',
    { listType: 'atomic' },
  ),
  oneOf: list(
    lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
    26,
    '',
    { listType: 'atomic' },
  ),
  anyOf: list(
    lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
    27,
    '',
    { listType: 'atomic' },
  ),
  not: field(
    lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
    28,
    '',
    { pointer: true },
  ),
  properties: map(
    lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
    29,
    '',
  ),
  additionalProperties: field(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool'), 30, '', {
    pointer: true,
  }),
  patternProperties: map(
    lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
    31,
    '',
  ),
  dependencies: map(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray'), 32, ''),
  additionalItems: field(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool'), 33, '', {
    pointer: true,
  }),
  definitions: map(
    lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
    34,
    '',
  ),
  externalDocs: ref(externalDocumentation, 35, '', { pointer: true }),
  example: field(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON'), 36, '', { pointer: true }),
  nullable: bool(37, ''),
  'x-kubernetes-preserve-unknown-fields': bool(38, '', { pointer: true }),
  'x-kubernetes-embedded-resource': bool(39, ''),
  'x-kubernetes-int-or-string': bool(40, ''),
  'x-kubernetes-list-map-keys': list(item.string(), 41, '', { listType: 'atomic' }),
  'x-kubernetes-list-type': string(42, '', { pointer: true }),
  'x-kubernetes-map-type': string(43, '', { pointer: true }),
  'x-kubernetes-validations': list(of(validationRule), 44, '', {
    listType: 'map',
    listMapKeys: ['rule'],
    patchMergeKey: 'rule',
    patchStrategy: 'merge',
  }),
}));
export interface JSONSchemaProps {
  $ref?: string | undefined;
  $schema?: string | undefined;
  additionalItems?: JSONSchemaProps | boolean | undefined;
  additionalProperties?: JSONSchemaProps | boolean | undefined;
  allOf?: JSONSchemaProps[] | undefined;
  anyOf?: JSONSchemaProps[] | undefined;
  default?: unknown | undefined;
  definitions?: Record<string, JSONSchemaProps> | undefined;
  dependencies?: Record<string, JSONSchemaProps | string[]> | undefined;
  description?: string | undefined;
  enum?: unknown[] | undefined;
  example?: unknown | undefined;
  exclusiveMaximum?: boolean | undefined;
  exclusiveMinimum?: boolean | undefined;
  externalDocs?: ExternalDocumentation | undefined;
  format?: string | undefined;
  id?: string | undefined;
  items?: JSONSchemaProps | JSONSchemaProps[] | undefined;
  maxItems?: number | undefined;
  maxLength?: number | undefined;
  maxProperties?: number | undefined;
  maximum?: number | undefined;
  minItems?: number | undefined;
  minLength?: number | undefined;
  minProperties?: number | undefined;
  minimum?: number | undefined;
  multipleOf?: number | undefined;
  not?: JSONSchemaProps | undefined;
  nullable?: boolean | undefined;
  oneOf?: JSONSchemaProps[] | undefined;
  pattern?: string | undefined;
  patternProperties?: Record<string, JSONSchemaProps> | undefined;
  properties?: Record<string, JSONSchemaProps> | undefined;
  required?: string[] | undefined;
  title?: string | undefined;
  type?: string | undefined;
  uniqueItems?: boolean | undefined;
  'x-kubernetes-embedded-resource'?: boolean | undefined;
  'x-kubernetes-int-or-string'?: boolean | undefined;
  'x-kubernetes-list-map-keys'?: string[] | undefined;
  'x-kubernetes-list-type'?: string | undefined;
  'x-kubernetes-map-type'?: string | undefined;
  'x-kubernetes-preserve-unknown-fields'?: boolean | undefined;
  'x-kubernetes-validations'?: ValidationRule[] | undefined;
}
