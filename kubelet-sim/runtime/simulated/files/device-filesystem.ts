import { type DirectoryNode, type FileNode, newDevice, newDirectory } from './tree.ts';

/** What is on devices that have been mounted, by the device's own node or the file behind it. */
const filesystems = new WeakMap<FileNode, DirectoryNode>();

/** The file behind a loop device. */
const backings = new WeakMap<FileNode, { readonly path: string; readonly file: FileNode }>();

/** The file system on a block device, made when it is first asked for. */
export function filesystemOn(device: FileNode, now: number): DirectoryNode {
  const file = backings.get(device)?.file ?? device;
  const known = filesystems.get(file) ?? newDirectory(now);
  filesystems.set(file, known);
  return known;
}

/** A block device whose bytes are those of a file, as large as that is unless given. */
export function loopDevice(path: string, file: FileNode, now: number, capacityBytes = file.content.byteLength): FileNode {
  const device = newDevice('block', now, { capacityBytes });
  Object.defineProperty(device, 'content', {
    enumerable: true,
    get: () => file.content,
    set: (content: Uint8Array) => {
      file.content = content;
    },
  });
  backings.set(device, { path, file });
  return device;
}

/** Where the file behind a loop device is; undefined for another. */
export const backingOf = (device: FileNode): string | undefined => backings.get(device)?.path;
