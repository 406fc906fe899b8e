import {
  type DirectoryNode,
  FileError,
  type FileNode,
  nameOf,
  newDirectory,
  newFile,
  normalizePath,
  parentOf,
  type TreeNode,
} from './tree.ts';

const LINKS_MAX = 40;

/** Device files that tools write to and read from. */
const DEVICES: Readonly<Record<string, 'null' | 'zero' | 'random'>> = {
  '/dev/null': 'null',
  '/dev/zero': 'zero',
  '/dev/random': 'random',
  '/dev/urandom': 'random',
};

/** A mounted tree. */
export interface MountPoint {
  readonly path: string;
  readonly root: DirectoryNode | FileNode;
  readonly readOnly: boolean;
}

export interface FileStat {
  readonly type: 'file' | 'directory' | 'link';
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
}

/** Where a path leads: its directory, its name there, and what is there now. */
interface Location {
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: TreeNode | undefined;
  readonly readOnly: boolean;
  readonly path: string;
}

/**
 * A container's file system, in memory: the image's files, a writable layer, and volumes mounted over it. Volumes that follow a source
 * (config maps, secrets) are looked up anew each time they are walked through.
 */
export class ContainerFiles {
  readonly #root: DirectoryNode;
  readonly #mounts: ReadonlyMap<string, MountPoint>;
  readonly #now: () => number;
  readonly #onWrite: ((path: string) => void) | undefined;

  constructor(options: {
    readonly files: Readonly<Record<string, string>>;
    readonly mounts: readonly MountPoint[];
    readonly now: () => number;
    readonly onWrite?: ((path: string) => void) | undefined;
  }) {
    this.#now = options.now;
    this.#onWrite = options.onWrite;
    const time = options.now();
    this.#root = newDirectory(time);
    for (const path of [
      '/bin',
      '/etc',
      '/tmp',
      '/var/log',
      '/var/run',
      '/root',
      '/home',
      '/usr/bin',
      '/usr/share',
      '/proc',
      '/dev',
      '/sys',
      '/run',
      '/opt',
      '/mnt',
    ])
      this.#makePath(path, time);
    for (const [path, text] of Object.entries(options.files))
      this.#makePath(parentOf(path), time).entries.set(nameOf(path), newFile(Buffer.from(text), time));
    for (const mount of options.mounts) this.#placeMount(mount, time);
    this.#mounts = new Map(options.mounts.map((mount) => [normalizePath(mount.path), mount]));
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
    if (DEVICES[path]) return DEVICES[path] === 'null' ? Buffer.alloc(0) : Buffer.alloc(4096, DEVICES[path] === 'zero' ? 0 : 0x5a);
    const node = await this.#existing(path);
    if (node.type === 'directory') throw new FileError('EISDIR', path);
    return node.type === 'file' ? Buffer.from(node.content.buffer, node.content.byteOffset, node.content.byteLength) : Buffer.alloc(0);
  }

  async writeFile(path: string, content: Uint8Array, options: { readonly append?: boolean; readonly mode?: number } = {}): Promise<void> {
    if (DEVICES[path]) return;
    const at = await this.#locate(path);
    if (at.node?.type === 'directory') throw new FileError('EISDIR', path);
    writable(at);
    const time = this.#now();
    if (at.node?.type === 'file') {
      at.node.content = options.append ? Buffer.concat([at.node.content, content]) : Buffer.from(content);
      at.node.mtime = time;
    } else at.directory.entries.set(at.name, newFile(Buffer.from(content), time, options.mode));
    this.#onWrite?.(at.path);
  }

  async exists(path: string): Promise<boolean> {
    return (await this.stat(path).catch(() => undefined)) !== undefined;
  }

