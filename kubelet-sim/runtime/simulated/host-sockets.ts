import type { Duplex } from 'node:stream';
import type { NodeSockets, SocketWatcher } from '../node-sockets.ts';
import type { ContainerFiles } from './files/container-files.ts';
import { dialSocket } from './files/sockets.ts';
import type { DirectoryNode, TreeNode } from './files/tree.ts';
import { watchDirectory } from './files/watched-directory.ts';

/** The sockets of a node. Its file system comes to be when somebody looks at it; until then there are none. */
export class HostSockets implements NodeSockets {
  readonly #files: () => Promise<ContainerFiles>;
  #made: ContainerFiles | undefined;
  #watches: readonly { readonly directory: string; readonly watcher: SocketWatcher }[] = [];

  /** @param files makes the node's file system if there is none */
  constructor(files: () => Promise<ContainerFiles>) {
    this.#files = files;
  }

  watch(directory: string, watcher: SocketWatcher): void {
    this.#watches = [...this.#watches, { directory, watcher }];
    if (this.#made) void follow(this.#made, directory, watcher);
  }

  async dial(path: string): Promise<Duplex> {
    return await dialSocket(await this.#files(), path);
  }

  /** The node has its file system. */
  async filesMade(files: ContainerFiles): Promise<void> {
    this.#made = files;
    await Promise.all(this.#watches.map(({ directory, watcher }) => follow(files, directory, watcher)));
  }
}

async function follow(files: ContainerFiles, directory: string, watcher: SocketWatcher): Promise<void> {
  await files.mkdir(directory, { recursive: true });
  const node = await files.nodeAt(directory);
  if (node.type === 'directory') followDirectory(node, directory, watcher);
}

function followDirectory(directory: DirectoryNode, path: string, watcher: SocketWatcher): void {
  const known = new Set<string>();
  const tell = (name: string, node: TreeNode | undefined) => {
    const at = `${path}/${name}`;
    if (node?.type === 'directory') followDirectory(node, at, watcher);
    else if (node?.type === 'file' && node.device === 'socket') {
      known.add(name);
      watcher(at, true);
    } else if (!node && known.delete(name)) watcher(at, false);
  };
  watchDirectory(directory, tell);
  for (const [name, node] of directory.entries) tell(name, node);
}
