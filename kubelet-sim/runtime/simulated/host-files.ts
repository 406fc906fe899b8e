import type { HostEntry, HostPathType } from '../cri.ts';
import { nodeControlGroups } from './control-groups.ts';
import { ContainerFiles } from './files/container-files.ts';
import { type DirectoryNode, FileError, type FileNode } from './files/tree.ts';
import { containerLogDirectory, podLogDirectory } from './log-files.ts';
import type { SimulatedNode } from './sandbox.ts';

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

const NODE_DIRECTORIES: readonly string[] = ['/var/lib/kubelet/pods', '/sys/fs', '/etc/kubernetes/manifests'];

/** A node's own file system: what hostPath volumes show. It comes to be when a pod looks at it. */
export class HostFiles {
  readonly #nodeName: string;
  readonly #now: () => number;
  readonly #node: () => SimulatedNode;
  #files: Promise<ContainerFiles> | undefined;

  constructor(nodeName: string, now: () => number, node: () => SimulatedNode) {
    this.#nodeName = nodeName;
    this.#now = now;
    this.#node = node;
  }

  files(): Promise<ContainerFiles> {
    this.#files ??= this.#make();
    return this.#files;
  }

  async #make(): Promise<ContainerFiles> {
    const files = new ContainerFiles({ files: NODE_FILES(this.#nodeName), mounts: [], now: this.#now });
    for (const path of NODE_DIRECTORIES) await files.mkdir(path, { recursive: true });
    const node = this.#node();
    const log = await files.nodeAt('/var/log');
    const groups = await files.nodeAt('/sys/fs');
    if (log.type !== 'directory' || groups.type !== 'directory') throw new FileError('ENOTDIR', '/var/log');
    log.entries.set('pods', podLogDirectory(node));
    log.entries.set('containers', containerLogDirectory(node));
    groups.entries.set('cgroup', nodeControlGroups(node));
    return files;
  }

  /** What is at a path; undefined when nothing is. */
  async read(path: string): Promise<HostEntry | undefined> {
    const files = await this.files();
    const stat = await files.stat(path).catch(() => undefined);
    if (!stat) return undefined;
    if (stat.type !== 'directory') return { content: await files.readFile(path), mtime: stat.mtime };
    const names = await files.readdir(path);
    const slash = async (name: string) => ((await files.stat(`${path}/${name}`).catch(() => undefined))?.type === 'directory' ? '/' : '');
    return { names: await Promise.all(names.map(async (name) => `${name}${await slash(name)}`)) };
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
