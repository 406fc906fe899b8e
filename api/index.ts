// The public face of api/ for everyone: types (free at run time), kinds as data, and pure functions. No schema is loaded from here;
// who needs schemas (the API server) imports ./schema.ts.
export * from './api-error.ts';
export * from './field-error.ts';
export * from './field-selector.ts';
export * from './int-or-string.ts';
export * from './ip.ts';
export * from './json.ts';
export * from './kind-info.ts';
export * from './kinds/index.ts';
export * from './label-requirement.ts';
export * from './names.ts';
export * from './object.ts';
export * from './quantity.ts';
export * from './resources.ts';
export * from './selector.ts';
export * from './time.ts';
export type * from './types.ts';
