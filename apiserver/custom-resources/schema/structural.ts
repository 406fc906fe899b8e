import type { JSONSchemaProps } from '../../../api/index.ts';

/*
 * How the schema of a custom resource is read: upstream's structural schema (apiextensions-apiserver, `pkg/apiserver/schema`) says the same
 * as the JSONSchemaProps it is made of, so there is no second form of it here, only these accessors.
 */

/** A JSON schema is an object, never a list, where the schema of items or of a map's values is meant. */
export const isSchema = (value: unknown): value is JSONSchemaProps => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema of a list's items. */
export const itemsOf = ({ items }: JSONSchemaProps): JSONSchemaProps | undefined => (isSchema(items) ? items : undefined);

/** Whether a schema speaks of fields that are not declared, be it to allow them, to forbid them, or to say what they are. */
export const hasAdditional = ({ additionalProperties: more }: JSONSchemaProps): boolean => more !== undefined && more !== null;

/** The schema of fields that are not declared. */
export const additionalOf = ({ additionalProperties }: JSONSchemaProps): JSONSchemaProps | undefined =>
  isSchema(additionalProperties) ? additionalProperties : undefined;

/** The schema of a declared field. */
export const propertyOf = ({ properties }: JSONSchemaProps, name: string): JSONSchemaProps | undefined =>
  properties && Object.hasOwn(properties, name) ? properties[name] : undefined;

/** The declared fields, by name: the order in which whatever is said of them is said. */
export const propertiesOf = ({ properties }: JSONSchemaProps): readonly (readonly [string, JSONSchemaProps])[] =>
  properties ? Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)) : [];

export const preservesUnknown = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true;

export const isEmbedded = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-embedded-resource'] === true;

export const isIntOrString = (schema: JSONSchemaProps): boolean => schema['x-kubernetes-int-or-string'] === true;

/** A default of null is none. */
export const hasDefault = (schema: JSONSchemaProps): boolean => schema.default !== undefined && schema.default !== null;

/** The children that a schema's structure has: not those that merely check values. */
export const childrenOf = (schema: JSONSchemaProps): readonly JSONSchemaProps[] =>
  [itemsOf(schema), ...propertiesOf(schema).map(([, child]) => child), additionalOf(schema)].filter((child) => child !== undefined);

/** Whether something holds for any node of a schema's structure. */
export const anyStructural = (schema: JSONSchemaProps, holds: (node: JSONSchemaProps) => boolean): boolean =>
  holds(schema) || childrenOf(schema).some((child) => anyStructural(child, holds));

/** Every schema that is directly inside another, wherever it may stand: upstream's `SchemaHas` goes there. */
export function schemasIn(schema: JSONSchemaProps): readonly JSONSchemaProps[] {
  const { items, allOf, anyOf, oneOf, not, properties, additionalProperties, patternProperties, additionalItems } = schema;
  const { definitions, dependencies } = schema;
  const all: readonly unknown[] = [
    ...(Array.isArray(items) ? items : [items]),
    ...(allOf ?? []),
    ...(anyOf ?? []),
    ...(oneOf ?? []),
    not,
    ...Object.values(properties ?? {}),
    additionalProperties,
    ...Object.values(patternProperties ?? {}),
    additionalItems,
    ...Object.values(definitions ?? {}),
    ...Object.values(dependencies ?? {}),
  ];
  return all.filter(isSchema);
}

/** Whether something holds for a schema or for any inside it. */
export const anySchema = (schema: JSONSchemaProps | undefined, holds: (node: JSONSchemaProps) => boolean): boolean =>
  schema !== undefined && (holds(schema) || schemasIn(schema).some((inner) => anySchema(inner, holds)));

const UNSUPPORTED: readonly (readonly [string, (schema: JSONSchemaProps) => boolean])[] = [
  ['id', ({ id }) => !!id],
  ['schema', ({ $schema }) => !!$schema],
  ['$ref', ({ $ref }) => !!$ref],
  ['patternProperties', ({ patternProperties }) => Object.keys(patternProperties ?? {}).length > 0],
  ['dependencies', ({ dependencies }) => Object.keys(dependencies ?? {}).length > 0],
  ['additionalItems', ({ additionalItems }) => additionalItems !== undefined && additionalItems !== null],
  ['definitions', ({ definitions }) => Object.keys(definitions ?? {}).length > 0],
];

/**
 * Why a schema cannot be a structural one at all: it uses what Kubernetes does not know. Upstream's `NewStructural`.
 *
 * @returns upstream's text; undefined when it can.
 */
export function structuralProblem(schema: JSONSchemaProps): string | undefined {
  const unsupported = UNSUPPORTED.find(([, uses]) => uses(schema));
  if (unsupported) return `OpenAPIV3Schema '${unsupported[0]}' is not supported`;
  for (const inner of [schema.not, ...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    const problem = inner && structuralProblem(inner);
    if (problem) return problem;
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  }
  if (Array.isArray(schema.items) && schema.items.length > 0) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  for (const child of childrenOf(schema)) {
    const problem = structuralProblem(child);
    if (problem) return problem;
  }
  return undefined;
}
