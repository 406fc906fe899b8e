import type { CustomResourceDefinition, JSONSchemaProps } from '../../../api/index.ts';
import { DecodeError, decode, isObject, type JsonObject, jsonSchemaProps } from '../../../api/schema.ts';

/**
 * Brings the schemas in a CRD into form that stand where something else may stand too (`items`, `additionalProperties` …), and are therefore
 * not read with the rest: what they do not know is dropped, as Go's own readers of those types do.
 *
 * @throws DecodeError for what cannot be a schema.
 */
export function readInnerSchemas({ spec }: CustomResourceDefinition): void {
  for (const { schema } of spec.versions ?? []) if (schema?.openAPIV3Schema) readInside(schema.openAPIV3Schema);
}

function readInside(schema: JSONSchemaProps): void {
  const { items, additionalProperties, additionalItems, dependencies } = schema;
  if (Array.isArray(items)) schema.items = items.map(readSchema);
  else if (isObject(items)) schema.items = readSchema(items);
  else delete schema.items; // neither a schema nor a list of them: upstream's reader leaves both out
  if (additionalProperties !== undefined) schema.additionalProperties = readOrBool(additionalProperties);
  if (additionalItems !== undefined) schema.additionalItems = readOrBool(additionalItems);
  if (dependencies) schema.dependencies = mapValues(dependencies, (value) => (Array.isArray(value) ? value : readSchema(value)));
  const { not, allOf = [], anyOf = [], oneOf = [], properties, patternProperties, definitions } = schema;
  const inner = [
    not,
    ...allOf,
    ...anyOf,
    ...oneOf,
    ...[properties, patternProperties, definitions].flatMap((map) => Object.values(map ?? {})),
  ];
  for (const child of inner) if (child) readInside(child);
}

const mapValues = <T, U>(map: Readonly<Record<string, T>>, convert: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, convert(value)]));

function readOrBool(value: unknown): JSONSchemaProps | boolean {
  if (typeof value === 'boolean') return value;
  if (!isObject(value)) throw new DecodeError('boolean or JSON schema expected');
  return readSchema(value);
}

function readSchema(raw: unknown): JSONSchemaProps {
  const schema: JSONSchemaProps = decode(jsonSchemaProps, raw).object as JsonObject;
  readInside(schema);
  return schema;
}
