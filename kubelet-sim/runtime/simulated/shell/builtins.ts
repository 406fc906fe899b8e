import { normalizePath } from '../files/tree.ts';
import { SIGNALS } from '../program.ts';
import { evaluate } from './arithmetic.ts';
import { setArray, unsetArray } from './arrays.ts';
import { testCommand } from './condition.ts';
import { stdinOf } from './io.ts';
import { formatPrintf } from './printf.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';
import { ControlFlow, ShellError, type ShellOption } from './state.ts';
import { unescapeBackslashes } from './word-parser.ts';

/** `echo`, as busybox has it: `-n`, `-e`, `-E`. */
const echo: CommandFunction = async ({ args, stdout }) => {
  const words = [...args];
  let newline = '\n';
  let escapes = false;
  while (words[0] && /^-[neE]+$/.test(words[0])) {
    const flags = words.shift() ?? '';
    if (flags.includes('n')) newline = '';
    if (flags.includes('e')) escapes = true;
    if (flags.includes('E')) escapes = false;
  }
  const text = words.join(' ');
  const stop = escapes ? text.indexOf('\\c') : -1;
  await stdout.write(escapes ? unescapeBackslashes(stop < 0 ? text : text.slice(0, stop)) + (stop < 0 ? newline : '') : text + newline);
  return 0;
};

const printf: CommandFunction = async ({ args: [format = '', ...values], stdout }) => {
  await stdout.write(formatPrintf(format, values));
  return 0;
};

const cd: CommandFunction = async (context) => {
  const { args, state, host } = context;
  const [target = state.variables.get('HOME') ?? '/'] = args;
  const path = normalizePath(target === '-' ? (state.variables.get('OLDPWD') ?? '/') : target, state.cwd);
  const files = await host.files();
  const stat = await files.stat(path).catch(() => undefined);
  if (stat?.type !== 'directory')
    return await complain(
      context,
      `${state.name}: cd: can't cd to ${target}: ${stat ? 'Not a directory' : 'No such file or directory'}`,
      2,
    );
  state.variables.set('OLDPWD', state.cwd);
  state.cwd = path;
  state.variables.set('PWD', path);
  return 0;
};

function numberOr(text: string | undefined, fallback: number): number {
  const value = Number(text ?? fallback);
  if (!Number.isInteger(value)) throw new ShellError(`Illegal number: ${text}`, 2);
  return value;
}

const leave =
  (kind: 'break' | 'continue'): CommandFunction =>
  ({ args }) => {
    throw new ControlFlow(kind, numberOr(args[0], 1));
  };

const exit =
  (kind: 'return' | 'exit'): CommandFunction =>
  ({ args, state }) => {
    throw new ControlFlow(kind, numberOr(args[0], state.status) & 255);
  };

const exportNames: CommandFunction = async ({ args, state, stdout }) => {
  if (args.length === 0 || args[0] === '-p')
    for (const [name, value] of state.environment()) await stdout.write(`export ${name}='${value}'\n`);
  for (const arg of args.filter((text) => !text.startsWith('-'))) {
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    if (equals >= 0) state.set(name, arg.slice(equals + 1));
    state.exported.add(name);
  }
  return 0;
};

const declare: CommandFunction = ({ args, state }) => {
  const flags = args.filter((arg) => arg.startsWith('-')).join('');
  for (const arg of args.filter((text) => !text.startsWith('-'))) {
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    state.locals.at(-1)?.set(name, state.variables.get(name));
    if (equals >= 0) state.set(name, arg.slice(equals + 1));
    if (flags.includes('A')) state.associative.add(name);
    if (flags.includes('x')) state.exported.add(name);
    if (flags.includes('r')) state.readOnly.add(name);
  }
  return 0;
};

const readOnly: CommandFunction = (context) => declare({ ...context, args: ['-r', ...context.args] });

const unset: CommandFunction = ({ args, state }) => {
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    if (state.readOnly.has(name)) throw new ShellError(`unset: ${name}: is read only`);
    unsetArray(state, name);
    state.exported.delete(name);
    state.functions.delete(name);
  }
  return 0;
};

const LETTERS: Readonly<Record<string, ShellOption>> = { e: 'errexit', u: 'nounset', x: 'xtrace', f: 'noglob' };
const LONG: ReadonlySet<string> = new Set<ShellOption>(['errexit', 'nounset', 'xtrace', 'pipefail', 'noglob']);
const isOption = (name: string): name is ShellOption => LONG.has(name);

