// The second public face of api/: the schemas of every kind and what is derived from them. Loaded by the API server and by tests.
export { scale } from './autoscaling/v1/scale.ts';
export * from './codec/index.ts';
export { binding } from './core/v1/component-status.ts';
export { BUILT_IN_KINDS } from './kinds/served.ts';
export { listMeta, objectMeta } from './meta/v1/object-meta.ts';
export { deleteOptions } from './meta/v1/options.ts';
export { status } from './meta/v1/status.ts';
export * from './patch/index.ts';
export { eviction } from './policy/v1/pod-disruption-budget.ts';
export type { FieldInfo, FieldType, Presence, ScalarType } from './schema/field.ts';
export * as fields from './schema/fields.ts';
export { type AnyMessage, type Message, message, type Of } from './schema/message.ts';
