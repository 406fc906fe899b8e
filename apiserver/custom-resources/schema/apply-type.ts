// How server-side apply sees a custom resource: upstream's `ToSchemaFromOpenAPI` (kube-openapi, `pkg/schemaconv`).
import type { JSONSchemaProps } from '../../../api/index.ts';
import { objectMeta, ownership } from '../../../api/schema.ts';
import { additionalOf, hasAdditional, isEmbedded, itemsOf, preservesUnknown, propertiesOf } from './structural.ts';

type ApplyType = ownership.ApplyType;

const scalar = (kind: ApplyType['scalar']): ApplyType => ({ map: undefined, scalar: kind, list: undefined });

const STRING = scalar('string');
const SCALARS: Readonly<Record<string, ApplyType>> = {
  integer: scalar('numeric'),
  number: scalar('numeric'),
  boolean: scalar('boolean'),
};

/** The type of a whole object; of one without a schema, nothing is known. @param preserves whether all unknown fields are kept. */
export function applyTypeOfSchema(schema: JSONSchemaProps | undefined, preserves: boolean): ApplyType {
  return schema ? typeOf({ ...schema, 'x-kubernetes-embedded-resource': true }, preserves) : ownership.UNTYPED;
}

/** @param preserves whether a schema around this one keeps unknown fields. */
function typeOf(schema: JSONSchemaProps, preserves: boolean): ApplyType {
  const keeps = preserves || preservesUnknown(schema);
  switch (schema.type || '') {
    case '':
      return { map: mapOf(schema, keeps), scalar: 'untyped', list: listOf(schema, keeps) };
    case 'object':
      return { map: mapOf(schema, keeps), scalar: undefined, list: undefined };
    case 'array':
      return { map: undefined, scalar: undefined, list: listOf(schema, keeps) };
    case 'string':
      return !schema.format || schema.format === 'byte' ? STRING : scalar('untyped');
    default:
      return SCALARS[schema.type ?? ''] ?? scalar('untyped');
  }
}

function mapOf(schema: JSONSchemaProps, keeps: boolean): ownership.MapType {
  const own = propertiesOf(schema).map(
    ([name, child]): ownership.TypedField => field(name, typeOf(child, keeps), child.default ?? undefined),
  );
  const fields = new Map(own.map((one) => [one.name, one]));
  if (isEmbedded(schema)) for (const one of META_FIELDS) fields.set(one.name, one);
  return {
    fields,
    ordered: [...fields.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    values: valuesOf(schema, keeps, fields.size > 0),
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
  };
}

const field = (name: string, type: ApplyType, fallback?: unknown): ownership.TypedField => ({
  name,
  element: `f:${name}`,
  type,
  fallback,
});

/** What every object has. */
const META_FIELDS: readonly ownership.TypedField[] = [
  field('apiVersion', STRING),
  field('kind', STRING),
  field('metadata', ownership.applyTypeOf(objectMeta)),
];

function valuesOf(schema: JSONSchemaProps, keeps: boolean, hasFields: boolean): ApplyType | undefined {
  const values = additionalOf(schema);
  if (values) return typeOf(values, keeps);
  const allows = hasAdditional(schema) ? schema.additionalProperties === true : keeps || !hasFields;
  return allows ? ownership.UNTYPED : undefined;
}

function listOf(schema: JSONSchemaProps, keeps: boolean): ownership.ListType {
  const items = itemsOf(schema);
  const listType = schema['x-kubernetes-list-type'];
  return {
    items: items ? typeOf(items, keeps) : ownership.UNTYPED_ATOMIC,
    atomic: listType !== 'set' && listType !== 'map',
    keys: listType === 'map' ? [...(schema['x-kubernetes-list-map-keys'] ?? [])].sort() : [],
  };
}
