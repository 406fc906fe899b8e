import { FileError, normalizePath } from '../files/tree.ts';
import { readOptions } from './command-options.ts';
import { type CommandFunction, complain } from './shell-context.ts';
import { sizeText } from './size-text.ts';

const KIB = 1024;
/** The node's disk, as `df` shows it. */
const DISK_KIB = 104_857_600;
const NODE_MEMORY_BYTES = 32 * KIB ** 3;

/** `free [-m|-h]`: the node's memory, for a container does not see its limit here. */
const free: CommandFunction = async ({ args, host, stdout }) => {
  const unit = args.includes('-m') ? KIB * KIB : args.includes('-g') ? KIB ** 3 : args.includes('-b') ? 1 : KIB;
  const used = host.process.usage().memory.usageBytes;
  const show = (bytes: number) => (args.includes('-h') ? sizeText(bytes, true) : String(Math.round(bytes / unit))).padStart(12);
  await stdout.write('              total        used        free      shared  buff/cache   available\n');
  await stdout.write(`Mem:   ${[NODE_MEMORY_BYTES, used, NODE_MEMORY_BYTES - used, 0, 0, NODE_MEMORY_BYTES - used].map(show).join('')}\n`);
  await stdout.write(`Swap:  ${[0, 0, 0].map(show).join('')}\n`);
  return 0;
};

/** Mounts that are no disks. */
const KERNEL_PATHS: ReadonlySet<string> = new Set(['/bin', '/proc', '/sys']);

/** `df [-h] [PATH…]` */
const df: CommandFunction = async (context) => {
  const { values, operands } = readOptions(context.args, new Set());
  const files = await context.host.files();
  const isHuman = values.has('h');
  const rows = [
    { path: '/', medium: 'overlay', capacityBytes: DISK_KIB * KIB },
    ...[...files.mounts.values()].map((mount) => ({
      ...mount,
      capacityBytes: mount.capacityBytes ?? DISK_KIB * KIB,
      medium: mount.medium ?? '/dev/sda1',
    })),
  ];
  const wanted = operands.length === 0 ? rows.filter(({ path }) => !KERNEL_PATHS.has(path)) : [];
  for (const name of operands) {
    const mount = await files.mountOf(normalizePath(name, context.state.cwd));
    const row = rows.find(({ path }) => path === (mount?.path ?? '/'));
    if (row) wanted.push(row);
  }
  await context.stdout.write(`Filesystem           ${isHuman ? '     Size' : '1K-blocks'}      Used Available Use% Mounted on\n`);
  for (const { path, medium, capacityBytes } of wanted) {
    const used = path === '/' ? files.written.usedBytes : (await files.usageAt(path)).usedBytes;
    const show = (bytes: number) => (isHuman ? sizeText(bytes, true) : String(Math.ceil(bytes / KIB))).padStart(9);
    const percent = `${Math.ceil((used / capacityBytes) * 100)}%`;
    await context.stdout.write(
      `${medium.padEnd(20)} ${show(capacityBytes)} ${show(used)} ${show(capacityBytes - used)} ${percent.padStart(4)} ${path}\n`,
    );
  }
  return 0;
};

/** `mount`: what is mounted. */
const mount: CommandFunction = async ({ host, stdout }) => {
  const text = (await (await host.files()).readFile('/proc/mounts').catch(() => Buffer.alloc(0))).toString('latin1');
  for (const line of text.split('\n').filter(Boolean)) {
    const [device, path, type, options] = line.split(' ');
    await stdout.write(`${device} on ${path} type ${type} (${options})\n`);
  }
  return 0;
};

const uptime: CommandFunction = async ({ host, stdout }) => {
  const now = host.process.clock.now();
  const oldest = Math.min(now, ...host.process.processes().map(({ startedAt }) => startedAt));
  const minutes = Math.floor((now - oldest) / 60_000);
  await stdout.write(` ${new Date(now).toISOString().slice(11, 19)} up ${minutes} min,  0 users,  load average: 0.00, 0.00, 0.00\n`);
  return 0;
};

/** `dd if=FILE of=FILE bs=SIZE count=N` */
const dd: CommandFunction = async (context) => {
  const given = new Map(context.args.map((arg) => [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)]));
  const [, digits = '512', unit = ''] = /^(\d+)([kKmMgG]?)/.exec(given.get('bs') ?? '512') ?? [];
  const size = Number(digits) * KIB ** ' kmg'.indexOf(unit.toLowerCase() || ' ');
  const files = await context.host.files();
  const source = given.get('if') ?? '/dev/zero';
  const isEndless = /^\/dev\/(zero|u?random)$/.test(source);
  const whole = isEndless ? undefined : await files.readFile(normalizePath(source, context.state.cwd));
  const count = Number(given.get('count') ?? Math.ceil((whole?.length ?? 0) / size));
  const bytes = whole ? whole.subarray(0, size * count) : Buffer.alloc(Math.min(size * count, DD_BYTES_MAX));
  const target = given.get('of');
  if (target === undefined) await context.stdout.write(bytes.toString('latin1'));
  else await files.writeFile(normalizePath(target, context.state.cwd), bytes);
  return await complain(context, `${count}+0 records in\n${count}+0 records out`, 0);
};

/** Bytes that `dd` makes of nothing at most: they are kept in memory. */
const DD_BYTES_MAX = 256 * KIB * KIB;

/** `chroot DIR [COMMAND…]`: a command that sees a directory as the root of all files. */
const chroot: CommandFunction = async (context) => {
  const [root = '', ...command] = context.args;
  const { host, state, run } = context;
  if (root === '') return await complain(context, 'BusyBox multi-call binary.\n\nUsage: chroot NEWROOT [PROG ARGS]');
  try {
    host.changeRoot(await (await host.files()).under(normalizePath(root, state.cwd)));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return await complain(context, `chroot: can't change root directory to '${root}': ${error.reason}`);
  }
  const cwd = state.cwd;
  state.cwd = '/';
  try {
    return await run(command.length > 0 ? command : ['sh', '-i']);
  } finally {
    state.cwd = cwd;
  }
};

/** `tty`: the terminal on standard input, if it is one. */
const tty: CommandFunction = async ({ host, stdout }) => {
  await stdout.write(host.process.tty ? '/dev/pts/0\n' : 'not a tty\n');
  return host.process.tty ? 0 : 1;
};

/** Tools that look at the machine: memory, disks, time. */
export const SYSTEM_TOOLS: readonly [string, CommandFunction][] = [
  ['free', free],
  ['df', df],
  ['mount', mount],
  ['uptime', uptime],
  ['dd', dd],
  ['chroot', chroot],
  ['tty', tty],
];
