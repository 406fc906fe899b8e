import { FileError, normalizePath } from '../files/tree.ts';
import { sleepMs } from '../sleep-time.ts';
import { SECURITY_TOOLS } from './apparmor-parser.ts';
import { readOptions } from './command-options.ts';
import { readCommands } from './command-reader.ts';
import { formatDate, wrongTime } from './date.ts';
import { DNS_TOOLS } from './dns-tools.ts';
import { FILE_TOOLS } from './file-tools.ts';
import { grep } from './grep.ts';
import { hexdump } from './hexdump.ts';
import { hostname } from './hostname.ts';
import { HTTP_TOOLS } from './http-tools.ts';
import { ByteInput, stdinOf } from './io.ts';
import { MOUNT_TOOLS } from './mount-tools.ts';
import { NC_TOOLS } from './nc.ts';
import { NETWORK_TOOLS } from './network-tools.ts';
import { PACKAGE_TOOLS } from './package-tools.ts';
import { PROCESS_TOOLS } from './process-tools.ts';
import { REDIS_TOOLS } from './redis-cli.ts';
import { type CommandContext, type CommandFunction, complain, type Shell } from './shell-context.ts';
import { type ShellOption, ShellState } from './state.ts';
import { SYSTEM_TOOLS } from './system-tools.ts';
import { xargs } from './xargs.ts';

/** How often `tail -f` looks for more. */
const TAIL_MS = 1000;
const EXIT_TIMED_OUT = 124;

/** A shell in a shell: `sh -c SCRIPT [NAME ARG…]`, `sh FILE [ARG…]`, or a script on standard input. */
const shell: CommandFunction = async (context) => {
  const { host, state, args, fds, assigned, newShell } = context;
  const child = new ShellState();
  // As it was called: `/bin/sh` speaks of itself so.
  const [own = 'sh'] = host.process.argv;
  child.name = own;
  child.cwd = state.cwd;
  child.variables.set('PWD', state.cwd);
  for (const [name, value] of state.environment(assigned)) {
    child.variables.set(name, value);
    child.exported.add(name);
  }
  const rest = [...args];
  const inline = takeOptions(rest, child);
  const first = rest.shift();
  const interpreter = newShell(child);
  host.enter(interpreter);
  if (first === undefined) return await interactive(interpreter, host.process.tty, fds);
  const script = inline ? first : await scriptOf(first, context);
  if (script === undefined) return 2;
  child.name = inline ? (rest.shift() ?? own) : first;
  child.positional = rest;
  return await interpreter.main(script, fds);
};

/** What a file says; undefined, and why, when it cannot be read. */
async function scriptOf(name: string, context: CommandContext): Promise<string | undefined> {
  const { host, state } = context;
  try {
    return (await (await host.files()).readFile(normalizePath(name, state.cwd))).toString('latin1');
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    await complain(context, `${state.name}: can't open '${name}': ${error.reason}`);
    return undefined;
  }
}

const SHELL_OPTIONS: readonly (readonly [string, ShellOption])[] = [
  ['e', 'errexit'],
  ['u', 'nounset'],
  ['x', 'xtrace'],
];

/** Takes the options off the front of a shell's arguments; answers whether a script follows (`-c`). */
function takeOptions(args: string[], { options }: ShellState): boolean {
  let inline = false;
  while (/^[-+][a-z]+$/i.test(args[0] ?? '')) {
    const flags = args.shift() ?? '';
    if (flags === '-o') args.shift();
    inline ||= flags.startsWith('-') && flags.includes('c');
    for (const [letter, option] of SHELL_OPTIONS) if (flags.includes(letter)) options.add(option);
  }
  return inline;
}

/** Reads commands from standard input; with a terminal it says that it waits. */
async function interactive(interpreter: Shell, tty: boolean, fds: CommandContext['fds']): Promise<number> {
  const prompt = async (isMore: boolean) => {
    await fds.outputs.get(1)?.write(isMore ? '> ' : `${interpreter.state.cwd} # `);
  };
  return await interpreter.main(readCommands(stdinOf(fds), tty ? prompt : undefined), fds, tty);
}

const sleep: CommandFunction = async (context) => {
  const ms = sleepMs(context.args);
  if (ms === undefined) return await complain(context, `sleep: invalid time interval '${context.args.join(' ')}'`);
  await context.host.sleep(ms);
  return 0;
};

