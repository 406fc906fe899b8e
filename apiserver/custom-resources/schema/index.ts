export { compileSchema } from './compile-schema.ts';
export { type CompileOptions, type CustomSchema, type PruneOptions, SchemaCoercionError } from './custom-schema.ts';
export { type DefaultOptions, validateDefaults } from './default-validation.ts';
export { type ReadMetadata, readMetadata } from './embedded.ts';
export { withPrunedDefaults } from './pruned-defaults.ts';
export { rulesBlocked } from './rules-blocked.ts';
export { anySchema, isSchema, structuralProblem } from './structural.ts';
export { validateStructural } from './structural-validation.ts';
export { isSupportedFormat } from './values/formats.ts';
