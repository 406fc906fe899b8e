// Mounts that cross from the node to containers and back: what `mountPropagation` lets through.
import type { MountPoint } from './mount-point.ts';
import type { TreeNode } from './tree.ts';

/** What is mounted over directories and files for all who share their mounts with the node. */
const covers = new WeakMap<TreeNode, MountPoint>();

/** Mounts something over what is there, for all who share it. */
export function cover(below: TreeNode | undefined, mount: MountPoint): void {
  if (below) covers.set(below, { ...mount, propagation: 'both' });
}

/** False when nothing was mounted there. */
export const uncover = (below: TreeNode | undefined): boolean => below !== undefined && covers.delete(below);

/** What is mounted there, for all who share it. */
export const coverOf = (below: TreeNode | undefined): MountPoint | undefined => below && covers.get(below);