const cat: CommandFunction = async ({ host, state, args, fds, stdout, stderr }) => {
  const names = args.filter((arg) => arg === '-' || !arg.startsWith('-'));
  let status = 0;
  for (const name of names.length > 0 ? names : ['-']) {
    if (name === '-') {
      const input = stdinOf(fds);
      for (let piece = await input.read(); piece !== undefined; piece = await input.read()) await stdout.write(piece);
      continue;
    }
    try {
      await stdout.write((await (await host.files()).readFile(normalizePath(name, state.cwd))).toString('latin1'));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      await stderr.write(`cat: can't open '${name}': ${error.reason}\n`);
      status = 1;
    }
  }
  return status;
};

const head: CommandFunction = async ({ args, fds, stdout, host, state }) => {
  const { lines, bytes, names } = countOptions(args);
  const [name] = names;
  const input =
    name === undefined
      ? stdinOf(fds)
      : ByteInput.of((await (await host.files()).readFile(normalizePath(name, state.cwd))).toString('latin1'));
  let leftBytes = bytes ?? 0;
  for (let piece = bytes === undefined ? undefined : await input.read(); piece !== undefined && leftBytes > 0; piece = await input.read()) {
    await stdout.write(piece.slice(0, leftBytes));
    leftBytes -= piece.length;
  }
  for (let i = 0; bytes === undefined && i < lines; i++) {
    const line = await input.readLine();
    if (!line) break;
    await stdout.write(line.text + (line.ended ? '\n' : ''));
  }
  return 0;
};

interface CountOptions {
  readonly lines: number;
  readonly bytes: number | undefined;
  readonly names: readonly string[];
  readonly follow: boolean;
}

/** Options of `head` and `tail`: `-n 5`, `-n5`, `-5`, `-c 9`, `-f`. */
function countOptions(args: readonly string[]): CountOptions {
  const rest = [...args];
  const names: string[] = [];
  let lines = 10;
  let bytes: number | undefined;
  let follow = false;
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const attached = /^-([nc])(.+)$/.exec(arg) ?? /^-()(\d+)$/.exec(arg);
    if (arg === '-n') lines = Number(rest.shift());
    else if (arg === '-c') bytes = Number(rest.shift());
    else if (attached && attached[1] === 'c') bytes = Number(attached[2]);
    else if (attached) lines = Number(attached[2]);
    else if (/^-[fF]$|^--follow/.test(arg)) follow = true;
    else if (!arg.startsWith('-')) names.push(arg);
  }
  return { lines, bytes, names, follow };
}

const tail: CommandFunction = async ({ host, state, args, fds, stdout }) => {
  const { lines, bytes, names, follow } = countOptions(args);
  const [name] = names;
  const path = name === undefined ? undefined : normalizePath(name, state.cwd);
  const readAll = async () =>
    path === undefined ? await stdinOf(fds).readAll() : (await (await host.files()).readFile(path)).toString('latin1');
  const text = await readAll();
  await stdout.write(
    bytes === undefined
      ? lastLines(
          text,
          lines,
          args.some((arg) => /^-?n?\+/.test(arg)),
        )
      : text.slice(-bytes),
  );
  if (!follow || path === undefined) return 0;
  for (let seen = text.length; ; ) {
    await host.sleep(path === '/dev/null' ? Number.POSITIVE_INFINITY : TAIL_MS);
    const now = await readAll().catch(() => '');
    if (now.length < seen) seen = 0;
    if (now.length > seen) await stdout.write(now.slice(seen));
    seen = now.length;
  }
};

function lastLines(text: string, count: number, fromStart: boolean): string {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return (fromStart ? lines.slice(Math.max(0, count - 1)) : count === 0 ? [] : lines.slice(-count)).join('');
}

const env: CommandFunction = async ({ args, state, assigned, run, stdout }) => {
  const rest = [...args];
  const environment = new Map(rest[0] === '-i' ? [] : state.environment(assigned));
  if (rest[0] === '-i') rest.shift();
  while (/^\w+=/.test(rest[0] ?? '')) {
    const pair = rest.shift() ?? '';
    environment.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
  }
  if (rest.length > 0) return await run(rest, { environment });
  for (const [name, value] of environment) await stdout.write(`${name}=${value}\n`);
  return 0;
};

const printenv: CommandFunction = async (context) => {
  const { args, state, assigned, stdout } = context;
  if (args.length === 0) return await env(context);
  const environment = state.environment(assigned);
  for (const name of args) {
    const value = environment.get(name);
    if (value === undefined) return 1;
    await stdout.write(`${value}\n`);
  }
  return 0;
};

const say =
  (text: (context: CommandContext) => string): CommandFunction =>
  async (context) => {
    await context.stdout.write(`${text(context)}\n`);
    return 0;
  };

