import { TOOL_NAMES, toolContent } from '../tool-names.ts';
import type { MountPoint } from './mount-point.ts';
import { type DirectoryNode, newFile } from './tree.ts';

let directory: DirectoryNode | undefined;

/** `/bin` with the tools, for those who look whether one is there; one for all containers. */
export function toolDirectory(): MountPoint {
  directory ??= {
    type: 'directory',
    entries: new Map([...TOOL_NAMES].map((name) => [name, newFile(toolContent(name), 0, 0o755)])),
    readOnly: true,
    mode: 0o755,
    mtime: 0,
    uid: 0,
    gid: 0,
  };
  return { path: '/bin', root: directory, readOnly: true };
}
