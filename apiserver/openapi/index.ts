// The schemas of all kinds, as OpenAPI 2 and 3 documents.
export type { PublishedKind } from './published-kind.ts';
export { createOpenApi, type OpenApi, type OpenApiOptions } from './openapi.ts';
