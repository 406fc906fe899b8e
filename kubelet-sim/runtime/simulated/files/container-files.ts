import { DEVICE_NAMES, DEVICES, DIRECTORIES } from './devices.ts';
import { type FileStat, statOf } from './file-stat.ts';
import type { MountPoint } from './mount-point.ts';
import { type FileUser, may, ROOT_USER } from './permissions.ts';
import { cover, coverOf, uncover } from './shared-mounts.ts';
import { checkSpace } from './space.ts';
import {
  type DeviceType,
  type DirectoryNode,
  FileError,
  type FileNode,
  type LinkNode,
  nameOf,
  newDevice,
  newDirectory,
  newFile,
  normalizePath,
  parentOf,
  type TreeNode,
  usageOfTree,
  writeContent,
} from './tree.ts';

const LINKS_MAX = 40;
const MODE_STICKY = 0o1000;
const MODE_SET_GID = 0o2000;

/** Where a path leads: its directory, its name there, and what is there now. */
interface Location {
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: TreeNode | undefined;
  readonly readOnly: boolean;
  readonly path: string;
  readonly mount: MountPoint | undefined;
}

/**
 * A container's file system, in memory: the image's files, a writable layer, and volumes mounted over it. Volumes that follow a source
 * (config maps, secrets) are looked up anew each time they are walked through. What a user may do follows from owners and modes.
 */
export class ContainerFiles {
  readonly #root: DirectoryNode;
  readonly #mounts: Map<string, MountPoint>;
  readonly #now: () => number;
  readonly #user: FileUser;
  readonly #isReadOnly: boolean;
  readonly #isNode: boolean;
  readonly #onWrite: ((path: string) => void) | undefined;
  readonly #before: { readonly usedBytes: number; readonly inodesUsed: number };

  constructor(options: {
    readonly files: Readonly<Record<string, string>>;
    /** Symbolic links, by their paths. */
    readonly links?: Readonly<Record<string, string>> | undefined;
    /** When the files were made; now unless given. */
    readonly builtAt?: number | undefined;
    readonly mounts: readonly MountPoint[];
    readonly now: () => number;
    readonly user?: FileUser | undefined;
    readonly readOnlyRoot?: boolean | undefined;
    /** They are the node's own: what is mounted there may be seen elsewhere. */
    readonly isNode?: boolean | undefined;
    readonly onWrite?: ((path: string) => void) | undefined;
  }) {
    this.#now = options.now;
    this.#onWrite = options.onWrite;
    this.#user = options.user ?? ROOT_USER;
    this.#isReadOnly = options.readOnlyRoot ?? false;
    this.#isNode = options.isNode ?? false;
    const time = options.now();
    this.#root = newDirectory(time);
    for (const path of DIRECTORIES) this.#makePath(path, time);
    for (const path of ['/tmp', '/var/tmp']) this.#makePath(path, time).mode = 0o777 | MODE_STICKY;
    const devices = this.#makePath('/dev', time);
    for (const name of DEVICE_NAMES)
      devices.entries.set(name, DEVICES[`/dev/${name}`] ? newDevice('char', time) : newFile(new Uint8Array(), time, 0o666));
    this.#placeImage(options.files, options.links ?? {}, options.builtAt ?? time);
    for (const mount of options.mounts) this.#placeMount(mount, time);
    this.#mounts = new Map(options.mounts.map((mount) => [normalizePath(mount.path), mount]));
    this.#before = usageOfTree(this.#root);
  }

  get user(): FileUser {
    return this.#user;
  }

  /** What is mounted, by path. */
  get mounts(): ReadonlyMap<string, MountPoint> {
    return this.#mounts;
  }

  /** Mounts something over a path, for all who share what is mounted there. @throws FileError */
  async mount(mount: MountPoint): Promise<void> {
    const { below, propagation } = await this.#covered(mount.path);
    if (propagation === 'both') cover(below, mount);
    this.#mounts.set(mount.path, mount);
  }

  /** False when nothing is mounted there. @throws FileError */
  async unmount(path: string): Promise<boolean> {
    const { below, propagation } = await this.#covered(path);
    const isShared = propagation === 'both' && uncover(below);
    return this.#mounts.delete(path) || isShared;
  }

