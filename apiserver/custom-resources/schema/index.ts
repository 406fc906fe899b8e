export { type CompileOptions, type CustomSchema, type JsonObject, type PruneOptions, SchemaCoercionError } from './custom-schema.ts';
