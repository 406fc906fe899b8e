import { toolsOf } from '../image-catalog.ts';
import type { ProcessInfo } from '../program.ts';
import { usersOf } from './account-names.ts';
import type { CommandContext, CommandFunction } from './shell-context.ts';

const nameOf = ({ argv }: ProcessInfo): string => (argv[0] ?? '').replace(/^.*\//, '');

/** A command as lists of processes show it: a zombie has only its name. */
export const commandOf = (process: ProcessInfo): string => (process.state === 'zombie' ? `[${nameOf(process)}]` : process.argv.join(' '));

/** As `commandOf`, as procps marks a zombie. */
const markedCommandOf = (process: ProcessInfo): string =>
  process.state === 'zombie' ? `${commandOf(process)} <defunct>` : commandOf(process);

/** How a line of `ps` is made. */
interface Format {
  readonly head: string;
  readonly line: (process: ProcessInfo, user: string) => string;
}

const stateOf = ({ state }: ProcessInfo): string => (state === 'zombie' ? 'Z' : 'S');
const padded = (text: string | number, width: number): string => String(text).padStart(width);
const timeOf = ({ startedAt }: ProcessInfo): string => new Date(startedAt).toISOString().slice(11, 16);
/** Of a user whose name is too long for its column, procps shows the beginning. */
const columnOf = (user: string): string => (user.length > 8 ? `${user.slice(0, 7)}+` : user.padEnd(8));
/** A leader of a session, which the first of a container is. */
const longState = (process: ProcessInfo): string => (stateOf(process) + (process.ppid === 0 ? 's' : '')).padEnd(4);

/** As busybox has them, which looks at `-o`, `-l` and `-T` alone. */
const OF_BUSYBOX: Readonly<Record<'plain' | 'states', Format>> = {
  plain: {
    head: 'PID   USER     TIME  COMMAND',
    line: (process, user) => `${padded(process.pid, 5)} ${user.slice(0, 8).padEnd(8)}  0:00 ${commandOf(process)}`,
  },
  states: {
    head: 'PID   PPID  USER     STAT COMMAND',
    line: (process, user) =>
      `${padded(process.pid, 5)} ${padded(process.ppid, 5)} ${user.slice(0, 8).padEnd(8)} ${stateOf(process)}    ${commandOf(process)}`,
  },
};

/** As procps has them, which most distributions bring: `ps`, `ps ax`, `ps aux`, `ps -ef`, `ps -elf`. */
const OF_PROCPS: Readonly<Record<'plain' | 'all' | 'users' | 'full' | 'long', Format>> = {
  plain: {
    head: '    PID TTY          TIME CMD',
    line: (process) =>
      `${padded(process.pid, 7)} ?        00:00:00 ${nameOf(process).replace(/:.*/, '')}${process.state === 'zombie' ? ' <defunct>' : ''}`,
  },
  all: {
    head: '    PID TTY      STAT   TIME COMMAND',
    line: (process) => `${padded(process.pid, 7)} ?        ${longState(process)}   0:00 ${markedCommandOf(process)}`,
  },
  users: {
    head: 'USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND',
    line: (process, user) =>
      `${columnOf(user)} ${padded(process.pid, 7)}  0.0  0.0   ${process.state === 'zombie' ? '   0     0' : '4324  3200'} ?        ${longState(process)} ${timeOf(process)}   0:00 ${markedCommandOf(process)}`,
  },
  full: {
    head: 'UID          PID    PPID  C STIME TTY          TIME CMD',
    line: (process, user) =>
      `${columnOf(user)} ${padded(process.pid, 7)} ${padded(process.ppid, 7)}  0 ${timeOf(process)} ?        00:00:00 ${markedCommandOf(process)}`,
  },
  long: {
    head: 'F S UID          PID    PPID  C PRI  NI ADDR SZ WCHAN  STIME TTY          TIME CMD',
    line: (process, user) =>
      `4 ${stateOf(process)} ${columnOf(user)} ${padded(process.pid, 7)} ${padded(process.ppid, 7)}  0  80   0 -  1081 -      ${timeOf(process)} ?        00:00:00 ${markedCommandOf(process)}`,
  },
};

function formatFor(flags: string, isBusybox: boolean): Format {
  if (isBusybox) return flags.includes('l') ? OF_BUSYBOX.states : OF_BUSYBOX.plain;
  if (flags.includes('f')) return flags.includes('l') ? OF_PROCPS.long : OF_PROCPS.full;
  if (flags.includes('u')) return OF_PROCPS.users;
  return /[axl]/.test(flags) ? OF_PROCPS.all : OF_PROCPS.plain;
}

/** `ps`, `ps -ef`, `ps aux`, `ps -o pid,ppid,comm`: as the container's image has it. It shows all processes that it sees. */
export const ps: CommandFunction = async (context) => {
  const { args, host, stdout } = context;
  const users = await usersOf(context);
  const processes = host.processes();
  const flags = args.join('').replaceAll('-', '');
  if (/^[aAex]*o/.test(flags)) return await psColumns(context, processes, args.at(-1) ?? '');
  const format = formatFor(flags, toolsOf(host.process.image) !== 'gnu');
  await stdout.write(`${format.head}\n`);
  for (const process of processes) await stdout.write(`${format.line(process, users.get(process.uid) ?? String(process.uid))}\n`);
  return 0;
};

/** `ps -o pid,ppid,stat,comm` */
async function psColumns(context: CommandContext, processes: readonly ProcessInfo[], names: string): Promise<number> {
  const users = await usersOf(context);
  const columns: Readonly<Record<string, (process: ProcessInfo) => string>> = {
    pid: ({ pid }) => String(pid),
    ppid: ({ ppid }) => String(ppid),
    user: ({ uid }) => users.get(uid) ?? String(uid),
    uid: ({ uid }) => String(uid),
    stat: stateOf,
    comm: nameOf,
    args: commandOf,
    cmd: commandOf,
  };
  const wanted = names.split(',').filter((name) => columns[name]);
  await context.stdout.write(`${wanted.map((name) => name.toUpperCase().padEnd(8)).join(' ')}\n`);
  for (const process of processes)
    await context.stdout.write(
      `${wanted
        .map((name) => (columns[name]?.(process) ?? '').padEnd(8))
        .join(' ')
        .trimEnd()}\n`,
    );
  return 0;
}
