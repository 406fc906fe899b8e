import type { FileTree, Mount, MountableVolume, VolumeFile } from '../cri.ts';
import { SubPathError } from '../sub-path-error.ts';
import type { VolumeUsage } from '../usage.ts';
import type { MountPoint } from './files/mount-point.ts';
import {
  type DirectoryNode,
  FileError,
  type FileNode,
  type LinkNode,
  newDevice,
  newDirectory,
  newFile,
  type TreeNode,
  usageOfTree,
} from './files/tree.ts';

/** The link behind which all files of a volume change at once, as a kubelet's atomic writer has it (pkg/volume/util/atomic_writer.go). */
const DATA_LINK = '..data';
/** Anybody may write to an empty directory; in memory it is a file system of its own, whose root is as sticky as a kernel makes it. */
const MODE_EMPTY = 0o777;
const MODE_TMPFS = 0o1777;
const MODE_GROUP_WRITES = 0o660;
/** What a directory of a group has: its set-group-ID bit, and all for owner and group. */
const MODE_DIRECTORY = 0o2770;
const LINKS_MAX = 40;

/** The files of volumes: shared by all containers that mount one, for as long as the volume lives. */
const trees = new WeakMap<MountableVolume, DirectoryNode | FileNode>();
/** What was last put into a tree that follows a source. */
const shown = new WeakMap<DirectoryNode, ReadonlyMap<string, VolumeFile>>();

const isNode = (tree: FileTree): tree is DirectoryNode | FileNode => 'entries' in tree || 'content' in tree;

function treeOf(volume: MountableVolume, now: () => number): DirectoryNode | FileNode {
  if (volume.tree && isNode(volume.tree)) return volume.tree;
  let tree = trees.get(volume);
  if (!tree) {
    tree = volume.device ? newDevice('block', now(), volume) : rootOf(volume, now);
    trees.set(volume, tree);
  }
  return tree;
}

function rootOf(volume: MountableVolume, now: () => number): DirectoryNode {
  const { files, fsGroup } = volume;
  const followed = files ? { readOnly: true, refresh: () => refresh(made, volume, now) } : {};
  const mode = volume.medium === 'tmpfs' ? MODE_TMPFS : MODE_EMPTY;
  const ofGroup = fsGroup === undefined ? { mode } : { mode: mode | MODE_DIRECTORY, gid: fsGroup };
  const made = newDirectory(now(), { ...followed, ...ofGroup });
  return made;
}

/**
 * Gives what is on a volume to a group. With `onRootMismatch` what is there is left alone when the root is the group's already. Upstream:
 * `SetVolumeOwnership`, `pkg/volume/volume_linux.go`.
 */
export function giveVolumeToGroup(volume: MountableVolume, gid: number, options: { onRootMismatch: boolean; now: () => number }): void {
  const tree = treeOf(volume, options.now);
  if (tree.type !== 'directory' || (options.onRootMismatch && isOfGroup(tree, gid))) return;
  giveToGroup(tree, gid);
}

const isOfGroup = (node: DirectoryNode, gid: number): boolean => node.gid === gid && (node.mode & MODE_DIRECTORY) === MODE_DIRECTORY;

/** `fsGroup`: what is there, and what will be, belongs to the group and can be written by it. */
function giveToGroup(node: TreeNode, gid: number): void {
  if (node.type === 'link') return;
  node.gid = gid;
  node.mode |= node.type === 'directory' ? MODE_DIRECTORY : MODE_GROUP_WRITES;
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
  const directory = readOnlyDirectory(time, volume.fsGroup);
  for (const [path, file] of files) place(directory, path.split('/').filter(Boolean), { file, time, gid: volume.fsGroup });
  tree.entries.clear();
  tree.entries.set(stamped, directory);
  tree.entries.set(DATA_LINK, link(stamped, time));
  for (const name of directory.entries.keys()) tree.entries.set(name, link(`${DATA_LINK}/${name}`, time));
  tree.mtime = time;
}

