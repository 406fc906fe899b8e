// The types of a CRD's schema that are plain JSON, but in protobuf have a field for each form they may take.

/** The field number of each form that a JSON value may have. */
export interface JsonShape {
  /** The JSON text itself. */
  readonly raw?: number;
  readonly bool?: number;
  readonly schema?: number;
  readonly schemas?: number;
  readonly strings?: number;
}

const RAW: JsonShape = { raw: 1 };

const SHAPES: ReadonlyMap<string, JsonShape> = new Map<string, JsonShape>([
  ['JSONSchemaPropsOrBool', { bool: 1, schema: 2 }],
  ['JSONSchemaPropsOrArray', { schema: 1, schemas: 2 }],
  ['JSONSchemaPropsOrStringArray', { schema: 1, strings: 2 }],
]);

/** The shape of an OpenAPI definition's values. */
export const jsonShapeOf = (definition: string | undefined): JsonShape =>
  SHAPES.get(definition?.slice(definition.lastIndexOf('.') + 1) ?? '') ?? RAW;
