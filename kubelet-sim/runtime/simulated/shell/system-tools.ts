import type { ContainerFiles } from '../files/container-files.ts';
import { FileError, normalizePath } from '../files/tree.ts';
import { readOptions } from './command-options.ts';
import { dd } from './dd.ts';
import { type CommandFunction, complain } from './shell-context.ts';
import { sizeText } from './size-text.ts';
import { stty } from './stty.ts';

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
      medium: mount.source ?? mount.medium ?? '/dev/sda1',
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

/** `sysctl [-n] NAME…`, `sysctl -a`, `sysctl -w NAME=VALUE`: kernel parameters, which a container may read only; they are told with dots, however asked for. */
const sysctl: CommandFunction = async (context) => {
  const { values, operands } = readOptions(context.args, new Set());
  const files = await context.host.files();
  const names = values.has('a') ? await parametersIn(files, '/proc/sys') : operands;
  let status = 0;
  for (const given of names) {
    const [asked = ''] = given.split('=');
    const name = withDots(asked);
    const path = `/proc/sys/${swapSeparators(name)}`;
    try {
      if (given.includes('=')) await files.writeFile(path, Buffer.from(given.slice(asked.length + 1), 'latin1'));
      const value = (await files.readFile(path)).toString('latin1').trimEnd();
      await context.stdout.write(values.has('n') ? `${value}\n` : `${name} = ${value}\n`);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const what = given.includes('=') ? `error setting key '${name}': ${error.reason}` : `error: '${name}' is an unknown key`;
      status = await complain(context, `sysctl: ${what}`);
    }
  }
  return status;
};

/** Dots for slashes, and slashes for dots: the name of an interface may have some of its own. */
const swapSeparators = (name: string): string => name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'));

const withDots = (name: string): string => (/^[^./]*\//.test(name) ? swapSeparators(name) : name);

/** Names of all parameters below a directory. */
async function parametersIn(files: ContainerFiles, directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await files.readdir(directory)).sort()) {
    const path = `${directory}/${name}`;
    if ((await files.stat(path)).type === 'directory') found.push(...(await parametersIn(files, path)));
    else found.push(swapSeparators(path.slice('/proc/sys/'.length)));
  }
  return found;
}

/** busybox's `nmeter -d MSEC FORMAT`, for the one thing that scripts ask it: the time, with so many decimals (`%3t`). */
const nmeter: CommandFunction = async ({ args, host, stdout }) => {
  const { values, operands } = readOptions(args, new Set(['d']));
  const delayMs = Number(values.get('d') ?? 1000);
  const [format = ''] = operands;
  for (;;) {
    const [seconds = '', fraction = ''] = new Date(host.process.clock.now()).toISOString().slice(11, 23).split('.');
    const time = (digits: string) => (digits === '' ? seconds : `${seconds}.${fraction.padEnd(6, '0').slice(0, Number(digits))}`);
    await stdout.write(`${format.replace(/%(\d?)t/g, (_, digits: string) => time(digits))}\n`);
    if (delayMs < 0) return 0;
    await host.pace();
    await (delayMs === 0 ? new Promise((resolve) => setImmediate(resolve)) : host.sleep(delayMs));
  }
};

const uptime: CommandFunction = async ({ host, stdout }) => {
  const now = host.process.clock.now();
  const oldest = Math.min(now, ...host.processes().map(({ startedAt }) => startedAt));
  const minutes = Math.floor((now - oldest) / 60_000);
  await stdout.write(` ${new Date(now).toISOString().slice(11, 19)} up ${minutes} min,  0 users,  load average: 0.00, 0.00, 0.00\n`);
  return 0;
};

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

/** `tty [-s]`: the terminal on standard input, if it is one. */
const tty: CommandFunction = async ({ host, stdout, args }) => {
  if (args[0] !== '-s') await stdout.write(host.process.tty ? '/dev/pts/0\n' : 'not a tty\n');
  return host.process.tty ? 0 : 1;
};

/** Tools that look at the machine: memory, disks, time. */
export const SYSTEM_TOOLS: readonly [string, CommandFunction][] = [
  ['free', free],
  ['df', df],
  ['nmeter', nmeter],
  ['sysctl', sysctl],
  ['uptime', uptime],
  ['dd', dd],
  ['chroot', chroot],
  ['stty', stty],
  ['tty', tty],
];
