/** Errors of file operations, with the C library's codes; the message is what tools print. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly code: string;

  constructor(code: keyof typeof TEXTS, path: string) {
    super(`${code}: ${TEXTS[code]}, '${path}'`);
    this.code = code;
  }

  /** The text without code and path, as `strerror` gives it. */
  get reason(): string {
    return REASONS[this.code] ?? this.message;
  }

  /** Its errno. */
  get number(): number {
    return NUMBERS[this.code] ?? 0;
  }
}

const TEXTS = {
  ENOENT: 'no such file or directory',
  EISDIR: 'illegal operation on a directory',
  ENOTDIR: 'not a directory',
  EEXIST: 'file already exists',
  ENOTEMPTY: 'directory not empty',
  EROFS: 'read-only file system',
  EINVAL: 'invalid argument',
  ELOOP: 'too many levels of symbolic links',
  EBUSY: 'resource busy or locked',
  EIO: 'i/o error',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOSPC: 'no space left on device',
  EXDEV: 'invalid cross-device link',
};

/** Numbers of the codes (errno(3)). */
const NUMBERS: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  EIO: 5,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOSPC: 28,
  EROFS: 30,
  ENOTEMPTY: 39,
  ELOOP: 40,
};

/** What the C library says of a code; undefined of one that files do not have. */
export const reasonOf = (code: string): string | undefined => REASONS[code];

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  EEXIST: 'File exists',
  ENOTEMPTY: 'Directory not empty',
  EROFS: 'Read-only file system',
  EINVAL: 'Invalid argument',
  ELOOP: 'Too many levels of symbolic links',
  EBUSY: 'Resource busy',
  EIO: 'I/O error',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  ENOSPC: 'No space left on device',
  EXDEV: 'Invalid cross-device link',
};

/** Who owns a file or directory. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What a file is that is not one of bytes on a disk. */
export type DeviceType = 'socket' | 'char' | 'block';

export interface FileNode {
  readonly type: 'file';
  /** A plain file unless given. */
  readonly device?: DeviceType | undefined;
  /** Bytes that a block device has. */
  readonly capacityBytes?: number | undefined;
  content: Uint8Array;
  /** Bytes that `content` is the head of, when it may grow in place. */
  room?: Uint8Array | undefined;
  mode: number;
  mtime: number;
  uid: number;
  gid: number;
}

export interface DirectoryNode {
  readonly type: 'directory';
  /** Loads the entries of a directory that follows a source; asked before each look. */
  readonly refresh?: (() => Promise<void>) | undefined;
  readonly entries: Map<string, TreeNode>;
  readonly readOnly: boolean;
  mode: number;
  mtime: number;
  uid: number;
  gid: number;
}

export interface LinkNode {
  readonly type: 'link';
  readonly target: string;
  mtime: number;
}

export type TreeNode = FileNode | DirectoryNode | LinkNode;

interface DirectoryOptions extends Partial<Owner> {
  readonly readOnly?: boolean | undefined;
  readonly refresh?: (() => Promise<void>) | undefined;
  readonly mode?: number | undefined;
}

export const newDirectory = (mtime: number, options: DirectoryOptions = {}): DirectoryNode => ({
  type: 'directory',
  entries: new Map(),
  readOnly: options.readOnly ?? false,
  refresh: options.refresh,
  mode: options.mode ?? 0o755,
  mtime,
  uid: options.uid ?? 0,
  gid: options.gid ?? 0,
});

export const newFile = (content: Uint8Array, mtime: number, mode = 0o644, { uid, gid }: Owner = ROOT): FileNode => ({
  type: 'file',
  content,
  mode,
  mtime,
  uid,
  gid,
});

const ROOT: Owner = { uid: 0, gid: 0 };

/**
 * Makes bytes the content of a file, or adds them to its end. What is added piece by piece grows in place, in room that doubles, so that a
 * large file costs no more than its bytes; whoever holds the content of before still has it.
 */
export function writeContent(file: FileNode, bytes: Uint8Array, append: boolean): void {
  const { content, room } = file;
  if (!append || content.byteLength === 0) {
    file.content = Buffer.from(bytes);
    file.room = undefined;
    return;
  }
  const size = content.byteLength + bytes.byteLength;
  const isOurs = room?.buffer === content.buffer && room.byteOffset === content.byteOffset;
  const grown = isOurs && size <= room.byteLength ? room : new Uint8Array(2 * size);
  if (grown !== room) grown.set(content);
  grown.set(bytes, content.byteLength);
  file.room = grown;
  file.content = grown.subarray(0, size);
}

/** A socket or a device. */
export const newDevice = (device: DeviceType, mtime: number, options: { readonly capacityBytes?: number | undefined } = {}): FileNode => ({
  ...newFile(new Uint8Array(), mtime, device === 'block' ? 0o660 : 0o666),
  device,
  capacityBytes: options.capacityBytes,
});

/** What is in a tree: bytes of its files, and how many things there are. */
export function usageOfTree(node: TreeNode): { usedBytes: number; inodesUsed: number } {
  const usage = { usedBytes: 0, inodesUsed: 0 };
  const add = (one: TreeNode) => {
    usage.inodesUsed++;
    if (one.type === 'file') usage.usedBytes += one.content.byteLength;
    if (one.type === 'directory') for (const child of one.entries.values()) add(child);
  };
  add(node);
  return usage;
}

/** A copy with owners, modes and times, as `cp -a` makes it; bytes are shared until either side writes. */
export function copyOfTree(node: TreeNode): TreeNode {
  if (node.type === 'link') return { ...node };
  if (node.type === 'file') return { ...node, room: undefined, content: node.device ? Buffer.from(node.content) : node.content };
  const { mtime, mode, uid, gid } = node;
  const copy = newDirectory(mtime, { mode, uid, gid });
  for (const [name, child] of node.entries) copy.entries.set(name, copyOfTree(child));
  return copy;
}

/** Absolute, without `.`, `..` and double slashes. */
export function normalizePath(path: string, base = '/'): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${base}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