  async stat(path: string): Promise<FileStat> {
    if (DEVICES[path]) return { type: 'file', size: 0, mode: 0o666, mtime: this.#now() };
    return statOf(await this.#existing(path));
  }

  async lstat(path: string): Promise<FileStat> {
    const { node } = await this.#locate(path, false);
    if (!node) throw new FileError('ENOENT', path);
    return statOf(node);
  }

  async mkdir(path: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
    const clean = normalizePath(path);
    if (options.recursive && clean !== '/') await this.#makeParents(parentOf(clean));
    const at = await this.#locate(clean);
    if (at.node) {
      if (options.recursive && at.node.type === 'directory') return;
      throw new FileError('EEXIST', path);
    }
    writable(at);
    at.directory.entries.set(at.name, newDirectory(this.#now()));
  }

  async #makeParents(path: string): Promise<void> {
    if (path === '/' || (await this.exists(path))) return;
    await this.mkdir(path, { recursive: true });
  }

  async readdir(path: string): Promise<string[]> {
    const node = await this.#existing(path);
    if (node.type !== 'directory') throw new FileError('ENOTDIR', path);
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
    writable(at);
    at.directory.entries.delete(at.name);
  }

  async cp(from: string, to: string, options: { readonly recursive?: boolean } = {}): Promise<void> {
    const node = await this.#existing(from);
    const target = (await this.#isDirectory(to)) ? `${to}/${nameOf(normalizePath(from))}` : to;
    if (node.type === 'file') return await this.writeFile(normalizePath(target), node.content, { mode: node.mode });
    if (!options.recursive) throw new FileError('EISDIR', from);
    await this.mkdir(target, { recursive: true });
    for (const name of await this.readdir(from)) await this.cp(`${from}/${name}`, `${target}/${name}`, options);
  }

  async mv(from: string, to: string): Promise<void> {
    const source = await this.#locate(from, false);
    if (!source.node) throw new FileError('ENOENT', from);
    const at = await this.#locate((await this.#isDirectory(to)) ? normalizePath(`${to}/${source.name}`) : to, false);
    writable(source);
    writable(at);
    source.directory.entries.delete(source.name);
    at.directory.entries.set(at.name, source.node);
    this.#onWrite?.(at.path);
  }

  async chmod(path: string, mode: number): Promise<void> {
    const at = await this.#locate(path);
    if (!at.node) throw new FileError('ENOENT', path);
    writable(at);
    if (at.node.type !== 'link') at.node.mode = mode;
  }

  async utimes(path: string, mtime: number): Promise<void> {
    (await this.#existing(path)).mtime = mtime;
  }

  async symlink(target: string, path: string): Promise<void> {
    const at = await this.#locate(path, false);
    if (at.node) throw new FileError('EEXIST', path);
    writable(at);
    at.directory.entries.set(at.name, { type: 'link', target, mtime: this.#now() });
  }

  async link(from: string, to: string): Promise<void> {
    const node = await this.#existing(from);
    const at = await this.#locate(to, false);
    if (at.node) throw new FileError('EEXIST', to);
    writable(at);
    at.directory.entries.set(at.name, node);
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

  /** Walks a path; the directory of its last part must exist. */
  async #locate(path: string, followLast = true): Promise<Location> {
    let parts = normalizePath(path).split('/').filter(Boolean);
    let at: Location = { directory: this.#root, name: '', node: this.#mounts.get('/')?.root ?? this.#root, readOnly: false, path: '/' };
    for (let links = 0; parts.length > 0; ) {
      const [part = '', ...rest] = parts;
      const next = await this.#step(at, part, path);
      if (next.node?.type === 'link' && (rest.length > 0 || followLast)) {
        if (++links > LINKS_MAX) throw new FileError('ELOOP', path);
        parts = normalizePath([next.node.target, ...rest].join('/'), at.path)
          .split('/')
          .filter(Boolean);
        at = { directory: this.#root, name: '', node: this.#root, readOnly: false, path: '/' };
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
    await at.node.refresh?.();
    const here = at.path === '/' ? `/${part}` : `${at.path}/${part}`;
    const mount = this.#mounts.get(here);
    const readOnly = mount ? mount.readOnly : at.readOnly || at.node.readOnly;
    return { directory: at.node, name: part, node: mount?.root ?? at.node.entries.get(part), readOnly, path: here };
  }
}

function writable(at: Location): void {
  if (at.readOnly || at.directory.readOnly || (at.node?.type === 'directory' && at.node.readOnly)) throw new FileError('EROFS', at.path);
}

function statOf(node: TreeNode): FileStat {
  if (node.type === 'link') return { type: 'link', size: node.target.length, mode: 0o777, mtime: node.mtime };
  return { type: node.type, size: node.type === 'file' ? node.content.byteLength : 4096, mode: node.mode, mtime: node.mtime };
}
