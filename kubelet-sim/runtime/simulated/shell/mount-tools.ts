import { backingOf, filesystemOn, loopDevice } from '../files/device-filesystem.ts';
import { FileError, type FileNode, newDirectory, normalizePath } from '../files/tree.ts';
import { type CommandOptions, readOptions } from './command-options.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const MOUNT_VALUES: ReadonlySet<string> = new Set(['t', 'types', 'o', 'options']);
const MODE_TMPFS = 0o1777;
const LOOP_DEVICES_MAX = 256;

/** `mount [-t TYPE]`: what is mounted; `mount [-t TYPE] [-o OPTIONS] [--bind] SOURCE TARGET`: mounts a directory, a device or memory. */
const mount: CommandFunction = async (context) => {
  const given = readOptions(context.args, MOUNT_VALUES);
  if (given.operands.length === 0) return await listMounts(context, typeOf(given));
  if (!context.host.process.isPrivileged) return await complain(context, 'mount: permission denied (are you root?)');
  const [source = '', target = ''] = given.operands.map((path) => normalizePath(path, context.state.cwd));
  return await orComplain(context, `mounting ${given.operands[0]} on ${given.operands[1]} failed`, () =>
    place(context, given, source, target),
  );
};

const typeOf = ({ values }: CommandOptions): string => values.get('t') ?? values.get('types') ?? '';

async function listMounts({ host, stdout }: CommandContext, wanted: string): Promise<number> {
  const files = await host.files();
  const text = (await files.readFile('/proc/mounts').catch(() => Buffer.alloc(0))).toString('latin1');
  for (const line of text.split('\n').filter(Boolean)) {
    const [device, path, type, options] = line.split(' ');
    if (wanted !== '' && type !== wanted) continue;
    await stdout.write(`${device} on ${path} type ${type} (${options})\n`);
  }
  if (text === '')
    for (const { path, medium = 'ext4', readOnly } of files.mounts.values())
      await stdout.write(`${medium} on ${path} type ${medium} (${readOnly ? 'ro' : 'rw'},relatime)\n`);
  return 0;
}

/** @throws FileError */
async function place({ host }: CommandContext, given: CommandOptions, source: string, path: string): Promise<void> {
  const { values } = given;
  const files = await host.files();
  const now = host.process.clock.now();
  const options = (values.get('o') ?? values.get('options') ?? '').split(',');
  const type = typeOf(given);
  const readOnly = options.includes('ro') || values.has('r');
  const below = await files.nodeAt(path);
  const at = await files.realpath(path);
  if (type === 'tmpfs') {
    const size = sizeOf(options.find((option) => option.startsWith('size='))?.slice('size='.length));
    return await files.mount({ path: at, root: newDirectory(now, { mode: MODE_TMPFS }), readOnly, medium: 'tmpfs', capacityBytes: size });
  }
  const node = await files.nodeAt(source);
  if (values.has('bind') || values.has('rbind') || options.includes('bind')) return await files.mount({ path: at, root: node, readOnly });
  if (node.type !== 'file' || node.device !== 'block') throw new FileError('EINVAL', source);
  if (below.type !== 'directory') throw new FileError('ENOTDIR', path);
  await files.mount({ path: at, root: filesystemOn(node, now), readOnly, capacityBytes: node.capacityBytes });
}

function sizeOf(text: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
}

const umount: CommandFunction = async (context) => {
  const { operands } = readOptions(context.args, new Set());
  const files = await context.host.files();
  if (!context.host.process.isPrivileged) return await complain(context, `umount: can't unmount ${operands[0]}: Operation not permitted`);
  for (const name of operands) {
    const path = await files.realpath(normalizePath(name, context.state.cwd)).catch(() => name);
    if (!(await files.unmount(path))) return await complain(context, `umount: can't unmount ${name}: Invalid argument`);
  }
  return 0;
};

/** `losetup [-a]`, `losetup -f FILE`, `losetup DEVICE FILE`, `losetup -d DEVICE`, `losetup -c DEVICE`. */
const losetup: CommandFunction = async (context) => {
  const { values, operands } = readOptions(context.args, new Set());
  const [first = '', second] = operands.map((path) => normalizePath(path, context.state.cwd));
  return await orComplain(context, first, async () => {
    const files = await context.host.files();
    if (operands.length === 0) return await listLoops(context);
    if (values.has('d')) return await files.rm(first);
    if (values.has('c')) return await attachLoop(context, first, backingOf(fileOf(await files.nodeAt(first))) ?? '');
    const device = values.has('f') ? await freeLoop(context) : first;
    await attachLoop(context, device, second ?? first);
    if (values.has('show')) await context.stdout.write(`${device}\n`);
  });
};

const SECTOR_BYTES = 512;
const BLOCK_BYTES = 4096;

