import type { FileTree, Mount, MountableVolume, VolumeFile } from '../cri.ts';
import type { VolumeUsage } from '../usage.ts';
import type { MountPoint } from './files/container-files.ts';
import { type DirectoryNode, FileError, type FileNode, newDirectory, newFile, type TreeNode } from './files/tree.ts';

/** The files of volumes: shared by all containers that mount one, for as long as the volume lives. */
const trees = new WeakMap<MountableVolume, DirectoryNode>();

const isNode = (tree: FileTree): tree is DirectoryNode | FileNode => 'entries' in tree || 'content' in tree;

function treeOf(volume: MountableVolume, now: () => number): DirectoryNode | FileNode {
  if (volume.tree && isNode(volume.tree)) return volume.tree;
  let tree = trees.get(volume);
  if (!tree) {
    const made = newDirectory(now(), volume.files ? { readOnly: true, refresh: () => refresh(made, volume, now) } : {});
    tree = made;
    trees.set(volume, tree);
  }
  return tree;
}

/** What was last put into a tree that follows a source. */
const shown = new WeakMap<DirectoryNode, ReadonlyMap<string, VolumeFile>>();

async function refresh(tree: DirectoryNode, volume: MountableVolume, now: () => number): Promise<void> {
  const files = await volume.files?.().catch((error: unknown) => {
    throw new FileError('EIO', `/${volume.name}: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (!files || shown.get(tree) === files) return;
  shown.set(tree, files);
  tree.entries.clear();
  for (const [path, file] of files) place(tree, path.split('/').filter(Boolean), file, now());
}

function place(tree: DirectoryNode, path: readonly string[], file: VolumeFile, time: number): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) {
    tree.entries.set(first, newFile(file.content, time, file.mode));
    return;
  }
  const there = tree.entries.get(first);
  const directory = there?.type === 'directory' ? there : newDirectory(time, { readOnly: true });
  tree.entries.set(first, directory);
  place(directory, rest, file, time);
}

/** Where a mount's files are; a `subPath` is made when it is not there yet. */
export async function mountPointOf(mount: Mount, now: () => number): Promise<MountPoint> {
  const tree = treeOf(mount.volume, now);
  if (mount.subPath !== '' && tree.type === 'directory') await tree.refresh?.();
  let root: DirectoryNode | FileNode = tree;
  for (const part of mount.subPath.split('/').filter(Boolean)) {
    if (root.type !== 'directory') break;
    const next: TreeNode | undefined = root.entries.get(part);
    if (next && next.type !== 'link') root = next;
    else {
      const made = newDirectory(now());
      root.entries.set(part, made);
      root = made;
    }
  }
  return { path: mount.containerPath, root, readOnly: mount.readOnly };
}

/** What a volume's files take now; a volume nobody looked at takes nothing. */
export function usageOf(volume: MountableVolume): VolumeUsage {
  const tree = volume.tree && isNode(volume.tree) ? volume.tree : trees.get(volume);
  const usage = { usedBytes: 0, inodesUsed: 0 };
  if (tree) addUsage(tree, usage);
  return usage;
}

function addUsage(node: TreeNode, usage: { usedBytes: number; inodesUsed: number }): void {
  usage.inodesUsed++;
  if (node.type === 'file') usage.usedBytes += node.content.byteLength;
  if (node.type === 'directory') for (const child of node.entries.values()) addUsage(child, usage);
}
