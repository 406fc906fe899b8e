import { normalizePath } from '../files/tree.ts';
import { readOptions } from './command-options.ts';
import { ByteInput, type Input, stdinOf } from './io.ts';
import { type CommandContext, type CommandFunction, complain } from './shell-context.ts';

const VALUES: ReadonlySet<string> = new Set(['e', 'm', 'f', 'A', 'B', 'C', 'regexp', 'max-count', 'color', 'include', 'exclude']);

/** Options that this `grep` knows; with others a tool box's is asked. */
const KNOWN: ReadonlySet<string> = new Set(
  'i v c q n E F G o w x e m h H l s line-buffered color colour regexp ignore-case invert-match quiet count max-count'.split(' '),
);

/** How lines are chosen and shown. */
interface Search {
  readonly pattern: RegExp;
  readonly inverted: boolean;
  readonly shows: 'lines' | 'matches' | 'count' | 'names' | 'nothing';
  readonly numbers: boolean;
  readonly names: boolean;
  readonly max: number;
}

/** Whether our own `grep` understands these arguments. */
export function canGrep(args: readonly string[]): boolean {
  return [...readOptions(args, VALUES).values.keys()].every((name) => KNOWN.has(name));
}

/** `grep`, line by line as they come: what follows a log sees each line at once. */
export const grep =
  (name: 'grep' | 'egrep' | 'fgrep'): CommandFunction =>
  (context) =>
    search(context, readSearch(name, context.args));

async function search(context: CommandContext, { search: how, paths, isSilent }: ReturnType<typeof readSearch>): Promise<number> {
  let status = 1;
  for (const path of paths.length > 0 ? paths : ['-']) {
    const input = path === '-' ? stdinOf(context.fds) : await open(context, path, isSilent);
    if (!input) status = status === 1 ? 2 : status;
    else if (await searchOne(context, input, path, how)) status = 0;
  }
  return status;
}

const KIND_OF_PATTERN: Readonly<Record<string, string>> = { egrep: 'E', fgrep: 'F' };

function readSearch(name: string, args: readonly string[]): { search: Search; paths: readonly string[]; isSilent: boolean } {
  const { values, all, operands } = readOptions(args, VALUES);
  const flags = new Set([...values.keys(), KIND_OF_PATTERN[name] ?? '']);
  const given = [...all('e'), ...all('regexp')];
  const [first = '', ...rest] = operands;
  const paths = given.length === 0 ? rest : operands;
  const search: Search = {
    pattern: patternOf(given.length === 0 ? [first] : given, flags),
    inverted: flags.has('v') || flags.has('invert-match'),
    shows: shownBy(flags),
    numbers: flags.has('n'),
    names: flags.has('H') || (paths.length > 1 && !flags.has('h')),
    max: Number(values.get('m') ?? values.get('max-count') ?? Number.POSITIVE_INFINITY),
  };
  return { search, paths, isSilent: flags.has('s') };
}

function shownBy(flags: ReadonlySet<string>): Search['shows'] {
  if (flags.has('q') || flags.has('quiet')) return 'nothing';
  if (flags.has('l')) return 'names';
  if (flags.has('c') || flags.has('count')) return 'count';
  return flags.has('o') ? 'matches' : 'lines';
}

async function open(context: CommandContext, name: string, isSilent: boolean): Promise<Input | undefined> {
  const files = await context.host.files();
  const content = await files.readFile(normalizePath(name, context.state.cwd)).catch(() => undefined);
  if (!content && !isSilent) await complain(context, `grep: ${name}: No such file or directory`);
  return content && ByteInput.of(content.toString('latin1'));
}

async function searchOne({ host, stdout }: CommandContext, input: Input, path: string, search: Search): Promise<boolean> {
  const prefix = search.names ? `${path}:` : '';
  let count = 0;
  let number = 0;
  for (let line = await input.readLine(); line && count < search.max; line = await input.readLine()) {
    await host.pace();
    number++;
    const matches = [...line.text.matchAll(search.pattern)].map(([text]) => text);
    if (matches.length > 0 === search.inverted) continue;
    count++;
    if (search.shows === 'nothing') return true;
    for (const text of shownOf(search, line.text, matches)) await stdout.write(`${prefix}${search.numbers ? `${number}:` : ''}${text}\n`);
  }
  if (search.shows === 'count') await stdout.write(`${prefix}${count}\n`);
  else if (search.shows === 'names' && count > 0) await stdout.write(`${path}\n`);
  return count > 0;
}

function shownOf({ shows }: Search, line: string, matches: readonly string[]): readonly string[] {
  if (shows === 'matches') return matches.filter(Boolean);
  return shows === 'lines' ? [line] : [];
}

function patternOf(given: readonly string[], flags: ReadonlySet<string>): RegExp {
  const texts = given
    .flatMap((text) => text.split('\n'))
    .map((text) => (flags.has('F') ? text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : flags.has('E') ? text : basic(text)));
  const any = `(?:${texts.map(withClasses).join('|')})`;
  const whole = flags.has('x') ? `^${any}$` : flags.has('w') ? `(?<!\\w)${any}(?!\\w)` : any;
  return new RegExp(whole, flags.has('i') || flags.has('ignore-case') ? 'gi' : 'g');
}

/** A basic regular expression as an extended one: there backslashes make signs special, not plain. */
const basic = (text: string): string =>
  text.replace(/\\?[+?|(){}]/g, (sign) => (sign.startsWith('\\') ? sign.slice(1) : `\\${sign}`)).replace(/^\*/, '\\*');

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

const withClasses = (text: string): string => text.replace(/\[:(\w+):\]/g, (whole, name: string) => CLASSES[name] ?? whole);
