import type { DirectoryNode, TreeNode } from './tree.ts';

/** Told of what is in a directory now under a name; undefined when nothing is any more. */
type DirectoryWatcher = (name: string, node: TreeNode | undefined) => void;

/** Tells of each entry that is made in a directory, or removed from it, from now on: inotify(7), for the one who watches. */
export function watchDirectory({ entries }: DirectoryNode, watcher: DirectoryWatcher): void {
  const { set, delete: remove } = entries;
  entries.set = (name, node) => {
    set.call(entries, name, node);
    watcher(name, node);
    return entries;
  };
  entries.delete = (name) => {
    const wasThere = remove.call(entries, name);
    if (wasThere) watcher(name, undefined);
    return wasThere;
  };
}