const set: CommandFunction = async ({ args, state, stdout }) => {
  if (args.length === 0) for (const [name, value] of [...state.variables].sort()) await stdout.write(`${name}='${value}'\n`);
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--' || !/^[-+]./.test(arg)) {
      state.positional = arg === '--' ? rest : [arg, ...rest];
      return 0;
    }
    for (const letter of arg.slice(1)) turnOption(state, letter === 'o' ? rest.shift() : LETTERS[letter], arg.startsWith('-'));
  }
  return 0;
};

function turnOption({ options }: CommandContext['state'], name: string | undefined, on: boolean): void {
  if (name === undefined || !isOption(name)) return;
  if (on) options.add(name);
  else options.delete(name);
}

const shift: CommandFunction = ({ args, state }) => {
  const count = numberOr(args[0], 1);
  if (count > state.positional.length) return 1;
  state.positional = state.positional.slice(count);
  return 0;
};

const trap: CommandFunction = async ({ args, state, stdout }) => {
  if (args.length === 0) for (const [name, action] of state.traps) await stdout.write(`trap -- '${action}' ${name}\n`);
  const [action = '', ...names] = args[0] === '--' ? args.slice(1) : args;
  const isReset = names.length === 0 || action === '-';
  for (const given of names.length === 0 ? [action] : names) {
    const name = signalName(given);
    if (isReset) state.traps.delete(name);
    else state.traps.set(name, action);
  }
  return 0;
};

/** A signal as traps name it: `TERM` for `15`, `SIGTERM` and `term`. */
function signalName(text: string): string {
  const byNumber = Object.entries(SIGNALS).find(([, number]) => String(number) === text)?.[0];
  return text === '0' ? 'EXIT' : (byNumber ?? text.toUpperCase()).replace(/^SIG/, '');
}

const wait: CommandFunction = async ({ args, state, host }) => {
  const pids = args.length > 0 ? args.map(Number) : [...state.jobs.keys()];
  let status = 0;
  for (const pid of pids) {
    const job = state.jobs.get(pid);
    if (!job) continue;
    const trapped = host.trapped();
    const outcome = await Promise.race([job.done, trapped.promise]);
    trapped.cancel();
    if (outcome === undefined) return 143; // a trapped signal ends the wait, and its trap runs next
    status = args.length > 0 ? outcome : 0;
    state.jobs.delete(pid);
  }
  return status;
};

const kill: CommandFunction = async (context) => {
  const { args, state, host } = context;
  let signal = 'SIGTERM';
  const targets = [...args];
  if (targets[0] === '-l') return await complain(context, Object.keys(SIGNALS).join(' '), 0);
  if (targets[0] === '-s') signal = `SIG${signalName(targets.splice(0, 2)[1] ?? '')}`;
  else if (targets[0]?.startsWith('-')) signal = `SIG${signalName((targets.shift() ?? '').slice(1))}`;
  let status = 0;
  for (const target of targets) {
    const job = target.startsWith('%') ? [...state.jobs.keys()][Number(target.slice(1)) - 1] : undefined;
    const outcome = host.process.kill(job ?? Number(target), signal === 'SIGEXIT' ? 'SIG0' : signal);
    const why = outcome === 'denied' ? 'Operation not permitted' : 'No such process';
    if (outcome !== 'sent') status = await complain(context, `${state.name}: can't kill pid ${target}: ${why}`);
  }
  return status;
};

/** `read [-r] [-a] [-t SECONDS] [-p PROMPT] [NAME…]` */
function readFlags(args: readonly string[]): { names: readonly string[]; timeoutMs: number | undefined; intoArray: boolean } {
  const names = [...args];
  let timeoutMs: number | undefined;
  let intoArray = false;
  while (names[0]?.startsWith('-')) {
    const flag = names.shift() ?? '';
    intoArray ||= flag.includes('a');
    if (!/^-\w*[tpnd]$/.test(flag)) continue;
    const value = names.shift();
    if (flag.endsWith('t')) timeoutMs = Number(value) * 1000;
  }
  return { names, timeoutMs, intoArray };
}

const read: CommandFunction = async ({ args, state, fds, host, assigned }) => {
  const { names, timeoutMs, intoArray } = readFlags(args);
  const reading = stdinOf(fds).readLine();
  const line = timeoutMs === undefined ? await reading : await Promise.race([reading, host.sleep(timeoutMs).then(() => undefined)]);
  const ifs = assigned.get('IFS') ?? state.variables.get('IFS') ?? ' \t\n';
  if (intoArray) setArray(state, names[0] ?? 'REPLY', fieldsOf(ifs, line?.text ?? ''));
  else assignFields(state, names.length > 0 ? names : ['REPLY'], { ifs, line: line?.text ?? '' });
  return line?.ended ? 0 : 1;
};

