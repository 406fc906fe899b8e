import type { Duplex } from 'node:stream';

/** Told of a socket that has been made, or removed, by its path on the node. */
export type SocketWatcher = (path: string, isThere: boolean) => void;

/** The sockets in a node's own file system, as programs that run on the node see them. */
export interface NodeSockets {
  /** Tells of the sockets below a directory: of those that are there, and from now on of each that comes or goes. */
  watch(directory: string, watcher: SocketWatcher): void;
  /** Connects to who listens on a socket. Rejects with an error in Go's words: `dial unix /x.sock: connect: connection refused`. */
  dial(path: string): Promise<Duplex>;
}
