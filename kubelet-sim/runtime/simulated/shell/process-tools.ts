import type { ProcessInfo } from '../program.ts';
import { groupsOf, usersOf } from './account-names.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

const KIB = 1024;
const NODE_MEMORY_BYTES = 32 * KIB ** 3;

const commandOf = ({ argv, state }: ProcessInfo): string =>
  state === 'zombie' ? `[${(argv[0] ?? '').replace(/^.*\//, '')}]` : argv.join(' ');

/** How a line of `ps` is made. */
interface Format {
  readonly head: string;
  readonly line: (process: ProcessInfo, user: string) => string;
}

const stateOf = ({ state }: ProcessInfo): string => (state === 'zombie' ? 'Z' : 'S');
const padded = (number: number, width: number): string => String(number).padStart(width);

/** As busybox has it, with `-l` or `u`, and with `-f` as on larger systems. */
const FORMATS: Readonly<Record<'plain' | 'states' | 'full', Format>> = {
  plain: {
    head: 'PID   USER     TIME  COMMAND',
    line: (process, user) => `${padded(process.pid, 5)} ${user.slice(0, 8).padEnd(8)}  0:00 ${commandOf(process)}`,
  },
  states: {
    head: 'PID   PPID  USER     STAT COMMAND',
    line: (process, user) =>
      `${padded(process.pid, 5)} ${padded(process.ppid, 5)} ${user.slice(0, 8).padEnd(8)} ${stateOf(process)}    ${commandOf(process)}`,
  },
  full: {
    head: 'UID          PID    PPID  C STIME TTY          TIME CMD',
    line: (process, user) =>
      `${user.padEnd(8)} ${padded(process.pid, 7)} ${padded(process.ppid, 7)}  0 ${timeOf(process)} ?        00:00:00 ${commandOf(process)}${process.state === 'zombie' ? ' <defunct>' : ''}`,
  },
};

/** `ps`, `ps -ef`, `ps aux`, `ps -o pid,ppid,comm` */
const ps: CommandFunction = async (context) => {
  const { args, host, stdout } = context;
  const users = await usersOf(context);
  const processes = host.process.processes();
  const flags = args.join('').replaceAll('-', '');
  if (/^e?o/.test(flags)) return await psColumns(context, processes, args.at(-1) ?? '');
  const format = FORMATS[flags.includes('f') ? 'full' : /[ul]/.test(flags) ? 'states' : 'plain'];
  await stdout.write(`${format.head}\n`);
  for (const process of processes) await stdout.write(`${format.line(process, users.get(process.uid) ?? String(process.uid))}\n`);
  return 0;
};

const timeOf = ({ startedAt }: ProcessInfo): string => new Date(startedAt).toISOString().slice(11, 16);

/** `ps -o pid,ppid,stat,comm` */
async function psColumns(context: CommandContext, processes: readonly ProcessInfo[], names: string): Promise<number> {
  const users = await usersOf(context);
  const columns: Readonly<Record<string, (process: ProcessInfo) => string>> = {
    pid: ({ pid }) => String(pid),
    ppid: ({ ppid }) => String(ppid),
    user: ({ uid }) => users.get(uid) ?? String(uid),
    uid: ({ uid }) => String(uid),
    stat: stateOf,
    comm: ({ argv }) => (argv[0] ?? '').replace(/^.*\//, ''),
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

const id: CommandFunction = async (context) => {
  const { args, host, stdout } = context;
  const { uid, gid, supplementalGroups } = host.process.user;
  const flags = args.join('').replaceAll('-', '');
  const [users, groups] = await Promise.all([usersOf(context), groupsOf(context)]);
  const named = (number: number, names: ReadonlyMap<number, string>) =>
    names.has(number) ? `${number}(${names.get(number)})` : String(number);
  const shown = (number: number, names: ReadonlyMap<number, string>) =>
    flags.includes('n') ? (names.get(number) ?? String(number)) : String(number);
  if (flags.includes('G')) await stdout.write(`${supplementalGroups.map((group) => shown(group, groups)).join(' ')}\n`);
  else if (flags.includes('u')) await stdout.write(`${shown(uid, users)}\n`);
  else if (flags.includes('g')) await stdout.write(`${shown(gid, groups)}\n`);
  else
    await stdout.write(
      `uid=${named(uid, users)} gid=${named(gid, groups)} groups=${supplementalGroups.map((group) => named(group, groups)).join(',')}\n`,
    );
  return 0;
};

const whoami: CommandFunction = async (context) => {
  const { uid } = context.host.process.user;
  const name = (await usersOf(context)).get(uid);
  if (name === undefined) return await complain(context, `whoami: unknown uid ${uid}`);
  await context.stdout.write(`${name}\n`);
  return 0;
};

/** One look of `top`. */
const top: CommandFunction = async (context) => {
  const { host, stdout } = context;
  const users = await usersOf(context);
  const { cpu, memory } = host.process.usage();
  const usedKib = Math.round(memory.usageBytes / KIB);
  await stdout.write(`Mem: ${usedKib}K used, ${NODE_MEMORY_BYTES / KIB - usedKib}K free, 0K shrd, 0K buff, 0K cached\n`);
  await stdout.write('  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n');
  for (const process of host.process.processes()) {
    const isMain = process.pid === host.process.mainPid;
    const share = isMain ? (cpu.usageNanoCores / 1e7).toFixed(1) : '0.0';
    const size = isMain ? usedKib : 0;
    await stdout.write(
      `${String(process.pid).padStart(5)} ${String(process.ppid).padStart(5)} ${(users.get(process.uid) ?? String(process.uid)).padEnd(8)} ${process.state === 'zombie' ? 'Z' : 'S'}    ${String(size).padStart(5)}  0.0   0 ${share.padStart(4)} ${commandOf(process)}\n`,
    );
  }
  return 0;
};

/** `pidof NAME…`: the processes of those names, the newest first. */
const pidof: CommandFunction = async ({ args, host, stdout }) => {
  const named = host.process
    .processes()
    .filter(({ argv, state }) => state !== 'zombie' && args.includes((argv[0] ?? '').replace(/^.*\//, '')));
  if (named.length === 0) return 1;
  const pids = named.map(({ pid }) => pid).sort((a, b) => b - a);
  await stdout.write(`${pids.join(' ')}\n`);
  return 0;
};

/** Tools that look at processes and who runs them. */
export const PROCESS_TOOLS: readonly [string, CommandFunction][] = [
  ['pidof', pidof],
  ['ps', ps],
  ['top', top],
  ['id', id],
  ['whoami', whoami],
];
