// The second public face of api/: the schemas of every kind and what is derived from them. Loaded by the API server and by tests.
export { customResourceDefinitionStatus } from './apiextensions/v1/custom-resource-definition.ts';
export { jsonSchemaProps } from './apiextensions/v1/json-schema.ts';
export * as ownership from './apply/index.ts';
export * from './codec/index.ts';
export * as bodies from './kinds/bodies.ts';
export { columnDescription } from './kinds/column-descriptions.ts';
export * as olderKinds from './kinds/older.ts';
export { ALL_KINDS, BUILT_IN_KINDS } from './kinds/served.ts';
export { objectMeta } from './meta/v1/object-meta.ts';
export * from './patch/index.ts';
export { cloneJson, equalJson, goFormat, isObject, type JsonObject } from './patch/json-value.ts';
export type { FieldInfo, FieldType, Presence, ScalarType } from './schema/field.ts';
export * as fields from './schema/fields.ts';
export { type AnyMessage, type Message, message, type Of } from './schema/message.ts';
