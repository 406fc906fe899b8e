// The public face of client/: the only way to talk to an API server.
export type * from './types.ts';
