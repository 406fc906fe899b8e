/** gRPC for those who call somebody else than the store: messages as tables, methods, and peers. Loaded only by what needs it. */
export * from './rpc/message.ts';
export { GrpcError, Peer, type PeerOptions, type UnaryMethod } from './rpc/peer.ts';
export { type Method, methodsOf } from './rpc/services.ts';