/** `blockdev --getsize64 DEVICE`: what a device says of itself, in bytes, or with `--getsz` in sectors. */
const blockdev: CommandFunction = async (context) => {
  const { values, operands } = readOptions(context.args, new Set());
  const [device = ''] = operands;
  const [asked] = [...values.keys()].filter((name) => name in BLOCK_FACTS);
  if (asked === undefined || device === '') return await complain(context, 'BusyBox multi-call binary.\n\nUsage: blockdev OPTION BLOCKDEV');
  try {
    const node = await (await context.host.files()).nodeAt(normalizePath(device, context.state.cwd));
    if (node.type !== 'file' || node.device !== 'block')
      return await complain(context, `blockdev: ioctl ${BLOCK_FACTS[asked]?.ioctl} failed: Inappropriate ioctl for device`);
    await context.stdout.write(`${BLOCK_FACTS[asked]?.of(node)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return await complain(context, `blockdev: can't open '${device}': ${error.reason}`);
  }
};

/** What may be asked of a device, by the name of its option, and the request of ioctl(2) that asks. */
const BLOCK_FACTS: Readonly<Record<string, { readonly ioctl: string; of(node: FileNode): number }>> = {
  getro: { ioctl: '0x125e', of: ({ mode }) => ((mode & 0o222) === 0 ? 1 : 0) },
  getss: { ioctl: '0x1268', of: () => SECTOR_BYTES },
  getbsz: { ioctl: '0x80081270', of: () => BLOCK_BYTES },
  getsz: { ioctl: '0x1260', of: ({ capacityBytes = 0 }) => Math.floor(capacityBytes / SECTOR_BYTES) },
  getsize64: { ioctl: '0x80081272', of: ({ capacityBytes = 0 }) => capacityBytes },
};

function fileOf(node: Awaited<ReturnType<Awaited<ReturnType<CommandContext['host']['files']>>['nodeAt']>>): FileNode {
  if (node.type !== 'file') throw new FileError('EISDIR', '');
  return node;
}

async function attachLoop({ host }: CommandContext, device: string, path: string): Promise<void> {
  const files = await host.files();
  files.adopt(device, loopDevice(path, fileOf(await files.nodeAt(path)), host.process.clock.now()));
}

async function freeLoop({ host }: CommandContext): Promise<string> {
  const files = await host.files();
  for (let i = 0; i < LOOP_DEVICES_MAX; i++) if (!(await files.exists(`/dev/loop${i}`))) return `/dev/loop${i}`;
  throw new FileError('ENOSPC', '/dev');
}

async function listLoops({ host, stdout }: CommandContext): Promise<void> {
  const files = await host.files();
  const rows: string[] = [];
  for (const name of await files.readdir('/dev')) {
    const node = await files.nodeAt(`/dev/${name}`);
    const backing = node.type === 'file' ? backingOf(node) : undefined;
    if (backing !== undefined) rows.push(`/dev/${name}         0      0         0  0 ${backing}   0     512\n`);
  }
  if (rows.length > 0) await stdout.write(`NAME       SIZELIMIT OFFSET AUTOCLEAR RO BACK-FILE DIO LOG-SEC\n${rows.join('')}`);
}

/** `mkfs [-t TYPE] DEVICE`: what was on it is gone. */
const mkfs: CommandFunction = async (context) => {
  const { operands } = readOptions(context.args, new Set(['t']));
  return await orComplain(context, operands[0] ?? '', async () => {
    const node = fileOf(await (await context.host.files()).nodeAt(normalizePath(operands[0] ?? '', context.state.cwd)));
    filesystemOn(node, context.host.process.clock.now()).entries.clear();
  });
};

/** `mountpoint PATH` */
const mountpoint: CommandFunction = async ({ args, host, state, stdout }) => {
  const { operands, values } = readOptions(args, new Set());
  const files = await host.files();
  const path = normalizePath(operands[0] ?? '', state.cwd);
  const isMount = files.mounts.has(path);
  if (!values.has('q')) await stdout.write(`${operands[0]} is ${isMount ? '' : 'not '}a mountpoint\n`);
  return isMount ? 0 : 1;
};

const NSENTER_VALUES: ReadonlySet<string> = new Set(['t', 'target']);

/** `nsenter [-t PID] [-m|--mount[=FILE]] [--] COMMAND…`: a command that sees the files of the node. */
const nsenter: CommandFunction = async (context) => {
  const end = context.args.findIndex(
    (arg, i) => arg === '--' || (!arg.startsWith('-') && !/^(-t|--target)$/.test(context.args[i - 1] ?? '')),
  );
  const at = end < 0 ? context.args.length : end;
  const { values } = readOptions(context.args.slice(0, at), NSENTER_VALUES);
  const command = context.args.slice(context.args[at] === '--' ? at + 1 : at);
  const { host, state, run } = context;
  if (!host.process.isPrivileged) return await complain(context, "nsenter: can't open '/proc/1/ns/mnt': Permission denied");
  if (entersNode(context, values)) await host.enterNode();
  const { cwd } = state;
  state.cwd = '/';
  try {
    return await run(command.length > 0 ? command : ['sh', '-i']);
  } finally {
    state.cwd = cwd;
  }
};

/** Whether the mount namespace that is asked for is the node's: that of a process of no container, or of its `/proc`. */
function entersNode({ host }: CommandContext, values: CommandOptions['values']): boolean {
  const file = values.get('mount') ?? values.get('m') ?? values.get('all') ?? values.get('a');
  if (file === undefined) return false;
  const own = /^\/proc\/(\d+)\/ns\/mnt$/.exec(file)?.[1];
  if (file !== '' && own === undefined) return file.endsWith('/proc/1/ns/mnt');
  const target = Number(own ?? values.get('t') ?? values.get('target'));
  return host.processes().some(({ pid, containerId }) => pid === target && containerId === '');
}

/** Does what may fail as files do, and says why it does. */
async function orComplain(context: CommandContext, what: string, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return await complain(context, `${context.host.process.argv[0] ?? ''}: ${what}: ${error.reason}`);
  }
}

/** Tools that mount, and look at what is mounted. */
export const MOUNT_TOOLS: readonly [string, CommandFunction][] = [
  ['mount', mount],
  ['umount', umount],
  ['mountpoint', mountpoint],
  ['losetup', losetup],
  ['blockdev', blockdev],
  ['mkfs', mkfs],
  ['mkfs.ext4', mkfs],
  ['mkfs.xfs', mkfs],
  ['nsenter', nsenter],
];
