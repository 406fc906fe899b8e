// The API server, as other folders see it.
export { composeApiServer } from './compose.ts';
export { type ApiServerOptionValues, apiServerOptions } from './options.ts';
export type { ObjectChange, ObjectReader, ObjectWriter } from './registry/objects.ts';
export {
  type ApiServer,
  type ApiServerOptions,
  type ApiServerParts,
  type ApiServerSettings,
  createApiServer,
  type PartsContext,
  type ServingTls,
} from './server.ts';
