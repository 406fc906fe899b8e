import type { TerminalState } from '../terminal.ts';
import { type CommandFunction, complain } from './shell-context.ts';

const SPEED = 'speed 38400 baud;';
/** Local flags of a terminal (termios(3)), without that of the echo. */
const LOCAL_FLAGS = 0x8a33;
const ECHO = 0x8;

/** All that is set, as `stty -g` gives it and `stty` takes it back: the local flags are the fourth. */
const savedOf = ({ echo }: TerminalState): string =>
  `500:5:bf:${(LOCAL_FLAGS | (echo ? ECHO : 0)).toString(16)}:3:1c:7f:15:4:0:1:0:11:13:1a:0:12:f:17:16`;

/** What is said of a terminal, by the word that asks for it. */
const QUESTIONS: Readonly<Record<string, (terminal: TerminalState) => string>> = {
  size: ({ rows, columns }) => `${rows} ${columns}`,
  '-g': savedOf,
  '-a': ({ rows, columns, echo }) => `${SPEED} rows ${rows}; columns ${columns}; line = 0;\nisig icanon ${echo ? '' : '-'}echo echoe`,
};

/** Settings, of which each takes what it needs of the words after it; the others make no difference here. */
const SETTINGS: Readonly<Record<string, (terminal: TerminalState, rest: string[]) => void>> = {
  rows: (terminal, rest) => {
    terminal.rows = Number(rest.shift());
  },
  cols: (terminal, rest) => {
    terminal.columns = Number(rest.shift());
  },
  columns: (terminal, rest) => {
    terminal.columns = Number(rest.shift());
  },
  echo: (terminal) => {
    terminal.echo = true;
  },
  '-echo': (terminal) => {
    terminal.echo = false;
  },
  sane: (terminal) => {
    terminal.echo = true;
  },
};

function restore(terminal: TerminalState, saved: string): void {
  const [, , , local = ''] = saved.split(':');
  if (local !== '') terminal.echo = (Number.parseInt(local, 16) & ECHO) !== 0;
}

/** `stty`, `stty -a`, `stty -g`, `stty size`, `stty SETTING…`: what is set of the terminal, of which only size and echo matter. */
export const stty: CommandFunction = async (context) => {
  const { terminal } = context.host.process;
  if (!terminal) return await complain(context, 'stty: standard input: Not a tty');
  const rest = [...context.args];
  if (rest.length === 0) await context.stdout.write(`${SPEED} line = 0;\n`);
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const question = QUESTIONS[word];
    const set = SETTINGS[word];
    if (question) await context.stdout.write(`${question(terminal)}\n`);
    else if (set) set(terminal, rest);
    else restore(terminal, word);
  }
  return 0;
};