const readOnlyDirectory = (time: number, gid: number | undefined): DirectoryNode =>
  newDirectory(time, { readOnly: true, ...(gid === undefined ? {} : { gid, mode: 0o2755 }) });

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
  const directory = there?.type === 'directory' ? there : readOnlyDirectory(time, gid);
  tree.entries.set(first, directory);
  place(directory, rest, placed);
}

/**
 * Makes sure that what a `subPath` names is there, a directory if need be, and that it is in the volume: links may not lead out of it.
 * What is found is what the mount shows from then on. Upstream: `makeMounts`, `pkg/kubelet/kubelet_pods.go`; `pkg/volume/util/subpath`.
 *
 * @throws SubPathError
 */
export async function prepareSubPath(mount: Mount, now: () => number): Promise<void> {
  const tree = treeOf(mount.volume, now);
  if (tree.type === 'directory') await tree.refresh?.();
  const found = walk([tree], partsOf(mount.subPath));
  if (found.is === 'outside' || found.is === 'blocked') throw new SubPathError('prepare');
  if (found.is === 'missing' && mount.isVolumeReadOnly) throw new SubPathError('create');
  prepared.set(mount, found.is === 'there' ? found.node : makeDirectories(found, tree, now));
}

/** What was found, or made, for mounts of a part of a volume. */
const prepared = new WeakMap<Mount, DirectoryNode | FileNode>();

/** Where a path inside a volume leads. */
type Walked =
  | { readonly is: 'there'; readonly node: DirectoryNode | FileNode }
  | { readonly is: 'missing'; readonly last: DirectoryNode; readonly rest: readonly string[] }
  /** A link leads out of the volume. */
  | { readonly is: 'outside' }
  /** There is a file where a directory should be. */
  | { readonly is: 'blocked' };

/** Walks a path as the node would, for whom a link that begins at the root is one of its own. */
function walk(trail: readonly (DirectoryNode | FileNode)[], parts: readonly string[], links = 0): Walked {
  const at = trail.at(-1);
  const [part, ...rest] = parts;
  if (!at || links > LINKS_MAX) return { is: 'outside' };
  if (part === undefined) return { is: 'there', node: at };
  if (at.type !== 'directory') return { is: 'blocked' };
  if (part === '..') return walk(trail.slice(0, -1), rest, links);
  const next = at.entries.get(part);
  if (!next) return { is: 'missing', last: at, rest: parts };
  if (next.type !== 'link') return walk([...trail, next], rest, links);
  return next.target.startsWith('/') ? { is: 'outside' } : walk(trail, [...partsOf(next.target), ...rest], links + 1);
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** Makes the directories that are missing, with the mode of the volume itself. */
function makeDirectories(
  { last, rest }: { readonly last: DirectoryNode; readonly rest: readonly string[] },
  { mode, gid }: DirectoryNode | FileNode,
  now: () => number,
): DirectoryNode {
  let at = last;
  for (const part of rest) {
    const made = newDirectory(now(), { gid, mode });
    at.entries.set(part, made);
    at = made;
  }
  return at;
}

/** Where a mount's files are; a `subPath` is that which was there when the container was made, and does not follow its source. */
export async function mountPointOf(mount: Mount, now: () => number): Promise<MountPoint> {
  const { volume, containerPath: path } = mount;
  if (mount.subPath !== '' && !prepared.has(mount)) await prepareSubPath(mount, now);
  const root = prepared.get(mount) ?? treeOf(volume, now);
  const readOnly = mount.readOnly || volume.files !== undefined;
  const { medium, source, capacityBytes } = volume;
  return { path, root, readOnly, medium, source, capacityBytes, propagation: mount.propagation };
}

/** What a volume's files take now; a volume nobody looked at takes nothing. */
export function usageOf(volume: MountableVolume): VolumeUsage {
  const tree = volume.tree && isNode(volume.tree) ? volume.tree : trees.get(volume);
  return tree ? usageOfTree(tree) : { usedBytes: 0, inodesUsed: 0 };
}