  /** What a mount at a path covers, and who sees it there. */
  async #covered(path: string): Promise<{ below: TreeNode | undefined; propagation: MountPoint['propagation'] }> {
    const { node, mount } = await this.#locate(parentOf(path));
    return { below: node?.type === 'directory' ? node.entries.get(nameOf(path)) : undefined, propagation: this.#propagation(mount) };
  }

  #propagation(mount: MountPoint | undefined): MountPoint['propagation'] {
    return this.#isNode ? 'both' : mount?.propagation;
  }

  /** Puts a device of the kernel's own at a path of the root file system. */
  adopt(path: string, node: FileNode): void {
    this.#makePath(parentOf(path), this.#now()).entries.set(nameOf(path), node);
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  /** The files under a directory, as `chroot` shows them. @throws FileError */
  async under(path: string): Promise<ContainerFiles> {
    const at = await this.#locate(path);
    if (at.node?.type !== 'directory') throw new FileError(at.node ? 'ENOTDIR' : 'ENOENT', path);
    const base = at.path === '/' ? '' : at.path;
    const below = [...this.#mounts].filter(([mounted]) => mounted !== '/' && mounted.startsWith(`${base}/`));
    const mounts = [
      { path: '/', root: at.node, readOnly: at.readOnly },
      ...below.map(([mounted, mount]) => ({ ...mount, path: mounted.slice(base.length) })),
    ];
    return new ContainerFiles({ files: {}, mounts, now: this.#now, user: this.#user });
  }

  /** A directory with what is mounted over it and below, for somebody who has other files. */
  view(path: string): DirectoryNode {
    const base = path === '/' ? '' : path;
    const shown = (name: string, child: TreeNode): TreeNode => {
      const here = `${base}/${name}`;
      const mounted = this.#mounts.get(here)?.root;
      if (mounted || child.type !== 'directory') return mounted ?? child;
      return [...this.#mounts.keys()].some((mount) => mount.startsWith(`${here}/`)) ? this.view(here) : child;
    };
    const directory = newDirectory(this.#now(), {
      readOnly: true,
      refresh: async () => {
        const node = await this.#existing(path);
        if (node.type !== 'directory') throw new FileError('ENOTDIR', path);
        await node.refresh?.();
        directory.entries.clear();
        for (const [name, child] of node.entries) directory.entries.set(name, shown(name, child));
      },
    });
    return directory;
  }

  /** What was written beside volumes. */
  get written(): { readonly usedBytes: number; readonly inodesUsed: number } {
    const { usedBytes, inodesUsed } = usageOfTree(this.#root);
    return {
      usedBytes: Math.max(0, usedBytes - this.#before.usedBytes),
      inodesUsed: Math.max(0, inodesUsed - this.#before.inodesUsed),
    };
  }

  #placeImage(files: Readonly<Record<string, string>>, links: Readonly<Record<string, string>>, time: number): void {
    for (const [path, text] of Object.entries(files)) {
      const mode = /\/s?bin\/|\.(?:env)?sh$/.test(path) ? 0o755 : 0o644;
      this.#makePath(parentOf(path), time).entries.set(nameOf(path), newFile(Buffer.from(text), time, mode));
    }
    for (const [path, target] of Object.entries(links))
      this.#makePath(parentOf(path), time).entries.set(nameOf(path), { type: 'link', target, mtime: time });
  }

  /** The placeholder that a mount covers, so that its parent lists it. */
  #placeMount(mount: MountPoint, time: number): void {
    const path = normalizePath(mount.path);
    if (path === '/') return;
    const name = nameOf(path);
    this.#makePath(parentOf(path), time).entries.set(
      name,
      mount.root.type === 'file' ? newFile(new Uint8Array(), time) : newDirectory(time),
    );
  }

  #makePath(path: string, time: number): DirectoryNode {
    let node = this.#root;
    for (const part of path.split('/').filter(Boolean)) {
      const next = node.entries.get(part);
      if (next?.type === 'directory') node = next;
      else {
        const made = newDirectory(time);
        node.entries.set(part, made);
        node = made;
      }
    }
    return node;
  }

  async readFile(path: string): Promise<Buffer> {
    const device = DEVICES[path];
    if (device) return device === 'null' ? Buffer.alloc(0) : Buffer.alloc(4096, device === 'random' ? 0x5a : 0);
    const node = await this.#existing(path);
    if (node.type === 'directory') throw new FileError('EISDIR', path);
    if (node.type === 'link') return Buffer.alloc(0);
    if (!may(this.#user, 'read', node)) throw new FileError('EACCES', path);
    return Buffer.from(node.content.buffer, node.content.byteOffset, node.content.byteLength);
  }

  async writeFile(path: string, content: Uint8Array, options: { readonly append?: boolean; readonly mode?: number } = {}): Promise<void> {
    if (DEVICES[path] === 'full') throw new FileError('ENOSPC', path);
    if (DEVICES[path]) return;
    const at = asItIsNow(await this.#locate(path));
    const before = this.#checkWrite(at);
    checkSpace(at, options.append ? content.byteLength : content.byteLength - (before?.content.byteLength ?? 0));
    const time = this.#now();
    if (before) {
      writeContent(before, content, options.append ?? false);
      before.mtime = time;
    } else this.#add(at, newFile(Buffer.from(content), time, options.mode, this.#ownerIn(at.directory)));
    this.#onWrite?.(at.path);
  }

  /** The file that is there, if it may be written; else whether one can be made. @throws FileError */
  #checkWrite(at: Location): FileNode | undefined {
    if (at.node?.type === 'directory') throw new FileError('EISDIR', at.path);
    if (at.node?.type !== 'file') {
      this.#checkEntry(at);
      return undefined;
    }
    if (at.readOnly || at.directory.readOnly) throw new FileError('EROFS', at.path);
    if (!may(this.#user, 'write', at.node)) throw new FileError('EACCES', at.path);
    return at.node;
  }

  #add(at: Location, node: TreeNode): void {
    at.directory.entries.set(at.name, node);
    at.directory.mtime = this.#now();
  }

  /** Owner of what this user makes in a directory. */
  #ownerIn({ mode, gid }: DirectoryNode): { uid: number; gid: number } {
    return { uid: this.#user.uid, gid: mode & MODE_SET_GID ? gid : this.#user.gid };
  }

  /** Whether an entry of a directory may be made, replaced or removed. @throws FileError */
  #checkEntry({ readOnly, directory, path, node }: Location): void {
    if (readOnly || directory.readOnly || (node?.type === 'directory' && node.readOnly)) throw new FileError('EROFS', path);
    if (!may(this.#user, 'write', directory)) throw new FileError('EACCES', path);
    if (this.#user.uid === 0 || !(directory.mode & MODE_STICKY) || !node || node.type === 'link') return;
    if (node.uid !== this.#user.uid && directory.uid !== this.#user.uid) throw new FileError('EPERM', path);
  }

  /** Whether a file can be made in a directory, which is made if it is not there. @throws FileError */
  async checkWritable(path: string): Promise<void> {
    await this.mkdir(path, { recursive: true });
    const at = await this.#locate(`${path}/.probe`);
    this.#checkEntry(at);
  }

  async exists(path: string): Promise<boolean> {
    return (await this.stat(path).catch(() => undefined)) !== undefined;
  }

  async stat(path: string): Promise<FileStat> {
    if (DEVICES[path]) return { type: 'file', size: 0, mode: 0o666, mtime: this.#now(), uid: 0, gid: 0, device: 'char' };
    return statOf(await this.#existing(path));
  }

  async lstat(path: string): Promise<FileStat> {
    const { node } = await this.#locate(path, false);
    if (!node) throw new FileError('ENOENT', path);
    return statOf(node);
  }

  /** Whether this user may read, write or run something. */
  async allows(path: string, access: 'read' | 'write' | 'execute'): Promise<boolean> {
    const at = await this.#locate(path).catch(() => undefined);
    if (!at?.node || at.node.type === 'link') return false;
    if (access === 'write' && (at.readOnly || at.directory.readOnly)) return false;
    if (access === 'execute' && at.node.type === 'file' && (at.node.mode & 0o111) === 0) return false;
    return may(this.#user, access, at.node);
  }

  async mkdir(path: string, options: { readonly recursive?: boolean; readonly mode?: number | undefined } = {}): Promise<void> {
    const clean = normalizePath(path);
    if (options.recursive && clean !== '/') await this.#makeParents(parentOf(clean));
    const at = asItIsNow(await this.#locate(clean));
    if (at.node) {
      if (options.recursive && at.node.type === 'directory') return;
      throw new FileError('EEXIST', path);
    }
    this.#checkEntry(at);
    const inherited = at.directory.mode & MODE_SET_GID;
    this.#add(at, newDirectory(this.#now(), { ...this.#ownerIn(at.directory), mode: (options.mode ?? 0o755) | inherited }));
  }

  async #makeParents(path: string): Promise<void> {
    if (path === '/' || (await this.exists(path))) return;
    await this.mkdir(path, { recursive: true });
  }

  async readdir(path: string): Promise<string[]> {
    const node = await this.#existing(path);
    if (node.type !== 'directory') throw new FileError('ENOTDIR', path);
    if (!may(this.#user, 'read', node)) throw new FileError('EACCES', path);
    await node.refresh?.();
    return [...node.entries.keys()].sort();
  }

  async rm(path: string, options: { readonly recursive?: boolean; readonly force?: boolean } = {}): Promise<void> {
    const at = await this.#locate(path, false).catch((error: unknown) => {
      if (options.force) return undefined;
      throw error;
    });
    if (!at?.node) {
      if (options.force) return;
      throw new FileError('ENOENT', path);
    }
    if (this.#mounts.has(at.path)) throw new FileError('EBUSY', path);
    if (at.node.type === 'directory' && at.node.entries.size > 0 && !options.recursive) throw new FileError('ENOTEMPTY', path);
    this.#checkEntry(at);
    at.directory.entries.delete(at.name);
    at.directory.mtime = this.#now();
  }

  async cp(from: string, to: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
    const node = await this.#existing(from);
    const target = (await this.#isDirectory(to)) ? `${to}/${nameOf(normalizePath(from))}` : to;
    if (node.type === 'file')
      return await this.writeFile(normalizePath(target), await this.readFile(normalizePath(from)), { mode: node.mode });
    if (!options.recursive) throw new FileError('EISDIR', from);
    await this.mkdir(target, { recursive: true });
    for (const name of await this.readdir(from)) await this.cp(`${from}/${name}`, `${target}/${name}`, options);
  }

  async mv(from: string, to: string): Promise<void> {
    const source = await this.#locate(from, false);
    if (!source.node) throw new FileError('ENOENT', from);
    const at = await this.#locate((await this.#isDirectory(to)) ? normalizePath(`${to}/${source.name}`) : to, false);
    this.#checkEntry(source);
    this.#checkEntry(at);
    source.directory.entries.delete(source.name);
    this.#add(at, source.node);
    this.#onWrite?.(at.path);
  }

  async chmod(path: string, mode: number): Promise<void> {
    const node = await this.#owned(path);
    node.mode = mode;
  }

  async chown(path: string, owner: { readonly uid?: number | undefined; readonly gid?: number | undefined }): Promise<void> {
    const node = await this.#owned(path);
    if (this.#user.uid !== 0) throw new FileError('EPERM', path);
    node.uid = owner.uid ?? node.uid;
    node.gid = owner.gid ?? node.gid;
  }

  /** What only its owner may change. */
  async #owned(path: string): Promise<DirectoryNode | FileNode> {
    const at = await this.#locate(path);
    if (!at.node || at.node.type === 'link') throw new FileError('ENOENT', path);
    if (at.readOnly || at.directory.readOnly) throw new FileError('EROFS', path);
    if (this.#user.uid !== 0 && at.node.uid !== this.#user.uid) throw new FileError('EPERM', path);
    return at.node;
  }

  async utimes(path: string, mtime: number): Promise<void> {
    const at = await this.#locate(path);
    if (!at.node) throw new FileError('ENOENT', path);
    if (at.readOnly || at.directory.readOnly) throw new FileError('EROFS', path);
    at.node.mtime = mtime;
  }

  async symlink(target: string, path: string): Promise<void> {
    const at = await this.#locate(path, false);
    if (at.node) throw new FileError('EEXIST', path);
    this.#checkEntry(at);
    const link: LinkNode = { type: 'link', target, mtime: this.#now() };
    this.#add(at, link);
  }

  async link(from: string, to: string): Promise<void> {
    const node = await this.#existing(from);
    const at = await this.#locate(to, false);
    if (at.node) throw new FileError('EEXIST', to);
    this.#checkEntry(at);
    this.#add(at, node);
  }

  /** Makes a socket or a device. */
  async mknod(path: string, device: DeviceType): Promise<void> {
    const at = await this.#locate(path, false);
    if (at.node) throw new FileError('EEXIST', path);
    this.#checkEntry(at);
    this.#add(at, newDevice(device, this.#now()));
  }

  async readlink(path: string): Promise<string> {
    const { node } = await this.#locate(path, false);
    if (!node) throw new FileError('ENOENT', path);
    if (node.type !== 'link') throw new FileError('EINVAL', path);
    return node.target;
  }

  async realpath(path: string): Promise<string> {
    const at = await this.#locate(path);
    if (!at.node) throw new FileError('ENOENT', path);
    return at.path;
  }

  /** The mount that a path is on; undefined for the container's own layer. */
  async mountOf(path: string): Promise<MountPoint | undefined> {
    return (await this.#locate(path)).mount;
  }

  /** What is in a tree. */
  async usageAt(path: string): Promise<{ readonly usedBytes: number; readonly inodesUsed: number }> {
    return usageOfTree(await this.#existing(path));
  }

  /** The file or directory at a path itself, to be mounted elsewhere. @throws FileError */
  async nodeAt(path: string): Promise<DirectoryNode | FileNode> {
    const node = await this.#existing(path);
    if (node.type === 'link') throw new FileError('ELOOP', path);
    return node;
  }

  /** Every path there is, for tools that match patterns; directories that follow a source as they were last seen. */
  allPaths(): string[] {
    const paths: string[] = [];
    const walk = (node: TreeNode, path: string) => {
      paths.push(path === '' ? '/' : path);
      if (node.type === 'directory')
        for (const [name, child] of node.entries) walk(this.#mounts.get(`${path}/${name}`)?.root ?? child, `${path}/${name}`);
    };
    walk(this.#root, '');
    return paths;
  }

  async #isDirectory(path: string): Promise<boolean> {
    return (await this.stat(path).catch(() => undefined))?.type === 'directory';
  }

  async #existing(path: string): Promise<TreeNode> {
    const { node } = await this.#locate(path);
    if (!node) throw new FileError('ENOENT', path);
    return node;
  }

  #start(): Location {
    const mount = this.#mounts.get('/');
    const readOnly = mount?.readOnly ?? this.#isReadOnly;
    return { directory: this.#root, name: '', node: mount?.root ?? this.#root, readOnly, path: '/', mount };
  }

  /** Walks a path; the directory of its last part must exist. */
  async #locate(path: string, followLast = true): Promise<Location> {
    let parts = normalizePath(path).split('/').filter(Boolean);
    let at = this.#start();
    for (let links = 0; parts.length > 0; ) {
      const [part = '', ...rest] = parts;
      const next = await this.#step(at, part, path);
      if (next.node?.type === 'link' && (rest.length > 0 || followLast)) {
        if (++links > LINKS_MAX) throw new FileError('ELOOP', path);
        parts = normalizePath([next.node.target, ...rest].join('/'), at.path)
          .split('/')
          .filter(Boolean);
        at = this.#start();
        continue;
      }
      at = next;
      parts = rest;
    }
    return at;
  }

  async #step(at: Location, part: string, path: string): Promise<Location> {
    if (!at.node) throw new FileError('ENOENT', path);
    if (at.node.type !== 'directory') throw new FileError('ENOTDIR', path);
    if (!may(this.#user, 'execute', at.node)) throw new FileError('EACCES', path);
    await at.node.refresh?.();
    const here = at.path === '/' ? `/${part}` : `${at.path}/${part}`;
    const below = at.node.entries.get(part);
    const mount = this.#mounts.get(here) ?? (this.#propagation(at.mount) && coverOf(below));
    const readOnly = mount ? mount.readOnly : at.readOnly || at.node.readOnly;
    const node = mount?.root ?? below;
    return { directory: at.node, name: part, node, readOnly, path: here, mount: mount ?? at.mount };
  }
}

/** Where a path leads, but for what somebody else has made there since it was looked up: two that make the same find the same. */
const asItIsNow = (at: Location): Location => (at.node ? at : { ...at, node: at.directory.entries.get(at.name) });
