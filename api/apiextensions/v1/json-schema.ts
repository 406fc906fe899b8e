import { bool, double, field, int64, item, lazyOf, list, map, of, ref, string } from '../../schema/fields.ts';
import { type Message, message, type Of } from '../../schema/message.ts';

export const externalDocumentation = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ExternalDocumentation',
  'Points to documents elsewhere.',
  () => ({
    description: string(1, 'What is found there.'),
    url: string(2, 'Where it is.'),
  }),
);
export interface ExternalDocumentation extends Of<typeof externalDocumentation> {}

export const validationRule = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ValidationRule',
  'A test in CEL that a value must pass.',
  () => ({
    rule: string(1, 'Expression over self, and oldSelf for the value before an update; true lets it pass.', { required: true }),
    message: string(2, 'What to say when it fails; the rule itself unless given.'),
    messageExpression: string(3, 'CEL expression for the message, which it takes the place of.'),
    reason: string(4, 'Reason of the refusal; FieldValueInvalid unless given.', {
      pointer: true,
      enum: ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'],
    }),
    fieldPath: string(5, 'Path of the field to blame, below this one; this one unless given.'),
    optionalOldSelf: bool(6, 'True runs the rule on creation too, with oldSelf as an optional value.', { pointer: true }),
  }),
);
export interface ValidationRule extends Of<typeof validationRule> {}

export const jsonSchemaProps: Message = message(
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps',
  'What a value must look like: the part of JSON Schema that Kubernetes knows.',
  () => ({
    id: string(1, 'Not allowed in custom resources.'),
    $schema: string(2, 'URI of the JSON Schema draft it follows.'),
    $ref: string(3, 'Not allowed in custom resources.', { pointer: true }),
    description: string(4, 'What the value means.'),
    type: string(5, 'object, array, string, integer, number or boolean.'),
    format: string(6, 'Format of a string or number, such as date-time, email or int32; unknown ones are ignored.'),
    title: string(7, 'Short name of the value.'),
    default: field(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON'), 8, 'Value taken when none is given.', {
      pointer: true,
    }),
    maximum: double(9, 'Greatest number allowed.', { pointer: true }),
    exclusiveMaximum: bool(10, 'True forbids maximum itself.'),
    minimum: double(11, 'Least number allowed.', { pointer: true }),
    exclusiveMinimum: bool(12, 'True forbids minimum itself.'),
    maxLength: int64(13, 'Greatest length of a string, in characters.', { pointer: true }),
    minLength: int64(14, 'Least length of a string, in characters.', { pointer: true }),
    pattern: string(15, 'Regular expression a string must match.'),
    maxItems: int64(16, 'Most items in a list.', { pointer: true }),
    minItems: int64(17, 'Fewest items in a list.', { pointer: true }),
    uniqueItems: bool(18, 'Must not be true in custom resources; use x-kubernetes-list-type set.'),
    multipleOf: double(19, 'Number of which the value must be a multiple.', { pointer: true }),
    enum: list(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON'), 20, 'The values allowed.', {
      listType: 'atomic',
    }),
    maxProperties: int64(21, 'Most fields in an object.', { pointer: true }),
    minProperties: int64(22, 'Fewest fields in an object.', { pointer: true }),
    required: list(item.string(), 23, 'Fields that must be there.', { listType: 'atomic' }),
    items: field(
      item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray'),
      24,
      "Schema of a list's items.",
      { pointer: true },
    ),
    allOf: list(
      lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
      25,
      'Schemas that must all hold.',
      { listType: 'atomic' },
    ),
    oneOf: list(
      lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
      26,
      'Schemas of which exactly one must hold.',
      { listType: 'atomic' },
    ),
    anyOf: list(
      lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
      27,
      'Schemas of which at least one must hold.',
      { listType: 'atomic' },
    ),
    not: field(
      lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
      28,
      'A schema that must not hold.',
      { pointer: true },
    ),
    properties: map(
      lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
      29,
      "Schemas of an object's fields, by name.",
    ),
    additionalProperties: field(
      item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool'),
      30,
      'Schema of the values of a map; true allows any. Not together with properties.',
      {
        pointer: true,
      },
    ),
    patternProperties: map(
      lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
      31,
      'Not allowed in custom resources.',
    ),
    dependencies: map(
      item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray'),
      32,
      'Not allowed in custom resources.',
    ),
    additionalItems: field(
      item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool'),
      33,
      'Not allowed in custom resources.',
      {
        pointer: true,
      },
    ),
    definitions: map(
      lazyOf<JSONSchemaProps>(() => jsonSchemaProps),
      34,
      'Not allowed in custom resources.',
    ),
    externalDocs: ref(externalDocumentation, 35, 'Documents elsewhere.', { pointer: true }),
    example: field(item.json('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON'), 36, 'An example of the value.', {
      pointer: true,
    }),
    nullable: bool(37, 'True allows null.'),
    'x-kubernetes-preserve-unknown-fields': bool(38, 'True keeps fields the schema does not know, from here down.', { pointer: true }),
    'x-kubernetes-embedded-resource': bool(39, 'True says the value is a whole object, with apiVersion, kind and metadata.'),
    'x-kubernetes-int-or-string': bool(40, 'True allows a whole number or a string; type must then be left out.'),
    'x-kubernetes-list-map-keys': list(item.string(), 41, 'Fields that tell the items of a list of type map apart.', {
      listType: 'atomic',
    }),
    'x-kubernetes-list-type': string(42, 'atomic (the default) is replaced whole, set has unique scalars, map has items with keys.', {
      pointer: true,
    }),
    'x-kubernetes-map-type': string(43, 'granular (the default) lets fields have different managers; atomic is replaced whole.', {
      pointer: true,
    }),
    'x-kubernetes-validations': list(of(validationRule), 44, 'Tests in CEL that the value must pass.', {
      listType: 'map',
      listMapKeys: ['rule'],
      patchMergeKey: 'rule',
      patchStrategy: 'merge',
    }),
  }),
);
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
