import type { Duplex } from 'node:stream';
import { duplexPair } from '../../../../runtime/index.ts';
import type { ContainerFiles } from './container-files.ts';
import { FileError } from './tree.ts';

/** Who listens on a socket, and takes each connection to it. */
export interface SocketServer {
  accept(connection: Duplex): void;
}

/** Who listens on the sockets of all file systems: whoever has the socket in a volume reaches its server. */
const servers = new WeakMap<object, SocketServer>();

/** Who listens on a socket; undefined when nobody does, or it is none. */
export const serverOn = (socket: object): SocketServer | undefined => servers.get(socket);

/**
 * Makes a socket, and listens on it: bind(2) and listen(2).
 *
 * @returns what ends the listening; the socket stays, as sockets do
 * @throws FileError with EEXIST when something is there, which bind(2) calls EADDRINUSE
 */
export async function listenOnSocket(files: ContainerFiles, path: string, server: SocketServer): Promise<() => void> {
  await files.mknod(path, 'socket');
  const socket = await files.nodeAt(path);
  servers.set(socket, server);
  return () => servers.delete(socket);
}

/** Connects to a socket. Rejects with an error in Go's words. */
export async function dialSocket(files: ContainerFiles, path: string): Promise<Duplex> {
  const failed = (why: string) => new Error(`dial unix ${path}: connect: ${why}`);
  const socket = await files.nodeAt(path).catch((error: unknown) => {
    throw error instanceof FileError ? failed(error.reason.toLowerCase()) : error;
  });
  const server = serverOn(socket);
  if (!server) throw failed('connection refused');
  const [ours, theirs] = duplexPair();
  server.accept(theirs);
  return ours;
}
