import type { FileTree, Mount, MountableVolume, VolumeFile } from '../cri.ts';
import type { VolumeUsage } from '../usage.ts';
import type { MountPoint } from './files/container-files.ts';
import {
  type DirectoryNode,
  FileError,
  type FileNode,
  type LinkNode,
  newDirectory,
  newFile,
  type TreeNode,
  usageOfTree,
} from './files/tree.ts';

/** The link behind which all files of a volume change at once, as a kubelet's atomic writer has it (pkg/volume/util/atomic_writer.go). */
const DATA_LINK = '..data';
/** Anybody may write to an empty directory. */
const MODE_EMPTY = 0o777;
const MODE_SET_GID = 0o2000;
const MODE_GROUP_WRITES = 0o660;

/** The files of volumes: shared by all containers that mount one, for as long as the volume lives. */
const trees = new WeakMap<MountableVolume, DirectoryNode>();
/** What was last put into a tree that follows a source. */
const shown = new WeakMap<DirectoryNode, ReadonlyMap<string, VolumeFile>>();

const isNode = (tree: FileTree): tree is DirectoryNode | FileNode => 'entries' in tree || 'content' in tree;

function treeOf(volume: MountableVolume, now: () => number): DirectoryNode | FileNode {
  if (volume.tree && isNode(volume.tree)) return volume.tree;
  let tree = trees.get(volume);
  if (!tree) {
    const followed = volume.files ? { readOnly: true, refresh: () => refresh(made, volume, now) } : {};
    const made = newDirectory(now(), { ...followed, mode: MODE_EMPTY });
    tree = made;
    trees.set(volume, tree);
  }
  if (volume.fsGroup !== undefined && !volume.files) giveToGroup(tree, volume.fsGroup);
  return tree;
}

/** `fsGroup`: what is there, and what will be, belongs to the group and can be written by it. */
function giveToGroup(node: TreeNode, gid: number): void {
  if (node.type === 'link') return;
  node.gid = gid;
  node.mode |= node.type === 'directory' ? MODE_GROUP_WRITES | 0o110 | MODE_SET_GID : MODE_GROUP_WRITES;
  if (node.type === 'directory') for (const child of node.entries.values()) giveToGroup(child, gid);
}

async function refresh(tree: DirectoryNode, volume: MountableVolume, now: () => number): Promise<void> {
  const files = await volume.files?.().catch((error: unknown) => {
    throw new FileError('EIO', `/${volume.name}: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (!files || shown.get(tree) === files) return;
  const before = shown.get(tree);
  shown.set(tree, files);
  if (!before || !isSame(before, files)) publish(tree, files, { volume, time: now() });
}

/** Whether two sets of files say the same; a source may answer with a new set each time. */
function isSame(a: ReadonlyMap<string, VolumeFile>, b: ReadonlyMap<string, VolumeFile>): boolean {
  if (a.size !== b.size) return false;
  for (const [path, file] of a) {
    const other = b.get(path);
    if (!other || other.mode !== file.mode || Buffer.compare(other.content, file.content) !== 0) return false;
  }
  return true;
}

/**
 * Puts a set of files into a tree. Readers see all of the old set or all of the new one.
 *
 * ```
 * ..2026_11_21_10_00_00.123456789/key     the files
 * ..data -> ..2026_11_21_10_00_00.123456789
 * key -> ..data/key
 * ```
 */
function publish(
  tree: DirectoryNode,
  files: ReadonlyMap<string, VolumeFile>,
  { volume, time }: { volume: MountableVolume; time: number },
): void {
  const stamped = stampOf(time);
  const directory = newDirectory(time, { readOnly: true });
  for (const [path, file] of files) place(directory, path.split('/').filter(Boolean), { file, time, gid: volume.fsGroup });
  tree.entries.clear();
  tree.entries.set(stamped, directory);
  tree.entries.set(DATA_LINK, link(stamped, time));
  for (const name of directory.entries.keys()) tree.entries.set(name, link(`${DATA_LINK}/${name}`, time));
  tree.mtime = time;
}

const link = (target: string, mtime: number): LinkNode => ({ type: 'link', target, mtime });

function stampOf(time: number): string {
  const [date = '', clock = ''] = new Date(time).toISOString().split('T');
  return `..${date.replaceAll('-', '_')}_${clock.slice(0, 8).replaceAll(':', '_')}.${clock.slice(9, 12)}000000`;
}

interface Placed {
  readonly file: VolumeFile;
  readonly time: number;
  readonly gid: number | undefined;
}

function place(tree: DirectoryNode, path: readonly string[], placed: Placed): void {
  const [first = '', ...rest] = path;
  const { file, time, gid } = placed;
  if (rest.length === 0) {
    const mode = gid === undefined ? file.mode : file.mode | 0o440;
    tree.entries.set(first, newFile(file.content, time, mode, { uid: file.uid ?? 0, gid: gid ?? 0 }));
    return;
  }
  const there = tree.entries.get(first);
  const directory = there?.type === 'directory' ? there : newDirectory(time, { readOnly: true });
  tree.entries.set(first, directory);
  place(directory, rest, placed);
}

/** Where a mount's files are; a `subPath` is made when it is not there yet, and does not follow its source. */
export async function mountPointOf(mount: Mount, now: () => number): Promise<MountPoint> {
  const { volume, containerPath: path } = mount;
  const tree = treeOf(volume, now);
  const parts = mount.subPath.split('/').filter(Boolean);
  if (parts.length > 0 && tree.type === 'directory') await tree.refresh?.();
  const root = parts.reduce<DirectoryNode | FileNode>((at, part) => stepInto(tree, at, part, now), tree);
  const readOnly = mount.readOnly || volume.files !== undefined;
  return { path, root, readOnly, medium: volume.medium, capacityBytes: volume.capacityBytes };
}

function stepInto(tree: DirectoryNode | FileNode, at: DirectoryNode | FileNode, part: string, now: () => number): DirectoryNode | FileNode {
  if (at.type !== 'directory') return at;
  const next = at.entries.get(part);
  if (next?.type === 'link') return follow(tree, next) ?? at;
  if (next) return next;
  const made = newDirectory(now(), { uid: at.uid, gid: at.gid, mode: at.mode });
  at.entries.set(part, made);
  return made;
}

/** What a link of a volume's own leads to. */
function follow(tree: DirectoryNode | FileNode, { target }: LinkNode): DirectoryNode | FileNode | undefined {
  let at: DirectoryNode | FileNode | undefined = tree;
  for (const part of target.split('/')) {
    const next: TreeNode | undefined = at?.type === 'directory' ? at.entries.get(part) : undefined;
    at = next?.type === 'link' ? follow(tree, next) : next;
  }
  return at;
}

/** What a volume's files take now; a volume nobody looked at takes nothing. */
export function usageOf(volume: MountableVolume): VolumeUsage {
  const tree = volume.tree && isNode(volume.tree) ? volume.tree : trees.get(volume);
  return tree ? usageOfTree(tree) : { usedBytes: 0, inodesUsed: 0 };
}
