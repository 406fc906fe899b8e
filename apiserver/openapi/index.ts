// The schemas of all kinds, as OpenAPI 2 and 3 documents.

export { createOpenApi, type OpenApi, type OpenApiOptions } from './openapi.ts';
export type { PublishedKind } from './published-kind.ts';