/** `mapfile [-t] [NAME]`: an element of each line. */
const mapfile: CommandFunction = async ({ args, state, fds }) => {
  const lines: string[] = [];
  for (let line = await stdinOf(fds).readLine(); line; line = await stdinOf(fds).readLine()) {
    if (line.ended || line.text !== '') lines.push(args.includes('-t') || !line.ended ? line.text : `${line.text}\n`);
    if (!line.ended) break;
  }
  setArray(state, args.find((arg) => !arg.startsWith('-')) ?? 'MAPFILE', lines);
  return 0;
};

/** All fields of a line. */
function fieldsOf(ifs: string, line: string): readonly string[] {
  if (ifs === '') return [line];
  const separators = ifs.replace(/[\\\]^-]/g, '\\$&');
  const isBlank = ifs.trim() === '';
  const fields = line.split(new RegExp(isBlank ? `[${separators}]+` : `[${separators}]`));
  return isBlank ? fields.filter((field) => field !== '') : fields;
}

/** One field each, the last name takes the rest. */
function assignFields(state: CommandContext['state'], names: readonly string[], { ifs, line }: { ifs: string; line: string }): void {
  const blank = new RegExp(`^[${ifs.replace(/[\\\]^-]/g, '\\$&') || '\0'}]+`);
  let rest = line.replace(blank, '');
  for (const [i, name] of names.entries()) {
    const isLast = i === names.length - 1;
    const end = isLast ? -1 : [...rest].findIndex((c) => ifs.includes(c));
    state.set(name, end < 0 ? (ifs === '' ? rest : rest.replace(/[ \t]+$/, '')) : rest.slice(0, end));
    rest = end < 0 ? '' : rest.slice(end).replace(blank, '');
  }
}

const evaluateText: CommandFunction = ({ args, evaluate: run }) => (args.length === 0 ? 0 : run(args.join(' ')));

const source: CommandFunction = async ({ args: [name = ''], state, host, evaluate: run }) => {
  const files = await host.files();
  return await run((await files.readFile(normalizePath(name, state.cwd))).toString('latin1'));
};

const execute: CommandFunction = async ({ args, run, host }) => {
  if (args.length === 0) return 0;
  host.allowBecoming();
  throw new ControlFlow('exit', await run(args));
};

const command: CommandFunction = async (context) => {
  const { args, run } = context;
  return args[0] === '-v' || args[0] === '-V' ? await typeOf({ ...context, args: args.slice(1) }) : await run(args);
};

const typeOf: CommandFunction = async ({ args, isKnown, stdout }) => {
  let status = 0;
  for (const name of args) {
    if (isKnown(name)) await stdout.write(`${name}\n`);
    else status = 127;
  }
  return status;
};

const letNumbers: CommandFunction = ({ args, state }) => {
  let last = 0n;
  for (const text of args)
    last = evaluate(text, { get: (name) => state.variables.get(name) ?? '', set: (name, value) => state.set(name, value) });
  return last === 0n ? 1 : 0;
};

const pwd: CommandFunction = async ({ state, stdout }) => {
  await stdout.write(`${state.cwd}\n`);
  return 0;
};

const jobs: CommandFunction = async ({ state, stdout }) => {
  for (const { pid } of state.jobs.values()) await stdout.write(`[${pid}] Running\n`);
  return 0;
};

const succeed: CommandFunction = () => 0;

/** Commands that are part of the shell. */
export const BUILTINS: ReadonlyMap<string, CommandFunction> = new Map([
  [':', succeed],
  ['.', source],
  ['[', testCommand('[', ']')],
  ['[[', testCommand('[[', ']]')],
  ['break', leave('break')],
  ['cd', cd],
  ['command', command],
  ['continue', leave('continue')],
  ['declare', declare],
  ['echo', echo],
  ['eval', evaluateText],
  ['exec', execute],
  ['exit', exit('exit')],
  ['export', exportNames],
  ['false', () => 1],
  ['jobs', jobs],
  ['kill', kill],
  ['let', letNumbers],
  ['local', declare],
  ['mapfile', mapfile],
  ['readarray', mapfile],
  ['printf', printf],
  ['pwd', pwd],
  ['read', read],
  ['readonly', readOnly],
  ['return', exit('return')],
  ['set', set],
  ['shift', shift],
  ['source', source],
  ['test', testCommand('test', '')],
  ['trap', trap],
  ['true', succeed],
  ['type', typeOf],
  ['typeset', declare],
  ['ulimit', succeed],
  ['umask', succeed],
  ['unset', unset],
  ['wait', wait],
]);
