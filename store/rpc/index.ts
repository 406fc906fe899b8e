/** etcd's v3 API over gRPC, for the driver that speaks to etcd and the endpoint that speaks like it. */

export type { DraftOf, Message, MessageOf, Method } from '../../runtime/grpc.ts';
export * from './etcd.ts';
export * from './services.ts';
