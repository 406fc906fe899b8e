import { Bash, type IFileSystem } from 'just-bash';
import type { ContainerFiles } from '../files/container-files.ts';
import type { FileStat } from '../files/file-stat.ts';
import { normalizePath, reasonOf, type TreeNode } from '../files/tree.ts';

/** A call of a tool; texts are byte strings. */
export interface ToolCall {
  readonly args: readonly string[];
  readonly stdin: string;
  readonly cwd: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly files: ContainerFiles;
  readonly sleep: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface ToolOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const toText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/**
 * Runs one of just-bash's tools (grep, sed, awk, sort, jq …) on a container's files. Only tools that read all of their input before they
 * answer come here: just-bash hands out output when a command has ended, so scripts and whatever waits or streams are our own shell's.
 */
export async function runBoxTool(name: string, call: ToolCall): Promise<ToolOutcome> {
  // Its defence patches timers of the whole process while a script runs; the tools get no network and no real files to begin with.
  const fs = name === 'tar' ? new FilesForTar(call.files) : new FilesForBash(call.files);
  const bash = new Bash({ fs, cwd: call.cwd, sleep: call.sleep, defenseInDepth: false });
  // What it hands out at the end has been read as text; bytes come through unharmed only into a file.
  const result = await bash.exec(`${name} > ${OUTPUT_PATH}`, {
    args: argumentsFor(name, call.args).map(toText),
    stdin: call.stdin,
    stdinKind: 'bytes',
    cwd: call.cwd,
    env: Object.fromEntries([...call.environment].map(([key, value]) => [key, toText(value)])),
    replaceEnv: true,
    rawScript: true,
    signal: call.signal,
  });
  return { stdout: fs.output + toBytes(result.stdout), stderr: toBytes(reasonsIn(result.stderr)), exitCode: result.exitCode };
}

/** What a tool complains of, as tools say it: without the shell's name, and of a file what `strerror` says, not Node's words. */
const reasonsIn = (stderr: string): string =>
  stderr.replace(/^bash: /, '').replace(/\b(E[A-Z]+): [^,\n]*, '[^'\n]*'/g, (text, code: string) => reasonOf(code) ?? text);

/** Where a tool's output goes: nobody else sees it. */
const OUTPUT_PATH = '/dev/.output';

function argumentsFor(name: string, args: readonly string[]): readonly string[] {
  return name === 'tar' ? withModes(fromRoot(args)) : args;
}

/** As GNU's and busybox's tar, ours takes the leading `/` from the names in an archive that it writes out: `kubectl cp` relies on it. */
function fromRoot(args: readonly string[]): readonly string[] {
  const [flags = '', archive, ...members] = args;
  const isWrittenOut = /^-?[a-z]*c[a-z]*f$/.test(flags) && archive === '-';
  if (!isWrittenOut || !members.every((member) => member.startsWith('/'))) return args;
  return [flags, archive, '-C', '/', ...members.map((member) => member.replace(/^\/+(?=.)/, ''))];
}

/** What tar may be told about owners and modes; owners are not in just-bash's archives. */
const SAME = /^--(?:no-)?same-(?:owner|permissions)$/;

/** As busybox's tar, ours gives files the modes of the archive unless told not to, as `kubectl cp --no-preserve` does. */
function withModes(args: readonly string[]): readonly string[] {
  const others = args.filter((arg) => !SAME.test(arg));
  if (args.includes('--no-same-permissions')) return others;
  const end = others.indexOf('--');
  return others.toSpliced(end < 0 ? others.length : end, 0, '-p');
}

type Content = Parameters<IFileSystem['writeFile']>[1];
type Encoding = Parameters<IFileSystem['writeFile']>[2];

/** A container's files as just-bash wants them. */
class FilesForBash implements IFileSystem {
  readonly #files: ContainerFiles;
  readonly #output: Buffer[] = [];

  constructor(files: ContainerFiles) {
    this.#files = files;
  }

