import { groupsOf, usersOf } from './account-names.ts';
import { commandOf, ps } from './ps.ts';
import { type CommandFunction, complain } from './shell-context.ts';

const KIB = 1024;
const NODE_MEMORY_BYTES = 32 * KIB ** 3;

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
  for (const process of host.processes()) {
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
  const named = host.processes().filter(({ argv, state }) => state !== 'zombie' && args.includes((argv[0] ?? '').replace(/^.*\//, '')));
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
