import type { DirectoryNode, FileNode } from './tree.ts';

/** A mounted tree. */
export interface MountPoint {
  readonly path: string;
  readonly root: DirectoryNode | FileNode;
  readonly readOnly: boolean;
  /** What `mount` says of it; a part of the node's disk unless given. */
  readonly medium?: string | undefined;
  /** Where it is mounted from, unless its medium says so. */
  readonly source?: string | undefined;
  readonly capacityBytes?: number | undefined;
  /** Whether what is mounted below it on the node later is seen, and with `both` what is mounted here is seen there too. */
  readonly propagation?: 'in' | 'both' | undefined;
}
