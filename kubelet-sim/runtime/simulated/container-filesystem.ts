import type { SimulatedContainer } from './container.ts';
import { ContainerFiles } from './files/container-files.ts';
import { toolDirectory } from './files/tool-directory.ts';
import { newFile } from './files/tree.ts';
import { imageFiles } from './image-files.ts';
import { hostsFile, resolvConf, resolverOf } from './network/resolver-files.ts';
import { procDirectory, systemDirectory } from './proc-files.ts';
import { mountPointOf } from './volumes.ts';

/** Bytes that a pod's shared memory can hold. */
const SHARED_MEMORY_BYTES = 64 * 1024 * 1024;

/**
 * A container's file system: the image's files, those that a kubelet mounts into every container (hosts, resolv.conf, termination log),
 * `/proc` and `/sys`, the pod's shared memory, and its volumes.
 */
export async function filesystemOf(container: SimulatedContainer, onWrite: (path: string) => void): Promise<ContainerFiles> {
  const now = () => container.now();
  const { sandbox, config, image, user } = container;
  const mounts = await Promise.all(config.mounts.map((mount) => mountPointOf(mount, now)));
  const readOnlyRoot = config.security?.readOnlyRootFilesystem ?? false;
  const managed = (path: string, text: string, mode = 0o644) => ({
    path,
    root: newFile(Buffer.from(text), now(), mode),
    readOnly: readOnlyRoot && mode === 0o644,
  });
  return new ContainerFiles({
    files: { ...imageFiles(image, container.imageTag), ...image.files },
    links: image.links,
    builtAt: image.builtAt === 0 ? undefined : image.builtAt,
    mounts: [
      ...(image.shell ? [toolDirectory()] : []),
      managed('/etc/hostname', `${sandbox.config.hostname}\n`),
      managed('/etc/hosts', hostsFile(sandbox)),
      managed('/etc/resolv.conf', resolvConf(resolverOf(sandbox))),
      managed(config.terminationMessagePath, '', 0o666),
      { path: '/proc', root: procDirectory(container), readOnly: true },
      { path: '/sys', root: systemDirectory(container), readOnly: true },
      { path: '/dev/shm', root: sandbox.sharedMemory(), readOnly: false, medium: 'tmpfs', capacityBytes: SHARED_MEMORY_BYTES },
      ...mounts,
    ],
    user,
    readOnlyRoot,
    now,
    onWrite,
  });
}
