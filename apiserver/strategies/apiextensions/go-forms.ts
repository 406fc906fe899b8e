// Parts of a CRD as upstream's internal structs, which some messages print: Go's field names, every field present.
import type { JSONSchemaProps, ValidationRule } from '../../../api/index.ts';
import { isSchema } from '../../custom-resources/schema/index.ts';
import type { InternalSpec, InternalVersion } from './internal-spec.ts';

const orNull = <T>(list: readonly T[] | undefined): readonly T[] | null => (list && list.length > 0 ? list : null);

/** `spec.versions`. */
export const goVersions = ({ versions, hasVersions }: InternalSpec): unknown => (hasVersions ? versions.map(goVersion) : null);

const goVersion = ({ subresources, columns, selectableFields, ...version }: InternalVersion): unknown => ({
  Name: version.name,
  Served: version.served,
  Storage: version.storage,
  Deprecated: version.deprecated,
  DeprecationWarning: version.deprecationWarning ?? null,
  Schema: version.schema ? { OpenAPIV3Schema: version.schema.openAPIV3Schema ? goSchema(version.schema.openAPIV3Schema) : null } : null,
  Subresources: subresources
    ? {
        Status: subresources.status ? {} : null,
        Scale: subresources.scale
          ? {
              SpecReplicasPath: subresources.scale.specReplicasPath,
              StatusReplicasPath: subresources.scale.statusReplicasPath,
              LabelSelectorPath: subresources.scale.labelSelectorPath ?? null,
            }
          : null,
      }
    : null,
  AdditionalPrinterColumns: orNull(
    columns.map(({ name, type, format = '', description = '', priority = 0, jsonPath }) => ({
      Name: name,
      Type: type,
      Format: format,
      Description: description,
      Priority: priority,
      JSONPath: jsonPath,
    })),
  ),
  SelectableFields: orNull(selectableFields.map(({ jsonPath }) => ({ JSONPath: jsonPath }))),
});

/** A rule. */
export const goRule = (rule: ValidationRule): unknown => ({
  Rule: rule.rule,
  Message: rule.message ?? '',
  MessageExpression: rule.messageExpression ?? '',
  Reason: rule.reason ?? null,
  FieldPath: rule.fieldPath ?? '',
  OptionalOldSelf: rule.optionalOldSelf ?? null,
});

type GoField = readonly [go: string, name: keyof JSONSchemaProps, convert: (value: unknown) => unknown];

const text = (value: unknown): unknown => value ?? '';
const flag = (value: unknown): unknown => value ?? false;
const pointer = (value: unknown): unknown => value ?? null;
const list = (value: unknown): unknown => (Array.isArray(value) && value.length > 0 ? value : null);
const schemas = (value: unknown): unknown => (Array.isArray(value) && value.length > 0 ? value.filter(isSchema).map(goSchema) : null);
const schema = (value: unknown): unknown => (isSchema(value) ? goSchema(value) : null);
const schemaMap = (value: unknown): unknown => mapOf(value, schema);
const schemaOrArray = (value: unknown): unknown =>
  value === undefined || value === null ? null : { Schema: schema(value), JSONSchemas: schemas(value) };
const schemaOrBool = (value: unknown): unknown =>
  value === undefined || value === null ? null : { Allows: value !== false, Schema: schema(value) };
const schemaOrTexts = (value: unknown): unknown => ({ Schema: schema(value), Property: list(value) });

function mapOf(value: unknown, convert: (value: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return null;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? null : Object.fromEntries(entries.map(([key, inner]) => [key, convert(inner)]));
}

const rules = (value: unknown): unknown => (Array.isArray(value) && value.length > 0 ? value.map(goRule) : null);

const docs = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return null;
  const { description = '', url = '' } = value as { description?: string; url?: string };
  return { Description: description, URL: url };
};

/** Upstream's fields, in their order. */
const FIELDS: readonly GoField[] = [
  ['ID', 'id', text],
  ['Schema', '$schema', text],
  ['Ref', '$ref', pointer],
  ['Description', 'description', text],
  ['Type', 'type', text],
  ['Nullable', 'nullable', flag],
  ['Format', 'format', text],
  ['Title', 'title', text],
  ['Default', 'default', pointer],
  ['Maximum', 'maximum', pointer],
  ['ExclusiveMaximum', 'exclusiveMaximum', flag],
  ['Minimum', 'minimum', pointer],
  ['ExclusiveMinimum', 'exclusiveMinimum', flag],
  ['MaxLength', 'maxLength', pointer],
  ['MinLength', 'minLength', pointer],
  ['Pattern', 'pattern', text],
  ['MaxItems', 'maxItems', pointer],
  ['MinItems', 'minItems', pointer],
  ['UniqueItems', 'uniqueItems', flag],
  ['MultipleOf', 'multipleOf', pointer],
  ['Enum', 'enum', list],
  ['MaxProperties', 'maxProperties', pointer],
  ['MinProperties', 'minProperties', pointer],
  ['Required', 'required', list],
  ['Items', 'items', schemaOrArray],
  ['AllOf', 'allOf', schemas],
  ['OneOf', 'oneOf', schemas],
  ['AnyOf', 'anyOf', schemas],
  ['Not', 'not', schema],
  ['Properties', 'properties', schemaMap],
  ['AdditionalProperties', 'additionalProperties', schemaOrBool],
  ['PatternProperties', 'patternProperties', schemaMap],
  ['Dependencies', 'dependencies', (value) => mapOf(value, schemaOrTexts)],
  ['AdditionalItems', 'additionalItems', schemaOrBool],
  ['Definitions', 'definitions', schemaMap],
  ['ExternalDocs', 'externalDocs', docs],
  ['Example', 'example', pointer],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields', pointer],
  ['XEmbeddedResource', 'x-kubernetes-embedded-resource', flag],
  ['XIntOrString', 'x-kubernetes-int-or-string', flag],
  ['XListMapKeys', 'x-kubernetes-list-map-keys', list],
  ['XListType', 'x-kubernetes-list-type', pointer],
  ['XMapType', 'x-kubernetes-map-type', pointer],
  ['XValidations', 'x-kubernetes-validations', rules],
];

/** A schema. */
export const goSchema = (props: JSONSchemaProps): unknown =>
  Object.fromEntries(FIELDS.map(([go, name, convert]) => [go, convert(props[name])]));

/** The names, as upstream's struct has them, of the fields that a schema says something in. */
export const goFieldsOf = (props: JSONSchemaProps): string[] =>
  FIELDS.flatMap(([go, name, convert]) => {
    const value = convert(props[name]);
    return value === null || value === '' || value === false ? [] : [go];
  });

/** The schemas that are said to be a list's items. */
export const goItems = (items: unknown): unknown => schemaOrArray(items);
