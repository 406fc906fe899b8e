import type { DeviceType, TreeNode } from './tree.ts';

export interface FileStat {
  readonly type: 'file' | 'directory' | 'link';
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
  readonly uid: number;
  readonly gid: number;
  /** A plain file, directory or link unless given. */
  readonly device?: DeviceType | undefined;
  /** What it is that has these facts: two names of one file lead to the same. */
  readonly node?: TreeNode | undefined;
}

/** What a node tells of itself. */
export function statOf(node: TreeNode): FileStat {
  if (node.type === 'link') return { type: 'link', size: node.target.length, mode: 0o777, mtime: node.mtime, uid: 0, gid: 0, node };
  const { type, mode, mtime, uid, gid } = node;
  if (type === 'directory') return { type, size: 4096, mode, mtime, uid, gid, node };
  const device = node.device === undefined ? {} : { device: node.device };
  return { type, size: node.device ? 0 : node.content.byteLength, mode, mtime, uid, gid, node, ...device };
}
