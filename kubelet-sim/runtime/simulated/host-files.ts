import type { HostPathType } from '../cri.ts';
import { ContainerFiles } from './files/container-files.ts';
import type { DirectoryNode, FileNode } from './files/tree.ts';

/** A path of the node that is not what a pod says it is; the text is a kubelet's. */
export class HostPathError extends Error {
  override readonly name = 'HostPathError';
}

/** What a node has on its disk, as far as pods look. */
const NODE_FILES = (name: string): Record<string, string> => ({
  '/etc/hostname': `${name}\n`,
  '/etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n',
  '/etc/resolv.conf': 'nameserver 10.0.0.1\n',
  '/etc/os-release': 'PRETTY_NAME="nanokube simulated node"\nNAME="nanokube"\nID=nanokube\n',
  '/var/log/syslog': '',
});

const NODE_DIRECTORIES: readonly string[] = ['/var/lib/kubelet/pods', '/var/log/pods', '/var/log/containers', '/etc/kubernetes/manifests'];

/** A node's own file system: what hostPath volumes show. It comes to be when a pod looks at it. */
export class HostFiles {
  readonly #nodeName: string;
  readonly #now: () => number;
  #files: Promise<ContainerFiles> | undefined;

  constructor(nodeName: string, now: () => number) {
    this.#nodeName = nodeName;
    this.#now = now;
  }

  files(): Promise<ContainerFiles> {
    this.#files ??= this.#make();
    return this.#files;
  }

  async #make(): Promise<ContainerFiles> {
    const files = new ContainerFiles({ files: NODE_FILES(this.#nodeName), mounts: [], now: this.#now });
    for (const path of NODE_DIRECTORIES) await files.mkdir(path, { recursive: true });
    return files;
  }

  /**
   * What is at a path, made when its type says so.
   *
   * @throws HostPathError with the text of upstream's `pkg/volume/hostpath`.
   */
  async at(path: string, type: HostPathType): Promise<DirectoryNode | FileNode> {
    const files = await this.files();
    const there = await files.stat(path).catch(() => undefined);
    if (!there) await this.#create(files, path, type);
    const wanted = WANTED[type];
    if (wanted && there && there.type !== wanted) throw new HostPathError(`hostPath type check failed: ${path} is not a ${wanted}`);
    if (type === 'Socket' || type === 'CharDevice' || type === 'BlockDevice')
      throw new HostPathError(`hostPath type check failed: ${path} is not a ${SPECIAL[type]}`);
    return await files.nodeAt(path);
  }

  async #create(files: ContainerFiles, path: string, type: HostPathType): Promise<void> {
    if (type === 'FileOrCreate') return await files.writeFile(path, new Uint8Array());
    // Without a type nothing is checked, and the container runtime makes a directory of what is not there.
    if (type === '' || type === 'DirectoryOrCreate') return await files.mkdir(path, { recursive: true });
    const what = type === 'File' || type === 'Directory' ? type.toLowerCase() : SPECIAL[type];
    throw new HostPathError(`hostPath type check failed: ${path} is not a ${what}`);
  }
}

const WANTED: Readonly<Partial<Record<HostPathType, 'file' | 'directory'>>> = {
  Directory: 'directory',
  DirectoryOrCreate: 'directory',
  File: 'file',
  FileOrCreate: 'file',
};

const SPECIAL = { Socket: 'socket file', CharDevice: 'character device', BlockDevice: 'block device' } as const;
