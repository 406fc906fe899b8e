/** gRPC: messages as tables, methods, and those who are called. Loaded only by what needs it. */
export { Channel, type ChannelOptions, type Dial } from './grpc/channel.ts';
export { CODE, GrpcError } from './grpc/grpc-error.ts';
export * from './grpc/message.ts';
export { type Method, methodsOf, type UnaryMethod } from './grpc/method.ts';
export { Peer, type PeerOptions } from './grpc/peer.ts';
export { handling, type UnaryHandler, UnaryServer } from './grpc/unary-server.ts';
