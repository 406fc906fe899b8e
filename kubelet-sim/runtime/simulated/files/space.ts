import type { MountPoint } from './mount-point.ts';
import { FileError, type TreeNode, usageOfTree } from './tree.ts';

/** Where something is to be written. */
interface Place {
  readonly path: string;
  readonly node: TreeNode | undefined;
  /** What it is on. */
  readonly mount: MountPoint | undefined;
}

/** A volume of bounded size takes no more than that. @throws FileError */
export function checkSpace({ mount, path, node }: Place, moreBytes: number): void {
  if (moreBytes <= 0) return;
  const device = node?.type === 'file' ? node : undefined;
  if (device?.capacityBytes !== undefined && device.content.byteLength + moreBytes > device.capacityBytes)
    throw new FileError('ENOSPC', path);
  if (mount?.capacityBytes === undefined) return;
  if (usageOfTree(mount.root).usedBytes + moreBytes > mount.capacityBytes) throw new FileError('ENOSPC', path);
}
