import type { HostEntry, HostPathType } from '../cri.ts';
import { nodeControlGroups } from './control-groups.ts';
import { ContainerFiles } from './files/container-files.ts';
import { filesystemOn } from './files/device-filesystem.ts';
import type { FileStat } from './files/file-stat.ts';
import { livingDirectory, readOnlyFile } from './files/living-directory.ts';
import { toolDirectory } from './files/tool-directory.ts';
import { type DeviceType, type DirectoryNode, FileError, type FileNode, parentOf } from './files/tree.ts';
import { HostSockets } from './host-sockets.ts';
import { containerLogDirectory, podLogDirectory } from './log-files.ts';
import { RUNTIME_PROFILE } from './proc-files.ts';
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
  '/sys/module/apparmor/parameters/enabled': 'Y\n',
  '/var/log/syslog': '',
});

/** Where a kubelet and the drivers of volumes meet. */
const PLUGIN_DIRECTORIES = ['/var/lib/kubelet/plugins', '/var/lib/kubelet/plugins_registry'];
const NODE_DIRECTORIES: readonly string[] = [
  '/var/lib/kubelet/pods',
  ...PLUGIN_DIRECTORIES,
  '/sys/fs',
  '/sys/kernel/security',
  '/etc/kubernetes/manifests',
];

/** `/sys/kernel/security/apparmor`: the profiles that the kernel knows, the container runtime's own among them. */
const appArmorDirectory = ({ appArmorProfiles }: SimulatedNode): DirectoryNode =>
  livingDirectory(0, () => [
    ['profiles', readOnlyFile([...appArmorProfiles, RUNTIME_PROFILE].map((name) => `${name} (enforce)\n`).join(''))],
  ]);

/** A node's own file system: what hostPath volumes show. It comes to be when a pod looks at it. */
export class HostFiles {
  readonly #nodeName: string;
  readonly #now: () => number;
  readonly #node: () => SimulatedNode;
  #files: Promise<ContainerFiles> | undefined;
  readonly sockets = new HostSockets(() => this.files());

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
    const files = new ContainerFiles({ files: NODE_FILES(this.#nodeName), mounts: [toolDirectory()], now: this.#now, isNode: true });
    for (const path of NODE_DIRECTORIES) await files.mkdir(path, { recursive: true });
    const node = this.#node();
    const log = await files.nodeAt('/var/log');
    const groups = await files.nodeAt('/sys/fs');
    const kernelSecurity = await files.nodeAt('/sys/kernel/security');
    if (kernelSecurity.type !== 'directory') throw new FileError('ENOTDIR', '/sys/kernel/security');
    if (log.type !== 'directory' || groups.type !== 'directory') throw new FileError('ENOTDIR', '/var/log');
    log.entries.set('pods', podLogDirectory(node));
    log.entries.set('containers', containerLogDirectory(node));
    groups.entries.set('cgroup', nodeControlGroups(node));
    kernelSecurity.entries.set('apparmor', appArmorDirectory(node));
    await this.sockets.filesMade(files);
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
  async at(path: string, type: HostPathType, modeMade?: number): Promise<DirectoryNode | FileNode> {
    const files = await this.files();
    const there = await files.stat(path).catch(() => undefined);
    if (!there) await this.#create(files, path, type, modeMade);
    else if (WANTED[type] && WANTED[type] !== (there.device ?? there.type)) throw wrongType(path, type);
    return await files.nodeAt(path);
  }

  /** Removes a file or an empty directory, and what is empty then above it, up to a root that stays. */
  async remove(path: string, root: string): Promise<void> {
    const files = await this.files();
    for (let at = path; at.startsWith(`${root}/`) && !NODE_DIRECTORIES.includes(at); at = parentOf(at)) {
      const there = await files.nodeAt(at).catch(() => undefined);
      if (there?.type === 'directory' && there.entries.size > 0) return;
      if (there) await files.rm(at);
    }
  }

  /** What a local volume shows: a directory, or what is on a device. @throws FileError */
  async localVolume(path: string): Promise<DirectoryNode> {
    const node = await (await this.files()).nodeAt(path);
    if (node.type === 'directory') return node;
    if (node.device !== 'block') throw new FileError('ENOTDIR', path);
    return filesystemOn(node, this.#now());
  }

  async #create(files: ContainerFiles, path: string, type: HostPathType, mode?: number): Promise<void> {
    if (type === 'FileOrCreate') return await files.writeFile(path, new Uint8Array());
    // Without a type nothing is checked, and the container runtime makes a directory of what is not there.
    if (type === '' || type === 'DirectoryOrCreate') return await files.mkdir(path, { recursive: true, mode });
    throw wrongType(path, type);
  }
}

type Wanted = FileStat['type'] | DeviceType;

const WANTED: Readonly<Partial<Record<HostPathType, Wanted>>> = {
  Directory: 'directory',
  DirectoryOrCreate: 'directory',
  File: 'file',
  FileOrCreate: 'file',
  Socket: 'socket',
  CharDevice: 'char',
  BlockDevice: 'block',
};

const NAMES: Readonly<Partial<Record<Wanted, string>>> = {
  directory: 'directory',
  file: 'file',
  socket: 'socket file',
  char: 'character device',
  block: 'block device',
};

const wrongType = (path: string, type: HostPathType): HostPathError =>
  new HostPathError(`hostPath type check failed: ${path} is not a ${NAMES[WANTED[type] ?? 'file']}`);
