// A custom resource's schema as it is published: upstream's `pkg/controller/openapi/builder` and, for v2, `pkg/controller/openapi/v2`
// (apiextensions-apiserver).
import type { JSONSchemaProps } from '../../../api/index.ts';
import { type AnyMessage, BUILT_IN_KINDS, type JsonObject, objectMeta } from '../../../api/schema.ts';
import { type Dialect, REF_PREFIX } from '../../openapi/json-node.ts';
import {
  additionalOf,
  hasAdditional,
  hasDefault,
  isEmbedded,
  isIntOrString,
  isSchema,
  itemsOf,
  preservesUnknown,
  propertiesOf,
} from './structural.ts';
import { isIntOrStringAnyOf } from './structural-validation.ts';

/** The published schema of a whole object; one without a schema is any object. */
export function publishedSchema(schema: JSONSchemaProps | undefined, dialect: Dialect, preservesAll: boolean): JsonObject {
  if (!schema || (dialect === 'v2' && (preservesAll || preservesUnknown(schema)))) return { type: 'object' };
  const unfolded = unfold(schema);
  const published = nodeOf(dialect === 'v2' ? forV2(unfolded) : unfolded, dialect);
  return { ...published, properties: { ...asObject(published.properties), ...metaProperties(dialect) } };
}

const asObject = (value: unknown): JsonObject => (isSchema(value) ? { ...value } : {});

/** What is written as it is, wherever it is said. */
const PLAIN = [
  'type',
  'description',
  'title',
  'nullable',
  'default',
  'format',
  'maximum',
  'exclusiveMaximum',
  'minimum',
  'exclusiveMinimum',
  'maxLength',
  'minLength',
  'pattern',
  'maxItems',
  'minItems',
  'uniqueItems',
  'multipleOf',
  'enum',
  'maxProperties',
  'minProperties',
  'required',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
] as const;

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || value === false || value === '' || (Array.isArray(value) && value.length === 0);

function nodeOf(schema: JSONSchemaProps, dialect: Dialect): JsonObject {
  const node: JsonObject = {};
  for (const name of PLAIN) {
    const value = schema[name];
    if (!isNothing(value) || (name === 'default' && hasDefault(schema))) node[name] = value;
  }
  addJoined(node, schema, dialect);
  const items = itemsOf(schema);
  if (items) node.items = nodeOf(items, dialect);
  const values = additionalOf(schema);
  if (values) node.additionalProperties = nodeOf(values, dialect);
  else if (hasAdditional(schema)) node.additionalProperties = schema.additionalProperties;
  const properties = propertiesOf(schema);
  if (properties.length > 0) node.properties = Object.fromEntries(properties.map(([name, child]) => [name, nodeOf(child, dialect)]));
  // Beside unknown fields, kubectl takes those that are told for the only ones.
  if (isEmbedded(schema) && !(dialect === 'v2' && preservesUnknown(schema))) addMeta(node, schema.required ?? [], dialect);
  return node;
}

function addJoined(node: JsonObject, schema: JSONSchemaProps, dialect: Dialect): void {
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    const parts = schema[name] ?? [];
    if (parts.length > 0) node[name] = parts.map((part) => nodeOf(part, dialect));
  }
  if (schema.not) node.not = nodeOf(schema.not, dialect);
}

function addMeta(node: JsonObject, required: readonly string[], dialect: Dialect): void {
  node.properties = { ...asObject(node.properties), ...metaProperties(dialect) };
  node.required = [...required, ...['kind', 'apiVersion'].filter((name) => !required.includes(name))];
}

/** The fields that every object has. A reference stands alone in v3. */
function metaProperties(dialect: Dialect): JsonObject {
  const ref = { $ref: `${REF_PREFIX[dialect]}${objectMeta.name}` };
  const about = (name: string): JsonObject => ({ description: anyKind()?.fields.get(name)?.description ?? '' });
  return {
    apiVersion: { type: 'string', ...about('apiVersion') },
    kind: { type: 'string', ...about('kind') },
    metadata: dialect === 'v2' ? { ...ref, ...about('metadata') } : { allOf: [ref], ...about('metadata') },
  };
}

const anyKind = (): AnyMessage | undefined => BUILT_IN_KINDS[0]?.message;

/** Says in JSON schema's own words what an int-or-string is: upstream's `Unfold`. */
function unfold(schema: JSONSchemaProps): JSONSchemaProps {
  const unfolded = mapChildren(schema, unfold);
  if (!isIntOrString(schema) || isIntOrStringAnyOf(schema) || isIntOrStringAnyOf(schema.allOf?.[0])) return unfolded;
  const either = [{ type: 'integer' }, { type: 'string' }];
  return schema.anyOf ? { ...unfolded, allOf: [{ anyOf: either }, ...(schema.allOf ?? [])] } : { ...unfolded, anyOf: either };
}

function mapChildren(schema: JSONSchemaProps, change: (child: JSONSchemaProps) => JSONSchemaProps): JSONSchemaProps {
  const items = itemsOf(schema);
  const values = additionalOf(schema);
  const properties = propertiesOf(schema);
  return {
    ...schema,
    ...(items ? { items: change(items) } : {}),
    ...(values ? { additionalProperties: change(values) } : {}),
    ...(properties.length > 0 ? { properties: Object.fromEntries(properties.map(([name, child]) => [name, change(child)])) } : {}),
  };
}

/** Without what v2 cannot say, or kubectl not cope with: upstream's `ToStructuralOpenAPIV2`, and kube-openapi's `PruneDefaults`. */
function forV2(schema: JSONSchemaProps): JSONSchemaProps {
  const { allOf: _allOf, anyOf: _anyOf, oneOf: _oneOf, not: _not, default: _default, nullable, ...rest } = schema;
  const hidesInside = nullable === true || preservesUnknown(schema);
  const type = nullable || (preservesUnknown(schema) && schema.type === 'object') ? undefined : schema.type;
  const shown: JSONSchemaProps = { ...rest, type, ...(hidesInside ? { items: undefined, properties: undefined } : {}) };
  if (shown.type === 'array' && !itemsOf(shown)) shown.type = undefined;
  const nullables = propertiesOf(shown).flatMap(([name, child]) => (child.nullable ? [name] : []));
  shown.required = additionalOf(shown)?.nullable ? [] : (shown.required ?? []).filter((name) => !nullables.includes(name));
  return mapChildren(shown, forV2);
}
