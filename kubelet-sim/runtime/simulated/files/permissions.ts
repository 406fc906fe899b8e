import type { DirectoryNode, FileNode } from './tree.ts';

/** Whom a process runs as, as far as files ask. */
export interface FileUser {
  readonly uid: number;
  readonly gid: number;
  readonly supplementalGroups: readonly number[];
}

export const ROOT_USER: FileUser = { uid: 0, gid: 0, supplementalGroups: [0] };

const BITS = { read: 4, write: 2, execute: 1 } as const;

/** Whether somebody may read, write or enter something: by its owner's, its group's or everybody's bits; root may all. */
export function may(user: FileUser, access: keyof typeof BITS, { mode, uid, gid }: DirectoryNode | FileNode): boolean {
  if (user.uid === 0) return true;
  const isGroup = user.gid === gid || user.supplementalGroups.includes(gid);
  const shift = user.uid === uid ? 6 : isGroup ? 3 : 0;
  return ((mode >> shift) & BITS[access]) !== 0;
}