  /** What was written to {@link OUTPUT_PATH}, as a byte string. */
  get output(): string {
    return Buffer.concat(this.#output).toString('latin1');
  }

  async readFile(path: string): Promise<string> {
    return (await this.#files.readFile(path)).toString('utf8');
  }

  readFileBuffer(path: string): Promise<Uint8Array> {
    return this.#files.readFile(path);
  }

  writeFile(path: string, content: Content, options?: Encoding): Promise<void> {
    if (path === OUTPUT_PATH) return this.#write(content, options);
    return this.#files.writeFile(path, bytesOf(content, options));
  }

  appendFile(path: string, content: Content, options?: Encoding): Promise<void> {
    if (path === OUTPUT_PATH) return this.#write(content, options);
    return this.#files.writeFile(path, bytesOf(content, options), { append: true });
  }

  #write(content: Content, options?: Encoding): Promise<void> {
    this.#output.push(Buffer.from(bytesOf(content, options)));
    return Promise.resolve();
  }

  exists(path: string): Promise<boolean> {
    return this.#files.exists(path);
  }

  async stat(path: string): ReturnType<IFileSystem['stat']> {
    return statFor(await this.#files.stat(path));
  }

  async lstat(path: string): ReturnType<IFileSystem['lstat']> {
    return statFor(await this.#files.lstat(path));
  }

  mkdir(path: string, options?: { recursive?: boolean }): Promise<void> {
    return this.#files.mkdir(path, options);
  }

  readdir(path: string): Promise<string[]> {
    return this.#files.readdir(path);
  }

  rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void> {
    return this.#files.rm(path, options);
  }

  cp(from: string, to: string, options?: { recursive?: boolean }): Promise<void> {
    return this.#files.cp(from, to, options);
  }

  mv(from: string, to: string): Promise<void> {
    return this.#files.mv(from, to);
  }

  resolvePath(base: string, path: string): string {
    return normalizePath(path, base);
  }

  getAllPaths(): string[] {
    return this.#files.allPaths();
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.#files.chmod(path, mode);
  }

  symlink(target: string, path: string): Promise<void> {
    return this.#files.symlink(target, path);
  }

  link(from: string, to: string): Promise<void> {
    return this.#files.link(from, to);
  }

  readlink(path: string): Promise<string> {
    return this.#files.readlink(path);
  }

  realpath(path: string): Promise<string> {
    return this.#files.realpath(path);
  }

  utimes(path: string, _atime: Date, mtime: Date): Promise<void> {
    return this.#files.utimes(path, mtime.getTime());
  }
}

/** Files as tar looks at them: a link is a link, unless its name ends as a directory's. */
class FilesForTar extends FilesForBash {
  readonly #followed = new Set<string>();

  override resolvePath(base: string, path: string): string {
    const resolved = super.resolvePath(base, path);
    if (/(?:^|\/)\.?$/.test(path)) this.#followed.add(resolved);
    return resolved;
  }

  override stat(path: string): ReturnType<IFileSystem['stat']> {
    return this.#followed.has(path) ? super.stat(path) : super.lstat(path);
  }
}

function bytesOf(content: Content, options: Encoding): Uint8Array {
  const encoding = typeof options === 'string' ? options : options?.encoding;
  return typeof content === 'string' ? Buffer.from(content, encoding === 'binary' ? 'latin1' : (encoding ?? 'utf8')) : content;
}

/** Numbers of files that somebody has asked about, so that tools can tell whether two names are of one. */
const inodes = new WeakMap<TreeNode, number>();
let inodesGiven = 0;

function inodeOf(node: TreeNode): number {
  const inode = inodes.get(node) ?? ++inodesGiven;
  inodes.set(node, inode);
  return inode;
}

const statFor = ({ type, size, mode, mtime, node }: FileStat) => ({
  isFile: type === 'file',
  isDirectory: type === 'directory',
  isSymbolicLink: type === 'link',
  size,
  mode,
  mtime: new Date(mtime),
  ...(node ? { identity: String(inodeOf(node)) } : {}),
});
