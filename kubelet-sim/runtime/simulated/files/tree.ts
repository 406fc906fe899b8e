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
};

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
};

export interface FileNode {
  readonly type: 'file';
  content: Uint8Array;
  mode: number;
  mtime: number;
}

export interface DirectoryNode {
  readonly type: 'directory';
  /** Loads the entries of a directory that follows a source; asked before each look. */
  readonly refresh?: (() => Promise<void>) | undefined;
  readonly entries: Map<string, TreeNode>;
  readonly readOnly: boolean;
  mode: number;
  mtime: number;
}

export interface LinkNode {
  readonly type: 'link';
  readonly target: string;
  mtime: number;
}

export type TreeNode = FileNode | DirectoryNode | LinkNode;

export const newDirectory = (mtime: number, options: { readOnly?: boolean; refresh?: () => Promise<void> } = {}): DirectoryNode => ({
  type: 'directory',
  entries: new Map(),
  readOnly: options.readOnly ?? false,
  refresh: options.refresh,
  mode: 0o755,
  mtime,
});

export const newFile = (content: Uint8Array, mtime: number, mode = 0o644): FileNode => ({ type: 'file', content, mode, mtime });

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