const UNAME: Readonly<Record<string, string>> = { s: 'Linux', r: '6.8.0-nanokube', m: 'x86_64', p: 'x86_64', o: 'GNU/Linux', v: '#1 SMP' };

function uname({ args, host }: CommandContext): string {
  const flags = args.join('').replaceAll('-', '') || 's';
  if (flags.includes('a')) return `Linux ${host.process.hostname} ${UNAME.r} ${UNAME.v} x86_64 GNU/Linux`;
  return [...flags].map((flag) => (flag === 'n' ? host.process.hostname : (UNAME[flag] ?? ''))).join(' ');
}

const touch: CommandFunction = async ({ args, host, state }) => {
  const files = await host.files();
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    const path = normalizePath(name, state.cwd);
    if (await files.exists(path)) await files.utimes(path, host.process.clock.now());
    else if (!args.includes('-c')) await files.writeFile(path, Buffer.alloc(0));
  }
  return 0;
};

const mkdir: CommandFunction = async ({ args, host, state }) => {
  const files = await host.files();
  const { values, operands } = readOptions(args, new Set(['m']));
  const mode = values.has('m') ? Number.parseInt(values.get('m') ?? '', 8) : undefined;
  for (const name of operands)
    await files.mkdir(normalizePath(name, state.cwd), { recursive: values.has('p') || values.has('parents'), mode });
  return 0;
};

const rm: CommandFunction = async (context) => {
  const { args, host, state } = context;
  const files = await host.files();
  const flags = args.filter((arg) => arg.startsWith('-')).join('');
  const options = { recursive: /[rR]/.test(flags), force: flags.includes('f') };
  let status = 0;
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    const path = normalizePath(name, state.cwd);
    const stat = await files.lstat(path).catch(() => undefined);
    if (stat?.type === 'directory' && !options.recursive) status = await complain(context, `rm: '${name}' is a directory`);
    else if (!stat && !options.force) status = await complain(context, `rm: can't remove '${name}': No such file or directory`);
    else await files.rm(path, options);
  }
  return status;
};

const timeout: CommandFunction = async (context) => {
  const rest = context.args.filter((arg, i) => !(arg.startsWith('-') && i === 0));
  const [duration = '', ...command] = rest;
  const ms = sleepMs([duration]);
  if (ms === undefined || command.length === 0) return await complain(context, 'timeout: usage: timeout SECS PROG ARGS', 125);
  const limit = context.host.process.clock.sleep(ms, context.host.signal).then(() => EXIT_TIMED_OUT);
  return await Promise.race([context.run(command), limit]);
};

const yes: CommandFunction = async ({ args, stdout, host }) => {
  for (;;) {
    await host.pace();
    await stdout.write(`${args.join(' ') || 'y'}\n`);
  }
};

const seq: CommandFunction = async (context) => {
  const numbers = context.args.filter((arg) => !/^-[a-z]/.test(arg)).map(Number);
  if (numbers.length === 0 || numbers.some(Number.isNaN)) return await complain(context, 'seq: invalid argument');
  const [first, step, last] = numbers.length === 1 ? [1, 1, numbers[0]] : numbers.length === 2 ? [numbers[0], 1, numbers[1]] : numbers;
  if (!step) return 0;
  for (let value = first ?? 1; step > 0 ? value <= (last ?? 0) : value >= (last ?? 0); value += step) {
    await context.host.pace();
    await context.stdout.write(`${value}\n`);
  }
  return 0;
};

/** `shuf [-n COUNT] [-i LOW-HIGH | FILE]`: lines, or numbers, by chance. */
const shuf: CommandFunction = async ({ args, fds, host, state, stdout }) => {
  const { values, operands } = readOptions(args, new Set(['i', 'n']));
  const [, low, high] = /^(\d+)-(\d+)$/.exec(values.get('i') ?? '') ?? [];
  const read = async () => {
    const [file = '-'] = operands;
    if (file === '-') return await stdinOf(fds).readAll();
    return (await (await host.files()).readFile(normalizePath(file, state.cwd))).toString('latin1');
  };
  const lines =
    low === undefined
      ? (await read()).replace(/\n$/, '').split('\n')
      : Array.from({ length: Math.min(SHUFFLED_MAX, Number(high) - Number(low) + 1) }, (_, i) => String(Number(low) + i));
  const wanted = Math.min(lines.length, Number(values.get('n') ?? lines.length));
  for (let i = 0; i < wanted; i++) {
    const at = i + Math.floor(host.process.random.next() * (lines.length - i));
    const [own = '', other = ''] = [lines[i], lines[at]];
    lines[i] = other;
    lines[at] = own;
    await stdout.write(`${other}\n`);
  }
  return 0;
};

