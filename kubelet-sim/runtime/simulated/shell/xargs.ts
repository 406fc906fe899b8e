import { stdinOf } from './io.ts';
import { type CommandFunction, complain } from './shell-context.ts';
import { unescapeBackslashes } from './word-parser.ts';

/** What xargs is told. */
interface Options {
  /** Arguments of one call at most. */
  count: number;
  /** Text in the command that an argument, which is a whole line then, takes the place of. */
  replaced: string;
  separator: string | undefined;
  skipsEmpty: boolean;
  isTold: boolean;
}

const SOME_FAILED = 123;

/** `xargs [-n COUNT] [-I TEXT] [-0] [-d CHARACTER] [-r] [-t] [COMMAND [ARGUMENT…]]` (xargs(1)); calls follow each other. */
export const xargs: CommandFunction = async (context) => {
  const { options, command, unknown } = optionsOf(context.args);
  if (unknown !== undefined) return await complain(context, `xargs: invalid option -- '${unknown}'`);
  const words = wordsOf(await stdinOf(context.fds).readAll(), options);
  let status = 0;
  for (const call of callsOf(command, words, options)) {
    if (options.isTold) await context.stderr.write(`${call.join(' ')}\n`);
    const code = await context.run(call);
    if (code === 126 || code === 127) return code;
    if (code !== 0) status = SOME_FAILED;
  }
  return status;
};

const TAKES_VALUE: ReadonlySet<string> = new Set('nLIdPs');

/** What the options mean; those that are about speed and size mean nothing here. */
const MEANINGS: Readonly<Record<string, (options: Options, value: string) => void>> = {
  n: (options, value) => (options.count = Number(value)),
  L: (options, value) => (options.count = Number(value)),
  I: (options, value) => (options.replaced = value),
  d: (options, value) => (options.separator = unescapeBackslashes(value)),
  '0': (options) => (options.separator = '\0'),
  r: (options) => (options.skipsEmpty = true),
  t: (options) => (options.isTold = true),
  P: () => undefined,
  s: () => undefined,
  x: () => undefined,
};

/** Options end at the first word that is none: behind it there is a command. */
function optionsOf(args: readonly string[]): { options: Options; command: readonly string[]; unknown?: string } {
  const options: Options = { count: Number.POSITIVE_INFINITY, replaced: '', separator: undefined, skipsEmpty: false, isTold: false };
  const rest = [...args];
  while (rest[0]?.startsWith('-')) {
    const flag = rest.shift() ?? '';
    if (flag === '--') break;
    const letter = flag
      .replace(/^--no-run-if-empty$/, '-r')
      .replace(/^--null$/, '-0')
      .charAt(1);
    const meaning = MEANINGS[letter];
    if (!meaning) return { options, command: [], unknown: letter };
    meaning(options, TAKES_VALUE.has(letter) ? flag.slice(2) || (rest.shift() ?? '') : '');
  }
  return { options, command: rest.length > 0 ? rest : ['echo'] };
}

/** Arguments are words, which may be quoted; with `-I` lines; with `-d` what stands between separators. */
function wordsOf(text: string, { separator, replaced }: Options): readonly string[] {
  if (separator !== undefined) return text.replace(new RegExp(`${escaped(separator)}$`), '').split(separator);
  if (replaced !== '')
    return text
      .split('\n')
      .map((line) => line.trimStart())
      .filter((line) => line !== '');
  return [...text.matchAll(/(?:"[^"\n]*"|'[^'\n]*'|\\.|[^\s"'\\])+/gs)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'|\\(.)/gs, (_, double?: string, single?: string, one?: string) => double ?? single ?? one ?? ''),
  );
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function callsOf(command: readonly string[], words: readonly string[], { count, replaced, skipsEmpty }: Options): readonly string[][] {
  if (replaced !== '') return words.map((word) => command.map((part) => part.replaceAll(replaced, word)));
  if (words.length === 0) return skipsEmpty ? [] : [[...command]];
  const size = Math.min(count || 1, words.length);
  return Array.from({ length: Math.ceil(words.length / size) }, (_, i) => [...command, ...words.slice(i * size, (i + 1) * size)]);
}
