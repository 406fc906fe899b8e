// The schemas of all kinds, as OpenAPI 2 and 3 documents.

export type { JsonObject } from './json-node.ts';
export { createOpenApi, type OpenApi, type OpenApiOptions } from './openapi.ts';
export type { PublishedKind } from './published-kind.ts';
export type { RemoteSpec } from './remote-specs.ts';