const SHUFFLED_MAX = 100_000;

const mktemp: CommandFunction = async ({ args, host, stdout }) => {
  const path = `/tmp/tmp.${host.process.random.uuid().slice(0, 8)}`;
  const files = await host.files();
  if (args.includes('-d')) await files.mkdir(path);
  else await files.writeFile(path, Buffer.alloc(0));
  await stdout.write(`${path}\n`);
  return 0;
};

const date: CommandFunction = async (context) => {
  const { args, host, stdout } = context;
  const wrong = wrongTime(args);
  if (wrong !== undefined) return await complain(context, `date: invalid date '${wrong}'`);
  await stdout.write(`${formatDate(args, host.process.clock.now())}\n`);
  return 0;
};

const nohup: CommandFunction = ({ args, run }) => run(args);

const tee: CommandFunction = async ({ args, host, state, fds, stdout }) => {
  const files = await host.files();
  const paths = args.filter((arg) => !arg.startsWith('-')).map((name) => normalizePath(name, state.cwd));
  if (!args.includes('-a')) for (const path of paths) await files.writeFile(path, Buffer.alloc(0));
  const input = stdinOf(fds);
  for (let piece = await input.read(); piece !== undefined; piece = await input.read()) {
    await stdout.write(piece);
    for (const path of paths) await files.writeFile(path, Buffer.from(piece, 'latin1'), { append: true });
  }
  return 0;
};

/** The famous job of the documentation: `perl -Mbignum=bpi -wle 'print bpi(2000)'`. */
const perl: CommandFunction = async (context) => {
  const digits = /bpi\((\d+)\)/.exec(context.args.join(' '))?.[1];
  if (digits !== undefined) await context.stdout.write(`${pi(Math.min(Number(digits), PI_DIGITS_MAX))}\n`);
  return 0;
};

const PI_DIGITS_MAX = 10_000;

/** So many digits of pi, by Machin's formula. */
function pi(digits: number): string {
  const unit = 10n ** BigInt(digits + 10);
  const arctan = (inverse: bigint) => {
    let term = unit / inverse;
    let sum = term;
    for (let n = 3n, sign = -1n; term !== 0n; n += 2n, sign = -sign) {
      term /= inverse * inverse;
      sum += (sign * term) / n;
    }
    return sum;
  };
  const text = String(4n * (4n * arctan(5n) - arctan(239n)));
  return `${text.charAt(0)}.${text.slice(1, digits)}`;
}

/** As many as the node has: a limit does not show. */
const nproc: CommandFunction = async ({ host, stdout }) => {
  const text = (await (await host.files()).readFile('/proc/cpuinfo')).toString('latin1');
  await stdout.write(`${text.match(/^processor/gm)?.length ?? 1}\n`);
  return 0;
};

const succeed: CommandFunction = () => 0;

/** Tools that stream, wait, or are too common to load a tool box for. */
export const TOOLS: ReadonlyMap<string, CommandFunction> = new Map<string, CommandFunction>([
  ...['sh', 'bash', 'ash', 'dash'].map((name): [string, CommandFunction] => [name, shell]),
  ...NETWORK_TOOLS,
  ...NC_TOOLS,
  ...DNS_TOOLS,
  ...HTTP_TOOLS,
  ...SYSTEM_TOOLS,
  ...SECURITY_TOOLS,
  ...REDIS_TOOLS,
  ...MOUNT_TOOLS,
  ['grep', grep('grep')],
  ['egrep', grep('egrep')],
  ['fgrep', grep('fgrep')],
  ['xargs', xargs],
  ...PACKAGE_TOOLS,
  ...PROCESS_TOOLS,
  ...FILE_TOOLS,
  ['cat', cat],
  ['clear', succeed],
  ['date', date],
  ['env', env],
  ['head', head],
  ['hexdump', hexdump],
  ['hostname', hostname],
  ['mkdir', mkdir],
  ['mktemp', mktemp],
  ['nohup', nohup],
  ['nproc', nproc],
  ['perl', perl],
  ['printenv', printenv],
  ['rm', rm],
  ['seq', seq],
  ['shuf', shuf],
  ['sleep', sleep],
  ['sync', succeed],
  ['tail', tail],
  ['tee', tee],
  ['timeout', timeout],
  ['touch', touch],
  ['uname', say(uname)],
  ['yes', yes],
]);
