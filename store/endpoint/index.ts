/** etcd's v3 gRPC API in front of a store. */
export { createEtcdEndpoint, ENDPOINT_DEFAULTS, type EtcdEndpoint, type EtcdEndpointOptions } from './endpoint.ts';
export type { EndpointTls } from './listener.ts';
export { MemberFile } from './member.ts';
