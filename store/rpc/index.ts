/** etcd's v3 API over gRPC, for the driver that speaks to etcd and the endpoint that speaks like it. */
export * from './etcd.ts';
export type { DraftOf, Message, MessageOf } from './message.ts';
export * from './services.ts';
