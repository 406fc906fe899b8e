/** A piece of a document. */
export type JsonNode = string | number | boolean | null | readonly JsonNode[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonNode | undefined;
}

/** Which OpenAPI: 2.0 for clients up to 1.26, 3.0 for newer ones. */
export type Dialect = 'v2' | 'v3';

/** Where a dialect keeps its definitions. */
export const REF_PREFIX: Readonly<Record<Dialect, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' };
