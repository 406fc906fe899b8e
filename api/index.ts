// The public face of api/ for everyone: types (free at run time), kinds as data, and pure functions. No schema is loaded from here;
// who needs schemas (the API server) imports ./schema.ts.
export * from './api-error.ts';
export * from './field-error.ts';
export * from './kind-info.ts';
export * from './kinds/index.ts';
export * from './object.ts';
export type * from './types.ts';
