// The public face of the API server.
export { composeApiServer } from './compose.ts';
export { apiServerOptions } from './options.ts';
export { CERTIFICATES, type CertificateName, type CertificateState, certificateStates, renewCertificates } from './pki/index.ts';
export {
  type ApiServer,
  type ApiServerOptions,
  type ApiServerParts,
  type ApiServerSettings,
  createApiServer,
  type PartsContext,
} from './server.ts';
