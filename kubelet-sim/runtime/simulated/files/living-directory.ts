import { type DirectoryNode, newDirectory, newFile, type TreeNode } from './tree.ts';

/** A directory whose entries are made each time somebody looks: it costs nothing before. */
export function livingDirectory(mtime: number, entries: () => Iterable<readonly [string, TreeNode]>): DirectoryNode {
  const directory = newDirectory(mtime, {
    readOnly: true,
    mode: 0o555,
    refresh: () => {
      directory.entries.clear();
      for (const [name, node] of entries()) directory.entries.set(name, node);
      return Promise.resolve();
    },
  });
  return directory;
}

/** A file that can only be read; the content is a byte string. */
export const readOnlyFile = (content: string, mtime = 0, mode = 0o444): TreeNode => newFile(Buffer.from(content, 'latin1'), mtime, mode);
